"""Deadlines by key, the earliest first; moving or dropping one costs no search."""

from __future__ import annotations

import heapq
from collections.abc import Iterator


class Deadlines:
    """At most one deadline (ns since midnight) a key. Keys that are due together come in the order they were set."""

    def __init__(self) -> None:
        self._current: dict[str, tuple[int, int]] = {}
        self._heap: list[tuple[int, int, str]] = []
        self._count = 0

    def __contains__(self, key: str) -> bool:
        return key in self._current

    def set(self, key: str, at: int) -> None:
        """Give a key its deadline in place of any it has."""
        self._count += 1
        self._current[key] = at, self._count
        heapq.heappush(self._heap, (at, self._count, key))

    def drop(self, key: str) -> None:
        """Forget a key's deadline, if it has one."""
        self._current.pop(key, None)

    def next(self) -> int | None:
        """The earliest deadline, None when there is none."""
        while self._heap:
            at, number, key = self._heap[0]
            if self._current.get(key) == (at, number):
                return at
            heapq.heappop(self._heap)
        return None

    def due(self, now: int) -> Iterator[tuple[str, int]]:
        """Take what is due at ``now``, as (key, deadline); what is set meanwhile and is due as well comes too."""
        while (at := self.next()) is not None and at <= now:
            key = heapq.heappop(self._heap)[2]
            del self._current[key]
            yield key, at
