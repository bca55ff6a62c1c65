"""Writes down what the trader's decisions follow from: which frames came at what time, which timers, which commands.

A turn of the loop is a function of its time, its frames and its commands (and of the configuration and the seed, which
the header has). So a recording played to the same program gives the same orders, byte for byte.
"""

from __future__ import annotations

from array import array

import cython

from hftapp import records
from hftapp.nic.port import Port
from hftapp.ring import Ring

_FIRST, _MORE, _TURN, _END = records.FRAME_FIRST, records.FRAME_MORE, records.TURN, records.END

if not cython.compiled:
    from hftapp.octets import Octets


@cython.final
@cython.cclass
class Recorder:
    """Feeds the recording ring. `lost`: records that did not fit; the recording cannot be replayed beyond the first.

    `counts`: where others see that number (`figures_table.RECORDING`).
    """

    def __init__(self, ring: Ring, port: Port, counts: array[int] | memoryview | None = None) -> None:
        self._ring = ring
        self._port = port
        self._empty = bytes(1)
        self._counts = array("q", bytes(8)) if counts is None else counts
        self.lost = 0

    def frames(self, now: int, count: int) -> None:
        """The `count` frames of the turn at `now`, after they were handled."""
        nothing: Octets = self._empty
        if count == 0:
            self._push(_TURN, now, nothing, 0)
            return
        kind = _FIRST
        for i in range(count):
            self._push(kind, now, self._port.frame(i), self._port.length(i))
            kind = _MORE

    def command(self, now: int, kind: int) -> None:
        """A command of the supervisor that is about to be obeyed."""
        nothing: Octets = self._empty
        self._push(kind, now, nothing, 0)

    def end(self, now: int) -> None:
        """Nothing follows, and nothing is missing; without this record a recording is known to end early."""
        nothing: Octets = self._empty
        self._push(_END, now, nothing, 0)

    def _push(self, kind: int, now: int, data: Octets, length: int) -> None:
        if self.lost > 0 or not self._ring.push_octets(kind, now, data, 0, length):
            self.lost += 1
            self._counts[0] = self.lost
