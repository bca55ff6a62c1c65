"""Where everything that the stack sends leaves it: a port, and what all that send to it have in common."""

from __future__ import annotations

from typing import Final

import cython

from hftapp.net.counters import StackCounters
from hftapp.nic.port import ROOM, Port

if not cython.compiled:
    from hftapp.octets import copy

NEVER: Final = (1 << 63) - 1
"""A deadline that does not come."""
BURST: Final = 32
"""Frames queued at most before the doorbell is rung: a port's queue is bounded."""
_BURST = BURST


class Outbox:
    """A port with frames queued for it. `deadline`: no timer is due before it (ns); those who set one bring it forward.

    A frame is built in `port.room()` and queued before anything else is sent. `laid_out`: the number of the path whose
    headers stand there already, 0 for none; `latest`: that of the last order.
    """

    def __init__(self, port: Port) -> None:
        self.counters = StackCounters()
        self.deadline = NEVER
        self.port = port
        self.laid_out = 0
        self.latest = 0
        self._paths = 0
        self._queued = 0

    def number(self) -> int:
        """A number for a path, 1 for the first."""
        self._paths += 1
        return self._paths

    def queue(self, length: int) -> None:
        """Queue the frame of `length` bytes that was built in the port's room."""
        self.laid_out = 0
        if self.port.send(length):
            self.counters.sent += 1
        else:
            self.counters.tx_overflow += 1
        self._queued += 1
        if self._queued >= _BURST:
            self.ring()

    def launched(self, queued: bool) -> None:
        """Somebody has put a frame and everything queued on the wire with `port.launch`, which returned `queued`."""
        self.laid_out = 0
        self._queued = 0
        if queued:
            self.counters.sent += 1
        else:
            self.counters.tx_overflow += 1

    def ring(self) -> None:
        """Put everything queued on the wire; does not touch the port when there is nothing."""
        if self._queued != 0:
            self._queued = 0
            self.laid_out = 0
            self.port.flush()

    def put(self, frame: bytes) -> None:
        """Queue a frame that was built elsewhere; raises ValueError for one that no port can take."""
        if len(frame) > ROOM:
            raise ValueError(f"a frame has at most {ROOM} bytes, not {len(frame)}: lower the MTU")
        copy(self.port.room(), 0, frame, 0, len(frame))
        self.queue(len(frame))
