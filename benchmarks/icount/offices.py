"""What may be at the other end of a trading server's management network: the collector, or something worse.

Each is the office's end of the telemetry connection for as long as it is open. `reached` says how far it has come: a
figure that has grown when more of the guest has arrived.
"""

import contextlib
import random
import socket
import threading
import time
from pathlib import Path
from typing import Final, Protocol

from benchmarks.icount.office_network import ManagementNetwork, Program
from office import files
from protocols.management import CONTROL, JOURNAL, LIVE, Ack, Frame, Frames, Hello
from qemu import plan

_ADDRESS: Final = (str(plan.OFFICE_ADDRESS.ip), plan.OFFICE_PORT)
_GARBAGE_BYTES: Final = 4 << 10
_READ_BYTES: Final = 1 << 16


class Office(Protocol):
    """One end of the connection. Made with the network, and a folder for what it keeps."""

    def reached(self) -> int:
        """Grows with what the guest has got here."""

    def close(self) -> None:
        """End it."""


class Collecting:
    """The collector of the project, which acknowledges what its device has. It can be killed, and come back."""

    def __init__(self, network: ManagementNetwork, folder: Path) -> None:
        self._network = network
        self._folder = folder
        self._collector: Program | None = None
        self.back()

    def kill(self) -> None:
        """SIGKILL, at whatever it does."""
        if self._collector is not None:
            self._collector.kill()
            self._collector = None

    def back(self) -> None:
        """Another collector with the same folder."""
        bind = ":".join(map(str, _ADDRESS))
        command = ["-m", "office.collector", "--bind", bind, "--dir", str(self._folder / "office")]
        self._collector = self._network.start(command, self._folder / "collector.log")

    def reached(self) -> int:
        """Bytes in its files."""
        return sum(segment.path.stat().st_size for segment in files.segments(self._folder))

    def close(self) -> None:
        """SIGTERM, so that its summary is whole."""
        if self._collector is not None:
            self._collector.stop()
            self._collector = None


class _Server:
    """Accepts connections on the office's address, one after the other; `reached` counts them."""

    def __init__(self, network: ManagementNetwork, _folder: Path) -> None:
        self._listener = network.call(_listener)
        self._connections: list[socket.socket] = []
        self._over = False
        self._thread = threading.Thread(target=self._serve, name=type(self).__name__, daemon=True)
        self._thread.start()

    def reached(self) -> int:
        """Connections so far."""
        return len(self._connections)

    def close(self) -> None:
        """End all connections."""
        self._over = True
        for end in (self._listener, *self._connections):
            _shut(end)
        self._thread.join()
        for end in (self._listener, *self._connections):
            end.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):  # closed
            while not self._over:
                connection, _ = self._listener.accept()
                self._connections.append(connection)
                if self._over:
                    return  # it may have come too late to be shut
                with contextlib.suppress(OSError):  # the guest has given it up
                    self._answer(connection)

    def _answer(self, connection: socket.socket) -> None:
        """Whatever is done with a connection; returns when the next may come."""


class Silent(_Server):
    """Accepts, and neither reads nor says a word."""


class Stalled(_Server):
    """Says that it has nothing yet, so that everything is sent to it, and then reads no more of it."""

    def _answer(self, connection: socket.socket) -> None:
        frames = Frames()
        while data := connection.recv(_READ_BYTES):
            for found in frames.feed(data):
                if isinstance(hello := found.message, Hello):
                    acks = (
                        Ack(stream=LIVE, of=hello.session, number=0, check=0),
                        Ack(stream=JOURNAL, of=hello.journal, number=0, check=0),
                    )
                    connection.sendall(b"".join(Frame(CONTROL, 0, time.time_ns(), ack).encode() for ack in acks))
                    return


class Babbling(_Server):
    """Sends bytes without a meaning as fast as they are taken, on every connection."""

    def _answer(self, connection: socket.socket) -> None:
        nonsense = random.Random(1)
        while True:
            connection.sendall(nonsense.randbytes(_GARBAGE_BYTES))


def _shut(end: socket.socket) -> None:
    with contextlib.suppress(OSError):  # the guest has given it up
        end.shutdown(socket.SHUT_RDWR)


def _listener() -> socket.socket:
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _GARBAGE_BYTES)  # soon full
    listener.bind(_ADDRESS)
    listener.listen()
    return listener
