"""A bounded queue of frames in memory that is allocated once."""

from __future__ import annotations

from array import array
from typing import Final

import cython

from hftapp.octets import Octets, Room

if not cython.compiled:
    from hftapp.nic.area import base, part
    from hftapp.octets import copy

SLOT: Final = 2048
"""Bytes of the longest frame."""


class FrameRing:
    """Up to `capacity` frames, oldest first; `waiting` are in it. Frames can be read until they are released."""

    def __init__(self, capacity: int) -> None:
        if capacity < 1:
            raise ValueError(f"a ring holds at least 1 frame, not {capacity}")
        self.capacity = capacity
        self.waiting = 0
        slots = 1 << capacity.bit_length()  # always one more than the capacity: the room for the next frame
        self._store = bytearray(slots * SLOT)
        self._slots = base(self._store)
        self._lengths = array("i", bytes(4 * slots))
        self._first = 0
        self._mask = slots - 1

    def append(self, frame: Octets, length: int) -> bool:
        """Copy a frame to the end; False when the ring is full or the frame longer than `SLOT`."""
        if length > 2048 or self.waiting == self.capacity:
            return False
        copy(self.room(), 0, frame, 0, length)
        return self.commit(length)

    def room(self) -> Room:
        """Return the memory in which the next frame is built; the same until it is committed."""
        return part(self._slots, ((self._first + self.waiting) & self._mask) << 11, 2048)

    def commit(self, length: int) -> bool:
        """Append the frame that was built in `room`; False when the ring is full or the frame longer than `SLOT`."""
        if length > 2048 or self.waiting == self.capacity:
            return False
        self._lengths[(self._first + self.waiting) & self._mask] = length
        self.waiting += 1
        return True

    def frame(self, i: int) -> Room:
        """Return frame `i` of those that wait, 0 the oldest; in place."""
        slot = (self._first + i) & self._mask
        return part(self._slots, slot << 11, self._lengths[slot])

    def length(self, i: int) -> int:
        """Return the number of bytes of frame `i`."""
        return self._lengths[(self._first + i) & self._mask]

    def release(self, count: int) -> None:
        """Forget the `count` oldest frames."""
        self._first = (self._first + count) & self._mask
        self.waiting -= count
