"""One ping on a connected datagram socket: sent, waited for, timed; compiled, so that the measuring takes no time."""

from __future__ import annotations

import cython

if not cython.compiled:
    import select
    import socket
    import time

    def _send(descriptor: int, frame: bytes) -> bool:
        with socket.socket(fileno=socket.dup(descriptor)) as own:
            return own.send(frame) == len(frame)

    def _wait(descriptor: int, milliseconds: int) -> bool:
        return bool(select.select((descriptor,), (), (), milliseconds / 1000)[0])

    def _receive(descriptor: int, room: bytearray) -> int:
        with socket.socket(fileno=socket.dup(descriptor)) as own:
            return own.recv_into(room)

    def _now() -> int:
        return time.monotonic_ns()

    def _same(room: bytearray, frame: bytes) -> bool:
        return room[12:_COMPARED] == frame[12:_COMPARED]


_COMPARED = 22
_ROOM = 2048


class PingSocket:
    """Pings over a connected datagram socket, by its descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._room = bytearray(_ROOM)

    def ping(self, frame: bytes, milliseconds: int) -> int:
        """ns until a frame with the same EtherType and number came back (bytes 12 to 21), -1 when none does in time.

        Raises ConnectionError when the frame cannot be sent.
        """
        began = _now()
        if not _send(self._descriptor, frame):
            raise ConnectionError("the socket does not take the frame")
        left = milliseconds
        while left > 0 and _wait(self._descriptor, left):
            length = _receive(self._descriptor, self._room)
            now = _now()
            if length >= _COMPARED and _same(self._room, frame):
                return now - began
            left = milliseconds - (now - began) // 1_000_000
        return -1
