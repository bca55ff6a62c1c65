"""Memory with an end: sums over the last so many ns, and tables that forget who was silent longest."""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable, Hashable
from typing import Final, Generic, TypeVar

MAX_KEYS: Final = 65_536
MAX_ENTRIES: Final = 20_000

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Window:
    """The sum of values over the last ``length`` ns. At most ``MAX_ENTRIES`` entries: beyond that the oldest go early,
    so that a sum is never too high."""

    __slots__ = ("_entries", "_length", "total")

    def __init__(self, length: int) -> None:
        self.total = 0
        self._length = length
        self._entries: deque[tuple[int, int]] = deque()

    def add(self, t: int, value: int = 1) -> int:
        """Add a value at a time; gives the sum."""
        self._entries.append((t, value))
        self.total += value
        if len(self._entries) > MAX_ENTRIES:
            self.total -= self._entries.popleft()[1]
        return self.sum(t)

    def sum(self, t: int) -> int:
        """The sum at a time."""
        while self._entries and self._entries[0][0] <= t - self._length:
            self.total -= self._entries.popleft()[1]
        return self.total


class Recent(Generic[K, V]):
    """Values by key, made when first asked for; at most ``limit``, the one that was not asked for longest goes."""

    def __init__(self, make: Callable[[], V], limit: int = MAX_KEYS) -> None:
        self.forgotten = 0
        self._make = make
        self._limit = limit
        self._values: OrderedDict[K, V] = OrderedDict()

    def __getitem__(self, key: K) -> V:
        value = self._values.get(key)
        if value is None:
            if len(self._values) >= self._limit:
                self._values.popitem(last=False)
                self.forgotten += 1
            value = self._values[key] = self._make()
        else:
            self._values.move_to_end(key)
        return value

    def get(self, key: K) -> V | None:
        """The value of a key, None when there is none."""
        return self._values.get(key)

    def __len__(self) -> int:
        return len(self._values)
