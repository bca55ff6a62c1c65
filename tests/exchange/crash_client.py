"""A trading client and a feed receiver that live through crashes of the exchange and forget nothing they were told."""

from __future__ import annotations

import random
import socket
import struct
from collections.abc import Iterator
from contextlib import suppress

_ENTER = struct.Struct(">HcBIcI8sQ5s14sH")
_CANCEL = struct.Struct(">HcBII")
NEXT_TIMEOUT = 20.0


class Trader:
    """One login. ``told`` are the messages of its stream by number, over all connections; the first copy counts."""

    def __init__(self, user: str, password: str, seed: int) -> None:
        self.told: dict[int, bytes] = {}
        self.conflicts: list[int] = []
        self.last_ref = 0
        self.session = ""
        self._login = user, password
        self._rng = random.Random(seed)
        self._next = 1
        self._input = b""
        self._socket: socket.socket | None = None

    def connect(self, address: tuple[str, int], first: int | None = None) -> None:
        """Log in and go on behind the last message received, or from number ``first``."""
        self._next = len(self.told) + 1 if first is None else first
        self._input = b""
        self._socket = socket.create_connection(address, NEXT_TIMEOUT)
        user, password = self._login
        login = f"{user:<6}{password:<10}{self.session:>10}{self._next:>20}".encode()
        self._socket.sendall(struct.pack(">Hc", 47, b"L") + login)
        answer = next(self._packets())
        assert answer[:1] == b"A", answer
        self.session = answer[1:11].decode().strip()
        assert int(answer[11:31]) == self._next

    def close(self) -> None:
        """Hang up."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def order(self, symbol: str, price: int) -> None:
        """Send one request: mostly an order at or through the price, sometimes a cancel of an earlier one."""
        assert self._socket is not None, "not connected"
        rng = self._rng
        if self.last_ref and rng.random() < 0.3:
            packet = _CANCEL.pack(10, b"U", 88, rng.randint(max(1, self.last_ref - 20), self.last_ref), 0)
        else:
            self.last_ref += 1
            side, away = rng.choice((b"B", b"S")), rng.randint(-300, 300)
            flags = rng.choice((b"0", b"3", b"0")) + b"YPNN"
            packet = _ENTER.pack(
                *(48, b"U", 79, self.last_ref, side, 100, symbol.encode().ljust(8)),
                *(price + away * 100, flags, b" " * 14, 0),
            )
        # The exchange may be dead already; what was sent to it then may be lost, as on any broken connection.
        with suppress(OSError):
            self._socket.sendall(packet)

    def read_until(self, number: int) -> None:
        """Read until the message with this number has come."""
        packets = self._packets()
        while self._next <= number:
            self._take(next(packets))

    def read_what_is_there(self) -> None:
        """Read to the end of a connection that is dead."""
        with suppress(OSError, StopIteration):
            packets = self._packets()
            while True:
                self._take(next(packets))

    def query(self) -> int:
        """The next free UserRefNum, after everything that came before the answer."""
        assert self._socket is not None, "not connected"
        self._socket.sendall(struct.pack(">Hcc", 2, b"U", b"Q"))
        for packet in self._packets():
            self._take(packet)
            if packet[:2] == b"SQ":
                return int.from_bytes(packet[10:14], "big")
        raise ConnectionError("the exchange closed the connection instead of answering")

    def _take(self, packet: bytes) -> None:
        if packet[:1] != b"S":
            return
        known = self.told.setdefault(self._next, packet[1:])
        if known != packet[1:]:
            self.conflicts.append(self._next)
        self._next += 1

    def _packets(self) -> Iterator[bytes]:
        assert self._socket is not None, "not connected"
        while True:
            while len(self._input) >= 2:
                end = 2 + int.from_bytes(self._input[:2], "big")
                if len(self._input) < end:
                    break
                packet, self._input = self._input[2:end], self._input[end:]
                yield packet
            data = self._socket.recv(1 << 16)
            if not data:
                return
            self._input += data


class Listener:
    """What one line of the feed carried: messages by number, over all lives of the exchange."""

    def __init__(self, group: str, port: int) -> None:
        self.messages: dict[int, bytes] = {}
        self.conflicts: list[int] = []
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8 << 20)
        self._socket.bind((group, port))
        membership = socket.inet_aton(group) + socket.inet_aton("127.0.0.1")
        self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)

    def read(self) -> None:
        """Take all that has come."""
        with suppress(BlockingIOError):
            while True:
                self.take(self._socket.recv(65_536))

    def take(self, packet: bytes) -> None:
        """Take one packet."""
        number, count = struct.unpack_from(">QH", packet, 10)
        if count == 0xFFFF:
            return
        at = 20
        for offset in range(count):
            size = int.from_bytes(packet[at : at + 2], "big")
            message = packet[at + 2 : at + 2 + size]
            if self.messages.setdefault(number + offset, message) != message:
                self.conflicts.append(number + offset)
            at += 2 + size

    def close(self) -> None:
        """Leave the group."""
        self._socket.close()
