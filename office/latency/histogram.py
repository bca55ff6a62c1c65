"""An HDR histogram over NumPy counts: records, merges, subtracts, corrects for coordinated omission, gives percentiles.

Source of the semantics: HdrHistogram (Gil Tene), the Java class `Histogram`. What differs: the smallest and the
greatest value are kept exactly, and no percentile is above the greatest.
"""

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final, Self

import numpy as np

from office.latency.buckets import Buckets, Int64s, buckets

DAY_NS: Final = 86_400_000_000_000
UNSET: Final = -1
"""`least` and `greatest` while nothing is recorded."""
_AT_ONCE: Final = 1 << 14  # values whose numbers are worked out together: so they stay in the cache


class Histogram:
    """Counts of non-negative integers by `layout`. `least` and `greatest`: the extremes, -1 while it is empty.

    The default layout takes nanoseconds up to a day with 3 digits. Values that do not fit raise ValueError: nothing is
    dropped silently.
    """

    def __init__(self, layout: Buckets | None = None) -> None:
        self.layout = layout or buckets(1, DAY_NS, 3)
        self.counts: Int64s = np.zeros(self.layout.size, dtype=np.int64)
        self.least = UNSET
        self.greatest = UNSET

    @classmethod
    def of(cls, values: Iterable[int] | Int64s, layout: Buckets | None = None) -> Self:
        """A histogram of these values."""
        made = cls(layout)
        made.record_many(values if isinstance(values, np.ndarray) else np.fromiter(values, dtype=np.int64))
        return made

    @classmethod
    def from_counts(cls, layout: Buckets, counts: Int64s, least: int = UNSET, greatest: int = UNSET) -> Self:
        """A histogram of counts by their numbers; without extremes those of the outermost counts are taken.

        ValueError when a count is negative or one lies beyond the layout.
        """
        made = cls(layout)
        if len(counts) > layout.size or (len(counts) and int(counts.min()) < 0):
            raise ValueError(f"counts must be non-negative and at most {layout.size}")
        made.counts[: len(counts)] = counts
        made._settle(least, greatest)
        return made

    @property
    def total(self) -> int:
        """How many values are recorded."""
        return int(self.counts.sum())

    def record(self, value: int, count: int = 1) -> None:
        """Count a value `count` times; ValueError when it is negative or above `layout.highest`."""
        if not 0 <= value <= self.layout.highest:
            raise ValueError(f"{value} does not fit a histogram of 0 to {self.layout.highest}")
        self.counts[self.layout.index(value)] += count
        self._stretch(value, value)

    def record_many(self, values: Int64s, counts: Int64s | None = None) -> None:
        """Count each value, `counts` times if given; ValueError when one does not fit, and then none is counted."""
        if not len(values):
            return
        low, high = int(values.min()), int(values.max())
        if low < 0 or high > self.layout.highest:
            wrong = low if low < 0 else high
            raise ValueError(f"{wrong} does not fit a histogram of 0 to {self.layout.highest}")
        if counts is None:
            for first in range(0, len(values), _AT_ONCE):
                numbers = self.layout.indices(values[first : first + _AT_ONCE])
                found = np.bincount(numbers)
                self.counts[: len(found)] += found
        else:
            np.add.at(self.counts, self.layout.indices(values), counts)
        self._stretch(low, high)

    def record_corrected(self, value: int, interval: int, count: int = 1) -> None:
        """Count a value, and those that were not measured while it lasted: one for each `interval` before it.

        `recordValueWithExpectedInterval`: adds `value - interval`, `value - 2 * interval`, ... down to `interval`.
        """
        self.record(value, count)
        missing = value // interval - 1 if interval > 0 else 0
        if missing <= 0:
            return
        # How many of the missing values lie below each floor; so the cost is that of the counts, not of the values.
        last = self.layout.index(value - interval)
        floors = self.layout.floors[: last + 2] if last + 2 <= self.layout.size else self.layout.floors
        below = missing - np.clip((value - floors) // interval, 0, missing)
        inside = np.diff(np.append(below, missing) if len(floors) == last + 1 else below)
        self.counts[: len(inside)] += inside * count
        self._stretch(value - missing * interval, value)

    def corrected(self, interval: int) -> Self:
        """A copy as if every value had been recorded corrected (`copyCorrectedForCoordinatedOmission`)."""
        made = type(self)(self.layout)
        for number in np.flatnonzero(self.counts).tolist():
            value = min(int(self.layout.tops[number]), self.greatest)
            made.record_corrected(value, interval, int(self.counts[number]))
        made.least = min(made.least, self.least) if made.total else UNSET
        return made

    def copy(self) -> Self:
        """An independent copy."""
        return type(self).from_counts(self.layout, self.counts, self.least, self.greatest)

    def add(self, other: "Histogram") -> None:
        """Merge another histogram in. Of another layout each count goes where its smallest value goes (`add`)."""
        if not other.total:
            return
        if other.layout == self.layout:
            self.counts += other.counts
            self._stretch(other.least, other.greatest)
            return
        used = np.flatnonzero(other.counts)
        self.record_many(np.maximum(other.layout.floors[used], other.least), other.counts[used])
        if other.greatest <= self.layout.highest:
            self._stretch(other.least, other.greatest)

    def since(self, earlier: "Histogram") -> Self:
        """What was recorded after `earlier`, an older state of this histogram; its extremes are those of its counts.

        ValueError when `earlier` is no older state: another layout, or a count that has shrunk.
        """
        if earlier.layout != self.layout:
            raise ValueError("histograms of different layouts have no difference")
        grown = self.counts - earlier.counts
        if int(grown.min()) < 0:
            raise ValueError("a count has shrunk: this is no later state of the histogram")
        made = type(self).from_counts(self.layout, grown)
        if made.total:
            made.least = max(made.least, self.least)
            made.greatest = min(made.greatest, self.greatest)
        return made

    def scaled(self, numerator: int, denominator: int, layout: Buckets | None = None) -> Self:
        """All values times a ratio, in another layout: the middle of each count is converted, extremes exactly.

        Adds at most half a count's width of error, half a part in `10**digits` of the old layout.
        """
        made = type(self)(layout)
        used = np.flatnonzero(self.counts)
        if not len(used):
            return made
        middles = np.clip(self.layout.middles[used], self.least, self.greatest).tolist()
        values = np.array([_ratio(value, numerator, denominator) for value in middles], dtype=np.int64)
        made.record_many(values, self.counts[used])
        made.least, made.greatest = (_ratio(value, numerator, denominator) for value in (self.least, self.greatest))
        return made

    def percentile(self, percent: float) -> int:
        """The value that `percent` % of the values do not exceed: the top of the count of rank ceil(percent % of all).

        Within one part in `10**digits` above the exact one; 0 % gives the smallest, an empty histogram 0.
        """
        return self.percentiles((percent,))[0]

    def percentiles(self, percents: Sequence[float]) -> list[int]:
        """`percentile` of each."""
        values, seen = self.curve()
        if not len(seen):
            return [0] * len(percents)
        ranks = [rank(percent, int(seen[-1])) for percent in percents]
        found = values[np.searchsorted(seen, ranks)].tolist()
        return [self.least if percent <= 0 else value for percent, value in zip(percents, found, strict=True)]

    def curve(self) -> tuple[Int64s, Int64s]:
        """The recorded counts' top values, ascending, and how many values do not exceed each."""
        used = np.flatnonzero(self.counts)
        return np.minimum(self.layout.tops[used], self.greatest), np.cumsum(self.counts[used])

    def mean(self) -> float:
        """Mean of the counts' middles; 0 when empty."""
        total = self.total
        return float(np.dot(self.counts.astype(np.float64), self.layout.middles)) / total if total else 0.0

    def deviation(self) -> float:
        """Standard deviation of the counts' middles; 0 when empty."""
        total = self.total
        if not total:
            return 0.0
        apart = self.layout.middles - self.mean()
        return math.sqrt(float(np.dot(self.counts.astype(np.float64), apart * apart)) / total)

    def _stretch(self, low: int, high: int) -> None:
        self.least = low if self.least == UNSET else min(self.least, low)
        self.greatest = max(self.greatest, high)

    def _settle(self, least: int, greatest: int) -> None:
        """Take the extremes as given, or from the outermost counts."""
        used = np.flatnonzero(self.counts)
        if len(used):
            self.least = int(self.layout.floors[used[0]]) if least == UNSET else least
            self.greatest = int(self.layout.tops[used[-1]]) if greatest == UNSET else greatest


def rank(percent: float, total: int) -> int:
    """Which of `total` ascending values the percentile is, from 1 (nearest rank, exact for decimal fractions)."""
    exact = Fraction(str(percent)) * total / 100
    return min(max(1, math.ceil(exact)), total)


def _ratio(value: int, numerator: int, denominator: int) -> int:
    """`value * numerator / denominator`, rounded to the nearest integer, halves up."""
    return (2 * value * numerator + denominator) // (2 * denominator)
