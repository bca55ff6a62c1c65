"""The time of every single message: decoding it and applying it to the books, by the time stamp counter."""

from __future__ import annotations

from array import array

import cython

from hftapp.book.books import Books
from hftapp.clock import Clock

if not cython.compiled:
    from hftapp.octets import be16


class EachMessage:
    """Applies a BinaryFILE's messages to books one by one, without a look ahead, as if each came alone."""

    def __init__(self, books: Books, clock: Clock, room: int) -> None:
        if room < 1:
            raise ValueError(f"room for {room} samples: give at least 1")
        self.books = books
        self.ticks = array("q", bytes(8 * room))
        self._clock = clock
        self._room = room

    def run(self, data: bytes, at: int, end: int) -> int:
        """Fill `ticks`, one sample a message; returns how many there are."""
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

    def clock_alone(self, count: int) -> None:
        """Fill the first `count` of `ticks` with what two readings of the clock show with nothing between them."""
        for i in range(min(count, self._room)):
            began = self._clock.ticks()
            self.ticks[i] = self._clock.ticks() - began
