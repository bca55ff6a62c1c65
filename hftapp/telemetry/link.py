"""A TCP connection that is made again when it is lost, without ever waiting for it."""

import contextlib
import errno
import os
import socket
from collections.abc import Callable
from typing import Final

IN_BYTES: Final = 64 << 10
CONNECT_NS: Final = 2_000_000_000
SILENCE_MS: Final = 5_000
"""Unacknowledged for so long, the connection is given up and made anew (RFC 5482)."""
BACKOFF_NS: Final = (200_000_000, 2_000_000_000)


class Link:
    """Client end. `connected`: the connection stands; `connects`: how often one did. Times `now` are monotonic ns."""

    def __init__(self, address: tuple[str, int], say: Callable[[str], None]) -> None:
        self.connected = False
        self.connects = 0
        self._address = address
        self._say = say
        self._socket: socket.socket | None = None
        self._deadline = 0
        self._backoff = BACKOFF_NS[0]

    @property
    def socket(self) -> "socket.socket | None":
        """The socket, to be polled; None while there is none."""
        return self._socket

    def open(self, now: int) -> bool:
        """Do what can be done to connect; True when the connection has come to stand."""
        if self._socket is None:
            if now < self._deadline:
                return False
            self._start(now)
        return not self.connected and self._finish(now)

    def settled(self) -> None:
        """The other side makes sense: after a loss it is tried again at once."""
        self._backoff = BACKOFF_NS[0]

    def receive(self, now: int) -> bytes:
        """What has come; empty when nothing has, or the connection is lost."""
        if self._socket is None:
            return b""
        try:
            data = self._socket.recv(IN_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            self.lost(now, str(error))
            return b""
        if not data:
            self.lost(now, "closed by the office")
        return data

    def send(self, data: bytes, now: int) -> int:
        """Send what the socket takes; the number of bytes."""
        if self._socket is None:
            return 0
        try:
            return self._socket.send(data)
        except BlockingIOError:
            return 0
        except OSError as error:
            self.lost(now, str(error))
            return 0

    def lost(self, now: int, reason: str, *, long: bool = False) -> None:
        """Give the connection up; the next attempt waits longer each time, `long`: as long as it ever does."""
        if self.connected:
            self._say(f"connection to the office lost: {reason}")
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self.connected = False
        if long:
            self._backoff = BACKOFF_NS[1]
        self._deadline = now + self._backoff
        self._backoff = min(2 * self._backoff, BACKOFF_NS[1])

    def close(self) -> None:
        """Close the connection in good order."""
        if self._socket is not None:
            with contextlib.suppress(OSError):
                self._socket.shutdown(socket.SHUT_WR)
            self._socket.close()
            self._socket = None
            self.connected = False

    def _start(self, now: int) -> None:
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        self._socket.setblocking(False)
        self._deadline = now + CONNECT_NS
        code = self._socket.connect_ex(self._address)
        if code not in (0, errno.EINPROGRESS):
            self.lost(now, os.strerror(code))

    def _finish(self, now: int) -> bool:
        """Whether the connection stands now; the peer name is known only once it does."""
        if self._socket is None:
            return False
        code = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self.lost(now, os.strerror(code))
            return False
        try:
            self._socket.getpeername()
        except OSError:
            if now > self._deadline:
                self.lost(now, "no answer")
            return False
        self.connected = True
        self.connects += 1
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, SILENCE_MS)
        self._say(f"connected to the office at {self._address[0]}:{self._address[1]}")
        return True
