"""The time of every single message: decoding it and applying it to the books, by the time stamp counter."""

from __future__ import annotations

from array import array

import cython

from hftapp.book.books import FAR, NEAR, Books
from hftapp.clock import Clock

if not cython.compiled:
    from hftapp.octets import be16

_NEAR, _FAR = NEAR, FAR


class EachMessage:
    """Applies a BinaryFILE's messages to books one by one: each as if it came alone, or as parts of a stream."""

    def __init__(self, books: Books, clock: Clock, room: int) -> None:
        if room < 1:
            raise ValueError(f"room for {room} samples: give at least 1")
        self.books = books
        self.ticks = array("q", bytes(8 * room))
        self._clock = clock
        self._room = room

    def run(self, data: bytes, at: int, end: int) -> int:
        """Fill `ticks`, one sample a message, without a look ahead; returns how many there are."""
        count = 0
        while at + 2 <= end and count < self._room:
            length = be16(data, at)
            at += 2
            if length == 0 or at + length > end:
                break
            began = self._clock.ticks()
            self.books.apply(data, at, length)
            self.ticks[count] = self._clock.ticks() - began
            count += 1
            at += length
        return count

    def run_stream(self, data: bytes, at: int, end: int) -> int:
        """The same in the loop of `Books.apply_all`: what is done ahead for later messages counts with each."""
        count = 0
        far = near = at
        for _ in range(_FAR):
            far = self.books.look_ahead(data, far, end, False)
        for _ in range(_NEAR):
            near = self.books.look_ahead(data, near, end, True)
        began = self._clock.ticks()
        while at + 2 <= end and count < self._room:
            length = be16(data, at)
            if length == 0 or at + 2 + length > end:
                break
            far = self.books.look_ahead(data, far, end, False)
            near = self.books.look_ahead(data, near, end, True)
            self.books.apply(data, at + 2, length)
            at += 2 + length
            now = self._clock.ticks()
            self.ticks[count] = now - began
            began = now
            count += 1
        return count

    def clock_alone(self, count: int) -> None:
        """Fill the first `count` of `ticks` with what two readings of the clock show with nothing between them."""
        for i in range(min(count, self._room)):
            began = self._clock.ticks()
            self.ticks[i] = self._clock.ticks() - began
