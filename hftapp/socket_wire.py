"""The same wire over ordinary kernel sockets: no privileges needed, and no claim to speed."""

from __future__ import annotations

import contextlib
import errno
import os
import select
import socket
import struct
from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Final

from hftapp.channel import Channel
from hftapp.clock import Clock
from hftapp.nic.port import BURST
from hftapp.octets import Octets, Room
from hftapp.wire import Endpoint, Wire

DATAGRAM: Final = 65_536
STAGING: Final = 4096
"""Bytes of the longest message that `reserve` makes room for."""
RECEIVE_BUFFER: Final = 4 << 20
WAIT_MS: Final = 1
SPINS: Final = 16
"""With `wait`, so many empty turns come before a wait: in each the loop shows the supervisor one book."""
_DATAGRAM = DATAGRAM


def order_socket() -> socket.socket:
    """A TCP socket for an order session: non-blocking, and no segment waits for the answer to the one before."""
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class SocketChannel(Channel):
    """A kernel TCP connection, non-blocking. `established` becomes true in the wire's `rx`."""

    def __init__(self, host: IPv4Address, port: int) -> None:
        super().__init__()
        self._socket = order_socket()
        self._waiting = b""
        self._staging = bytearray(STAGING)
        self.out: Room = self._staging
        self._store = bytearray(DATAGRAM)
        self._view = memoryview(self._store)
        self.data: Octets = self._store
        self._end = 0
        code = self._socket.connect_ex((str(host), port))
        if code not in (0, errno.EINPROGRESS):
            self._fail(os.strerror(code))

    def fileno(self) -> int:
        """Descriptor to wait on; -1 once closed."""
        return self._socket.fileno()

    def poll(self) -> None:
        """Find out whether the connection stands by now."""
        if not self.established and self.closed is None:
            code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if code:
                self._fail(os.strerror(code))
            else:
                with contextlib.suppress(OSError):
                    self._socket.getpeername()
                    self.established = True

    def reserve(self, length: int, _now: int) -> bool:
        """Make room for one message; False when the connection is over. Raises ValueError for a length not 1..4096."""
        if not 0 < length <= STAGING:
            raise ValueError(f"cannot reserve {length} bytes: a message has 1 to {STAGING}")
        return self.closed is None

    def launch(self, length: int, now: int) -> int:
        """Send it; raises ConnectionError when the connection is over."""
        self.send(bytes(self._staging[:length]), now)
        return 0

    def send(self, data: bytes, _now: int) -> None:
        """Send what the kernel takes, keep the rest; raises ConnectionError when the connection is over."""
        if self.closed is not None:
            raise ConnectionError(self.closed)
        self._waiting += data
        self.push()

    def push(self) -> None:
        """Send what is kept."""
        if not self._waiting or self.closed is not None:
            return
        try:
            self._waiting = self._waiting[self._socket.send(self._waiting) :]
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(str(error))

    def receive(self, _now: int) -> int:
        """Take what has arrived, as far as it fits; returns how many bytes can be read."""
        if self.closed is None and self.established:
            self.push()
            self._fetch()
        return self._end - self.start

    def consume(self, count: int) -> None:
        """Forget bytes that were read; raises ValueError when there are fewer."""
        if not 0 <= count <= self._end - self.start:
            raise ValueError(f"cannot consume {count} bytes: {self._end - self.start} can be read")
        self.start += count
        if self.start == self._end:
            self.start = self._end = 0

    def read(self, now: int) -> bytes:
        """Return all bytes that can be read, and forget them."""
        count = self.receive(now)
        data = bytes(self._store[self.start : self.start + count])
        self.consume(count)
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

    def _fetch(self) -> None:
        if self.start > 0 and self._end > DATAGRAM // 2:
            rest = bytes(self._store[self.start : self._end])
            self._view[: len(rest)] = rest
            self.start, self._end = 0, len(rest)
        if self._end == DATAGRAM:
            return
        try:
            count = self._socket.recv_into(self._view[self._end :])
        except BlockingIOError:
            return
        except OSError as error:
            self._fail(str(error))
            return
        if count == 0:
            self._fail("closed by the peer")
        self._end += count

    def _fail(self, reason: str) -> None:
        if self.closed is None:
            self.closed = reason
        self.established = False
        self._socket.close()


class SocketWire(Wire):
    """Kernel sockets on the interface that has `address`. `wait`: sleep up to 1 ms when nothing arrives.

    `count` is 1 in turns in which the order sessions are to be looked at, which nobody knows before, and 0 in between
    when there is no market data either: then the loop has time for the supervisor.
    """

    def __init__(self, address: IPv4Address, lines: Sequence[Endpoint], clock: Clock, *, wait: bool = False) -> None:
        super().__init__()
        self._clock = clock
        self._sockets = [_member(group, port, address) for group, port in lines]
        self._poller = select.poll() if wait else None
        self._channels: list[SocketChannel] = []
        self._watched: set[int] = set()
        self._packets = self._bytes = 0
        self._store = bytearray(BURST * DATAGRAM)
        self._view = memoryview(self._store)
        self._base: Octets = self._store
        self._next_line = 0
        self._spins = SPINS if wait else 1
        self._empty = self._spins
        if self._poller is not None:
            for line in self._sockets:
                self._poller.register(line, select.POLLIN)

    def rx(self, _now: int) -> int:
        """Up to 32 datagrams; the line that is asked first changes, so that none waits for another for ever."""
        for channel in self._channels:
            channel.poll()
        found = 0
        lines = len(self._sockets)
        for step in range(lines):
            number = (self._next_line + step) % lines
            while found < 32:
                at = found * _DATAGRAM
                try:
                    size = self._sockets[number].recv_into(self._view[at : at + DATAGRAM])
                except BlockingIOError:
                    break
                self.lines[found] = number
                self.frames[found] = self._base
                self.starts[found] = at
                self.sizes[found] = size
                self._bytes += size
                found += 1
        if found == 0:
            self._nothing()
            return 0
        self.count = 1
        self._empty = 0
        self._next_line = (self._next_line + 1) % lines
        self._packets += found
        self.ticks = self._clock.ticks()
        return found

    def connect(self, host: IPv4Address, port: int, _now: int) -> Channel:
        """Start a kernel TCP connection."""
        channel = SocketChannel(host, port)
        self._channels = [known for known in self._channels if known.closed is None] + [channel]
        return channel

    def tx(self, _now: int) -> None:
        """Push what the kernel did not take before."""
        for channel in self._channels:
            channel.push()

    def stats(self) -> dict[str, int]:
        """Datagrams and bytes received."""
        return {"rx_frames": self._packets, "rx_bytes": self._bytes}

    def close(self, now: int) -> None:
        """Close every socket."""
        for channel in self._channels:
            channel.close(now)
        for line in self._sockets:
            line.close()

    def _nothing(self) -> None:
        """No market data: a turn without anything, or one for the order sessions, after a wait."""
        if self._empty < self._spins:
            self._empty += 1
            self.count = 0
            return
        self._empty = 0
        self.count = 1
        if self._poller is not None:
            self._wait(self._poller)

    def _wait(self, poller: select.poll) -> None:
        descriptors = {channel.fileno() for channel in self._channels} - {-1}
        for fd in self._watched - descriptors:
            with contextlib.suppress(KeyError, OSError):
                poller.unregister(fd)
        for fd in descriptors - self._watched:
            poller.register(fd, select.POLLIN)
        self._watched = descriptors
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
