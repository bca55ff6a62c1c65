"""What past events still contribute to an intensity: each a mark that decays exponentially.

All marks decay at one rate, so their sum needs one number, and the event that a child descends from is found by a
binary search over running sums. The sums are kept in units that grow with time and are brought down now and then.
"""

from __future__ import annotations

from math import exp

from exchange.flow.random64 import Random64

# The running sums grow by e per decay time; doubles reach to e**709.
_REBASE = 300.0
# After so many decay times without an event nothing is left that counts.
_FORGOTTEN = 50.0


class Excitation:
    """The latest ``window`` events (a power of two) with their items; ``decay`` is in 1/s, times are in seconds."""

    def __init__(self, decay: float, window: int) -> None:
        if decay <= 0 or window <= 0 or window & (window - 1):
            raise ValueError(f"decay {decay}, window {window}: give a decay above 0 and a power of two")
        self.decay = decay
        self._window = window
        self._sums = [0.0] * window
        self._items = [0] * window
        self._count = 0
        self._last = 0.0
        self._floor = 0.0
        self._epoch = 0.0
        self._latest = 0.0

    def at(self, time: float) -> float:
        """The sum of all marks at a time that is not before the last event."""
        total = self._last - self._floor
        return total * exp(-self.decay * (time - self._epoch)) if total > 0.0 else 0.0

    def add(self, time: float, mark: float, item: int) -> None:
        """An event with its mark."""
        if self.decay * (time - self._latest) > _FORGOTTEN:
            self._count = 0
            self._last = self._floor = 0.0
            self._epoch = time
        elif self.decay * (time - self._epoch) > _REBASE:
            self._rebase(time)
        self._latest = time
        slot = self._count & (self._window - 1)
        if self._count >= self._window:
            self._floor = self._sums[slot]
        self._last += mark * exp(self.decay * (time - self._epoch))
        self._sums[slot] = self._last
        self._items[slot] = item
        self._count += 1

    def draw(self, rng: Random64) -> int:
        """The item of a random event, in proportion to what is left of its mark; at least one event must be there."""
        sought = self._floor + rng.random() * (self._last - self._floor)
        low = max(0, self._count - self._window)
        high = self._count - 1
        while low < high:
            middle = (low + high) >> 1
            if self._sums[middle & (self._window - 1)] > sought:
                high = middle
            else:
                low = middle + 1
        return self._items[low & (self._window - 1)]

    def _rebase(self, time: float) -> None:
        factor = exp(-self.decay * (time - self._epoch))
        floor = self._floor
        self._sums = [max(0.0, (total - floor) * factor) for total in self._sums]
        self._last = (self._last - floor) * factor
        self._floor = 0.0
        self._epoch = time
