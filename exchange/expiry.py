"""Good-till-time orders of one account: which one ends next. Times are ns since midnight."""

from __future__ import annotations

import heapq
from collections.abc import Callable

_SLACK = 1024


class Expiries:
    """A heap of deadlines by order token. ``is_open`` tells whether an order still lives; orders that ended otherwise
    are forgotten by and by, so that what is kept stays within twice the number of those that live."""

    def __init__(self, is_open: Callable[[int], bool]) -> None:
        self._is_open = is_open
        self._heap: list[tuple[int, int]] = []
        self._limit = _SLACK

    def __len__(self) -> int:
        return len(self._heap)

    def set(self, token: int, at: int) -> None:
        """Let an order end at a time."""
        if len(self._heap) >= self._limit:
            self._heap = [row for row in self._heap if self._is_open(row[1])]
            heapq.heapify(self._heap)
            self._limit = 2 * len(self._heap) + _SLACK
        heapq.heappush(self._heap, (at, token))

    def next_deadline(self) -> int | None:
        """When the next order ends, None when none does."""
        while self._heap:
            at, token = self._heap[0]
            if self._is_open(token):
                return at
            heapq.heappop(self._heap)
        return None

    def take_due(self, now: int) -> int | None:
        """The token of the next order whose time is over, None when there is none."""
        at = self.next_deadline()
        if at is None or at > now:
            return None
        return heapq.heappop(self._heap)[1]
