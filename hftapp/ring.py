"""Single-producer, single-consumer ring in shared memory: how the supervisor and the trader tell each other something.

Layout in 64-bit words: head (written by the producer) at 0, tail (written by the consumer) at 8, records dropped at 16,
each in a cache line of its own; the data from 24 on. A record is `u32 length, u16 kind, u16 0`, `i64 time ns`, payload,
padded to whole words; it never wraps: a length of 0xFFFFFFFF says that the rest up to the end is unused. Head and tail
count bytes and only grow.

No lock is needed: a record is written before the head that covers it, and read before the tail that frees it
(`hftapp.shared` says why plain moves do that). The producer looks at the consumer's cache line only once in a lap, and
when the ring seems full: in between it knows up to where it may write.
"""

from __future__ import annotations

from array import array
from typing import NamedTuple, NoReturn

import cython

from hftapp.shared import SharedMemory

if not cython.compiled:
    from hftapp.octets import Octets
    from hftapp.octets import copy as lay
    from hftapp.shared import acquire, octets_of, release, words_of

    _HEAD, _TAIL, _DROPPED = 0, 8, 16
    _DATA = 24
    _HEADER = 16
_SKIP = 0xFFFF_FFFF


class Record(NamedTuple):
    """One record: kind (see `hftapp.records`), time in ns, payload."""

    kind: int
    time: int
    payload: bytes


@cython.final
@cython.cclass
class Ring:
    """One direction of one pair of processes; created before the fork. Capacity in bytes, a power of two.

    `spare`: bytes that `push` and `push_octets` leave free for a `push_last`.

    Raises ValueError for another capacity, OSError when there is no memory.
    """

    def __init__(self, capacity: int, name: str = "ring") -> None:
        if capacity < 64 or capacity & (capacity - 1):
            raise ValueError(f"ring capacity {capacity}: must be a power of two of at least 64 bytes")
        self.capacity = capacity
        self.shared = SharedMemory(name, 8 * _DATA + capacity)
        self._octets = octets_of(self.shared.octets)
        self._words = words_of(self.shared.words)
        self._limit = capacity // 2
        self._until = 0
        self.spare = 0
        self._kept: memoryview | None = None

    @property
    def dropped(self) -> int:
        """Records that did not fit."""
        self._open()
        return self._words[_DROPPED]

    @property
    def largest(self) -> int:
        """Most bytes of payload that a record can have."""
        return self._limit - _HEADER

    @property
    def used(self) -> int:
        """Bytes that wait for the consumer."""
        self._open()
        return acquire(self._words, _HEAD) - acquire(self._words, _TAIL)

    def waiting(self) -> bool:
        """Whether there is something for the consumer; two loads, so for every turn of a loop."""
        return acquire(self._words, _HEAD) != self._words[_TAIL]

    def push(self, kind: int, time: int, payload: bytes) -> bool:
        """Append a record (producer); False, and counted as dropped, when it does not fit.

        A payload larger than half the ring never fits and raises ValueError.
        """
        return self.push_octets(kind, time, payload, 0, len(payload))

    def push_octets(self, kind: int, time: int, data: Octets, at_data: int, length: int) -> bool:
        """As `push`, of `length` bytes in memory. Allocates nothing."""
        need = (_HEADER + length + 7) & ~7
        head = self._words[_HEAD]
        if head + need > self._until or need > self._limit:
            return self._push_elsewhere(kind, time, data, at_data, length, self.spare)
        at = head & (self.capacity - 1)
        word = _DATA + (at >> 3)
        self._words[word] = length | kind << 32
        self._words[word + 1] = time
        lay(self._octets, 8 * _DATA + _HEADER + at, data, at_data, length)
        release(self._words, _HEAD, head + need)
        return True

    def push_last(self, kind: int, time: int, data: Octets, at_data: int, length: int) -> bool:
        """As `push_octets`, into what `spare` keeps free as well: what belongs to the record before it finds room."""
        if self._words[_HEAD] + ((_HEADER + length + 7) & ~7) <= self._until:
            return self.push_octets(kind, time, data, at_data, length)
        return self._push_elsewhere(kind, time, data, at_data, length, 0)

    def drain(self, limit: int = 1024) -> list[Record]:
        """Take up to `limit` records (consumer)."""
        self._open()
        head = acquire(self._words, _HEAD)
        tail = self._words[_TAIL]
        octets = self.shared.octets
        found: list[Record] = []
        while tail != head and len(found) < limit:
            at = tail & (self.capacity - 1)
            word = _DATA + (at >> 3)
            length = self._words[word] & _SKIP
            if length == _SKIP:
                tail += self.capacity - at
                continue
            start = 8 * word + _HEADER
            found.append(Record(self._words[word] >> 32, self._words[word + 1], bytes(octets[start : start + length])))
            tail += (_HEADER + length + 7) & ~7
        release(self._words, _TAIL, tail)
        return found

    def close(self) -> None:
        """Give the memory back (this process's view of it)."""
        self._limit = 0
        self._kept = memoryview(array("q", bytes(8 * _DATA)))
        self._words = words_of(self._kept)
        self.shared.close()

    def _push_elsewhere(self, kind: int, time: int, data: Octets, at_data: int, length: int, spare: int) -> bool:
        """Append a record after a look at what the consumer has freed; at the beginning where the end is too short.

        `spare` bytes stay free behind it.
        """
        need = (_HEADER + length + 7) & ~7
        if need > self._limit:
            self._refuse(length)
        head = self._words[_HEAD]
        at = head & (self.capacity - 1)
        start = head if at + need <= self.capacity else head - at + self.capacity
        free = acquire(self._words, _TAIL) + self.capacity
        if start + need + spare > free:
            self._words[_DROPPED] += 1
            return False
        if start != head:
            self._words[_DATA + (at >> 3)] = _SKIP
            release(self._words, _HEAD, start)
        self._until = start + need
        self.push_octets(kind, time, data, at_data, length)
        self._until = (start | (self.capacity - 1)) + 1
        if free - self.spare < self._until:
            self._until = free - self.spare
        return True

    def _refuse(self, length: int) -> NoReturn:
        self._open()
        raise ValueError(f"record of {length} bytes in a ring of {self.capacity}: the limit is {self.largest}")

    def _open(self) -> None:
        if self._limit == 0:
            raise ValueError("the ring's memory was released: it is closed")
