"""The same wire over ordinary kernel sockets: no privileges needed, and no claim to speed."""

import contextlib
import errno
import os
import select
import socket
import struct
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address

from hftapp.wire import NOTHING, Channel, Datagrams, Endpoint

BURST = 32
DATAGRAM = 65_536
RECEIVE_BUFFER = 4 << 20
WAIT_MS = 1


class SocketChannel:
    """A kernel TCP connection, non-blocking."""

    def __init__(self, host: IPv4Address, port: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._out = b""
        self._established = False
        self.closed: str | None = None
        code = self._socket.connect_ex((str(host), port))
        if code not in (0, errno.EINPROGRESS):
            self._fail(os.strerror(code))

    def fileno(self) -> int:
        """Descriptor to wait on; -1 once closed."""
        return self._socket.fileno()

    @property
    def established(self) -> bool:
        """Whether the connection stands."""
        if not self._established and self.closed is None:
            code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                self._fail(os.strerror(code))
            else:
                with contextlib.suppress(OSError):
                    self._socket.getpeername()
                    self._established = True
        return self._established

    def send(self, data: bytes, _now: int) -> None:
        """Send what the kernel takes, keep the rest; raises ConnectionError when the connection is over."""
        if self.closed is not None:
            raise ConnectionError(self.closed)
        self._out += data
        self.push()

    def push(self) -> None:
        """Send what is kept."""
        if not self._out or self.closed is not None:
            return
        try:
            self._out = self._out[self._socket.send(self._out) :]
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(str(error))

    def receive(self, _now: int) -> bytes:
        """Bytes that have arrived."""
        if self.closed is not None or not self._established:
            return b""
        self.push()
        try:
            data = self._socket.recv(DATAGRAM)
        except BlockingIOError:
            return b""
        except OSError as error:
            self._fail(str(error))
            return b""
        if not data:
            self._fail("closed by the peer")
        return data

    def close(self, _now: int) -> None:
        """Send what is kept, then close both directions."""
        self.push()
        self._fail("closed here")

    def abort(self) -> None:
        """Close with a RST (SO_LINGER with no time)."""
        if self.closed is None:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("=ii", 1, 0))
        self._fail("aborted")

    def _fail(self, reason: str) -> None:
        if self.closed is None:
            self.closed = reason
        self._established = False
        self._socket.close()


class SocketWire:
    """Kernel sockets on the interface that has `address`. `wait`: sleep up to 1 ms when nothing arrives."""

    def __init__(
        self, address: IPv4Address, lines: Sequence[Endpoint], clock: Callable[[], int], *, wait: bool = False
    ) -> None:
        self._clock = clock
        self._lines = [_member(group, port, address) for group, port in lines]
        self._poller = select.poll() if wait else None
        self._channel: SocketChannel | None = None
        self._watched = -1
        self._packets = self._bytes = 0
        self.stamp = 0
        if self._poller is not None:
            for line in self._lines:
                self._poller.register(line, select.POLLIN)

    def rx(self, _now: int) -> Datagrams:
        """Up to 32 datagrams of each line."""
        found: list[tuple[int, bytes]] = []
        for number, line in enumerate(self._lines):
            for _ in range(BURST):
                try:
                    data = line.recv(DATAGRAM)
                except BlockingIOError:
                    break
                found.append((number, data))
                self._bytes += len(data)
        if found:
            self._packets += len(found)
            self.stamp = self._clock()
            return found
        if self._poller is not None:
            self._wait(self._poller)
        return NOTHING

    def connect(self, host: IPv4Address, port: int, _now: int) -> Channel:
        """Start a kernel TCP connection."""
        self._channel = SocketChannel(host, port)
        return self._channel

    def tx(self, _now: int) -> None:
        """Push what the kernel did not take before."""
        if self._channel is not None:
            self._channel.push()

    def stats(self) -> dict[str, int]:
        """Datagrams and bytes received."""
        return {"rx_frames": self._packets, "rx_bytes": self._bytes}

    def close(self, now: int) -> None:
        """Close every socket."""
        if self._channel is not None:
            self._channel.close(now)
        for line in self._lines:
            line.close()

    def _wait(self, poller: select.poll) -> None:
        fd = self._channel.fileno() if self._channel is not None else -1
        if fd != self._watched:
            if self._watched >= 0:
                with contextlib.suppress(KeyError, OSError):
                    poller.unregister(self._watched)
            if fd >= 0:
                poller.register(fd, select.POLLIN)
            self._watched = fd
        poller.poll(WAIT_MS)


def _member(group: IPv4Address, port: int, address: IPv4Address) -> socket.socket:
    """A socket that receives one group on the interface with `address`."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    sock.setblocking(False)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
    sock.bind((str(group), port))
    membership = struct.pack("=4s4s", group.packed, address.packed)
    sock.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    return sock
