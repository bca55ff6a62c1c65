"""Puts received TCP data in order, in one flat buffer: what comes too early is put where it belongs at once.

So nothing is kept twice and nothing is allocated: a hole is a pair of numbers.
"""

from __future__ import annotations

from array import array
from typing import Final

import cython

from hftapp.octets import Octets, Room

if not cython.compiled:
    from hftapp.net.checksum import bytes_at
    from hftapp.net.sequence import seq_add, seq_diff
    from hftapp.octets import copy, put32

MAX_WAITING: Final = 256
"""Runs of data kept beyond holes: one-byte segments must not make every insertion slow."""


@cython.final
@cython.cclass
class Reassembly:
    """A buffer for `capacity` bytes. In order and unread are those from `start` to `end`; `next` follows them.

    `next` is RCV.NXT without SYN and FIN; `waiting`: runs of data beyond it, sorted and with holes between them.
    """

    def __init__(self, sequence: int, capacity: int) -> None:
        self.next = sequence
        self.start = self.end = 0
        self.capacity = capacity
        self.waiting = 0
        self._store = bytearray(2 * capacity)  # what is moved to the front never overlaps its old place
        self.room: Room = self._store
        self._first = array("q", bytes(8 * (MAX_WAITING + 1)))
        self._last = array("q", bytes(8 * (MAX_WAITING + 1)))
        self._latest = sequence

    def restart(self, sequence: int) -> None:
        """Expect the stream to begin at `sequence`; forget everything."""
        self.next = self._latest = sequence
        self.start = self.end = 0
        self.waiting = 0

    def window(self) -> int:
        """How many bytes from `next` fit."""
        return self.capacity - (self.end - self.start)

    def add(self, sequence: int, data: Octets, at: int, length: int) -> bool:
        """Take `length` bytes at `sequence` as far as they are new and fit; say whether they were the next in order."""
        offset = seq_diff(sequence, self.next)
        if offset < 0:
            at -= offset
            length += offset
            offset = 0
        if length > self.window() - offset:
            length = self.window() - offset
        if length > 0:
            if self.end + offset + length > 2 * self.capacity:
                self._move()
            copy(self.room, self.end + offset, data, at, length)
        if offset == 0:
            if length > 0:
                self._advance(length)
            return True
        if length > 0:
            self._latest = seq_add(sequence, 0)
            self._insert(self._latest, seq_add(sequence, length))
        return False

    def consume(self, count: int) -> None:
        """Forget the first `count` unread bytes."""
        self.start += count
        if self.start == self.end and self.waiting == 0:
            self.start = self.end = 0

    def take(self) -> bytes:
        """Return all bytes in order so far and forget them; not for the path."""
        data = bytes_at(self.room, self.start, self.end - self.start)
        self.consume(self.end - self.start)
        return data

    def write_blocks(self, room: Room, at: int, limit: int) -> int:
        """Write up to `limit` runs of waiting data as (first, past the last) sequence numbers; return how many.

        The run with the latest segment comes first (RFC 2018 §4), then those nearest to the hole.
        """
        count = 0
        newest = -1
        for i in range(self.waiting):
            if seq_diff(self._first[i], self._latest) <= 0 and seq_diff(self._last[i], self._latest) > 0:
                newest = i
        if newest >= 0 and limit > 0:
            put32(room, at, self._first[newest])
            put32(room, at + 4, self._last[newest])
            count = 1
        for i in range(self.waiting):
            if i != newest and count < limit:
                put32(room, at + 8 * count, self._first[i])
                put32(room, at + 8 * count + 4, self._last[i])
                count += 1
        return count

    def _move(self) -> None:
        """Move what is kept to the front of the buffer."""
        length = self.end - self.start
        if self.waiting > 0:
            length += seq_diff(self._last[self.waiting - 1], self.next)
        copy(self.room, 0, self.room, self.start, length)
        self.end -= self.start
        self.start = 0

    def _advance(self, length: int) -> None:
        """Count in-order data that was put down, and whatever waited right behind it."""
        self.end += length
        self.next = seq_add(self.next, length)
        while self.waiting > 0 and seq_diff(self._first[0], self.next) <= 0:
            length = seq_diff(self._last[0], self.next)
            if length > 0:
                self.end += length
                self.next = seq_add(self.next, length)
            self._remove(0, 1)

    def _insert(self, first: int, last: int) -> None:
        """Note a run, joined with those that it touches; of too many, those nearest to the hole stay."""
        index = 0
        while index < self.waiting and seq_diff(self._last[index], first) < 0:
            index += 1
        beyond = index
        while beyond < self.waiting and seq_diff(self._first[beyond], last) <= 0:
            if seq_diff(self._first[beyond], first) < 0:
                first = self._first[beyond]
            if seq_diff(self._last[beyond], last) > 0:
                last = self._last[beyond]
            beyond += 1
        if beyond > index:
            self._remove(index + 1, beyond - index - 1)
        else:
            if self.waiting == 256:
                if index == self.waiting:
                    return
                self.waiting -= 1
            for i in range(self.waiting, index, -1):
                self._first[i] = self._first[i - 1]
                self._last[i] = self._last[i - 1]
            self.waiting += 1
        self._first[index] = first
        self._last[index] = last

    def _remove(self, index: int, count: int) -> None:
        for i in range(index, self.waiting - count):
            self._first[i] = self._first[i + count]
            self._last[i] = self._last[i + count]
        self.waiting -= count
