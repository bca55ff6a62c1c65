"""A guest without a machine: the Python peer's parts and a small TCP, at the other end of the harness's link."""

import socket
import threading
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

from benchmarks.icount.peers.python_arbiter import Arbiter
from benchmarks.icount.peers.python_book import Books
from benchmarks.icount.peers.python_orders import Orders
from lab.lockstep import frames, job
from lab.lockstep.frames import ACK, FIN, PSH, SYN, Segment
from protocols import soup

_PORT = 40_000


def job_module() -> ModuleType:
    """The job as the peer imports it."""
    module = ModuleType("job")
    exec(job.python_module(), vars(module))
    return module


class Peer:
    """Connects, logs in and does the job until the session is `over`; `spoil` bends its orders. `send` takes what it
    sends, frame by frame."""

    def __init__(self, send: Callable[[bytes], object], spoil: bool = False) -> None:
        self.books, self.orders = Books(), Orders(job_module())
        self.arbiter = Arbiter(self.books.apply)
        self.over = False
        self._send = send
        self._spoil = spoil
        self._me = frames.Host.parse(job.GUEST_MAC, str(job.JOB["GUEST_ADDRESS"]))
        self._exchange = frames.Host.parse(job.EXCHANGE_MAC, str(job.JOB["EXCHANGE_ADDRESS"]))
        self._framer = soup.Framer()
        self._next, self._seen = 1, 0

    def connect(self) -> None:
        """Begin."""
        self._put(b"", SYN)

    def on_frame(self, frame: bytes) -> None:
        """Take a frame of the exchange's."""
        segment = frames.parse(frame)
        if isinstance(segment, Segment):
            self._on_segment(segment)
        elif frame[23] == frames.UDP:
            self.arbiter.on_packet(frame[42 : 14 + int.from_bytes(frame[16:18], "big")])
            self._act()

    def _on_segment(self, segment: Segment) -> None:
        if segment.flags & SYN:
            self._seen = segment.sequence + 1
            self._put(soup.LoginRequest("HFT1", "secret1").encode())
            return
        self._seen = segment.sequence + len(segment.payload)
        for packet in self._framer.feed(segment.payload):
            if isinstance(packet, soup.SequencedData):
                self.orders.answer(packet.payload)
            self.over = self.over or isinstance(packet, soup.EndOfSession)
        if segment.payload:
            self._put(b"", FIN | ACK if self.over else ACK)

    def _act(self) -> None:
        for locate in self.books.touched:
            book = self.books.books[locate]
            wanted = self.orders.decide(locate, book)
            if wanted and self.orders.passes(locate, book, *wanted, 0):
                packet = bytearray(self.orders.encode(locate, book, *wanted))
                packet[-1] ^= self._spoil
                self._put(bytes(packet))
        self.books.touched.clear()

    def _put(self, payload: bytes, flags: int = PSH | ACK) -> None:
        segment = Segment(_PORT, int(job.JOB["ORDER_PORT"]), self._next - (flags == SYN), self._seen, flags, payload)
        self._send(frames.tcp(self._me, self._exchange, segment))
        self._next += len(payload)


class LockstepGuest(threading.Thread):
    """A peer on a socket, as QEMU's, in a thread of its own."""

    def __init__(self, local: Path, remote: Path, spoil: bool = False) -> None:
        super().__init__(daemon=True)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(local))
        self._socket.settimeout(10)
        self._peer = Peer(lambda frame: self._socket.sendto(frame, str(remote)), spoil)
        self.books, self.orders, self.arbiter = self._peer.books, self._peer.orders, self._peer.arbiter

    def run(self) -> None:
        """See the class."""
        with self._socket:
            self._peer.connect()
            while not self._peer.over:
                try:
                    frame = self._socket.recv(2048)
                except TimeoutError:
                    return  # the exchange has given up, as after a wrong order
                self._peer.on_frame(frame)
