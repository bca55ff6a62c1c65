"""Single-producer, single-consumer ring in shared anonymous memory: the only thing PID 1 and the trader share.

Layout: three u64 words a cache line apart (head, written by the producer; tail, written by the consumer; records
dropped), then the data. A record is `u32 length, u16 kind, u16 0, u64 time ns, payload`, padded to 8 bytes; it never
wraps: a length of 0xFFFFFFFF says that the rest up to the end is unused. Head and tail count bytes and only grow.
Each word is stored with one aligned 8-byte move, and x86 keeps stores in order, so no lock is needed.
"""

import mmap
import struct
from typing import NamedTuple

HEAD, TAIL, DROPPED = 0, 8, 16  # in words of 8 bytes
DATA = 192
HEADER = struct.Struct("=IHHQ")
SKIP = 0xFFFFFFFF


class Record(NamedTuple):
    """One record: kind (see `hftapp.records`), time in ns, payload."""

    kind: int
    time: int
    payload: bytes


class Ring:
    """One direction of one pair of processes; created before the fork. Capacity in bytes, a power of two."""

    def __init__(self, capacity: int) -> None:
        if capacity < 64 or capacity & (capacity - 1):
            raise ValueError(f"ring capacity {capacity}: must be a power of two of at least 64 bytes")
        self.capacity = capacity
        self._memory = mmap.mmap(-1, DATA + capacity)
        self._words = memoryview(self._memory).cast("Q")
        self._limit = capacity // 2

    @property
    def dropped(self) -> int:
        """Records that did not fit."""
        return self._words[DROPPED]

    @property
    def largest(self) -> int:
        """Most bytes of payload that a record can have."""
        return self._limit - HEADER.size

    @property
    def used(self) -> int:
        """Bytes that wait for the consumer."""
        return self._words[HEAD] - self._words[TAIL]

    def push(self, kind: int, time: int, payload: bytes) -> bool:
        """Append a record (producer); False, and counted as dropped, when it does not fit.

        A payload larger than half the ring never fits and raises ValueError.
        """
        length = len(payload)
        need = (HEADER.size + length + 7) & ~7
        if need > self._limit:
            raise ValueError(f"record of {length} bytes in a ring of {self.capacity}: the limit is {self.largest}")
        words = self._words
        head = words[HEAD]
        at = head & (self.capacity - 1)
        rest = self.capacity - at
        skip = rest if rest < need else 0
        if head + skip + need - words[TAIL] > self.capacity:
            words[DROPPED] += 1
            return False
        memory = self._memory
        if skip:
            memory[DATA + at : DATA + at + 4] = b"\xff\xff\xff\xff"
            at = 0
        start = DATA + at
        HEADER.pack_into(memory, start, length, kind, 0, time)
        memory[start + HEADER.size : start + HEADER.size + length] = payload
        words[HEAD] = head + skip + need
        return True

    def drain(self, limit: int = 1024) -> list[Record]:
        """Take up to `limit` records (consumer)."""
        words = self._words
        head, tail = words[HEAD], words[TAIL]
        found: list[Record] = []
        while tail != head and len(found) < limit:
            at = tail & (self.capacity - 1)
            (length,) = struct.unpack_from("=I", self._memory, DATA + at)
            if length == SKIP:
                tail += self.capacity - at
                continue
            _, kind, _, time = HEADER.unpack_from(self._memory, DATA + at)
            start = DATA + at + HEADER.size
            found.append(Record(kind, time, self._memory[start : start + length]))
            tail += (HEADER.size + length + 7) & ~7
        words[TAIL] = tail
        return found

    def close(self) -> None:
        """Give the memory back (this process's view of it)."""
        self._words.release()
        self._memory.close()
