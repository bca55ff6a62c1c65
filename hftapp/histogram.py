"""Latency samples in logarithmic buckets of under 1 % width, as flat 64-bit words: they may lie in shared memory.

Words: smallest and largest value (exact), the number of values beyond the last bucket, then the counts. The total is
not kept: a reader in another process sums the counts, and so never sees a total that does not fit them.
"""

from __future__ import annotations

from array import array
from collections.abc import Mapping

import cython

if not cython.compiled:
    from hftapp.shared import words_of

SUB_BITS = 7
"""128 buckets per power of two."""
TOP_BITS = 40
"""Values of this many bits or more (18 minutes of nanoseconds) share the last bucket."""
LOW, HIGH, COUNTS = 0, 1, 2
SIZE = COUNTS + ((TOP_BITS - SUB_BITS + 1) << SUB_BITS)
"""Words of a histogram."""
UNSET = (1 << 63) - 1
"""The smallest value while there is none."""

_TOP = (1 << TOP_BITS) - 1
_COUNTS = COUNTS


def bucket(value: int) -> int:
    """Bucket number of a non-negative integer; values below 128 have a bucket each."""
    shift = value.bit_length() - 1 - SUB_BITS
    if shift <= 0:
        return value
    return (shift << SUB_BITS) + (value >> shift)


def lower(number: int) -> int:
    """Smallest value of a bucket."""
    shift = (number >> SUB_BITS) - 1
    if shift <= 0:
        return number
    return (number - (shift << SUB_BITS)) << shift


if not cython.compiled:

    def _shift(value: int) -> int:
        """Low bits of a value that its bucket ignores; negative where there are fewer than 8 bits."""
        return (value | 1).bit_length() - 1 - SUB_BITS


@cython.final
@cython.cclass
class Histogram:
    """Counts by bucket with the exact smallest and largest value. `words`: `SIZE` words, zero or of an earlier one.

    Raises ValueError for another number of words.
    """

    def __init__(self, words: memoryview | None = None) -> None:
        self.words = memoryview(array("q", bytes(8 * SIZE))) if words is None else words
        if len(self.words) != SIZE:
            raise ValueError(f"a histogram has {SIZE} words, not {len(self.words)}")
        self._words = words_of(self.words)
        if not any(self.words[COUNTS:]):
            self.words[LOW] = UNSET

    def record(self, value: int) -> None:
        """Count one sample, a non-negative integer (a negative one counts as 0). Allocates nothing."""
        if value < 0:
            value = 0
        if value < self._words[0]:
            self._words[0] = value
        if value > self._words[1]:
            self._words[1] = value
            if value > _TOP:
                value = _TOP
        elif value > _TOP:
            value = _TOP
        shift = _shift(value)
        if shift > 0:
            self._words[_COUNTS + (shift << 7) + (value >> shift)] += 1
        else:
            self._words[_COUNTS + value] += 1

    def export(self) -> dict[str, object]:
        """Plain values: `count`, `min`, `max`, `counts` by bucket number."""
        return export(self.words)


def export(words: memoryview) -> dict[str, object]:
    """`Histogram.export` of the words alone, as a reader in another process has them."""
    counts = {number: count for number, count in enumerate(words[COUNTS:].tolist()) if count}
    low = words[LOW]
    return {
        "count": sum(counts.values()),
        "min": 0 if low == UNSET else low,
        "max": words[HIGH],
        "counts": counts,
    }


def percentiles(exported: Mapping[str, object], unit: str = "ns") -> dict[str, object]:
    """`{unit, count, min, p50, p99, p999, max}` of an export; percentiles are bucket floors, within 1 %."""
    counts = exported["counts"]
    total = exported["count"]
    low, high = exported["min"], exported["max"]
    if not isinstance(counts, Mapping) or not isinstance(total, int) or not isinstance(low, int):
        raise TypeError(f"not an exported histogram: {exported!r}")
    result: dict[str, object] = {"unit": unit, "count": total, "min": low}
    wanted = [("p50", 500), ("p99", 990), ("p999", 999)]
    seen = 0
    keys = iter(sorted(counts))
    value = low
    for name, permille in wanted:
        rank = max(1, -(-total * permille // 1000))
        while seen < min(rank, total):
            key = next(keys)
            seen += counts[key]
            value = max(low, lower(key))
        result[name] = value
    result["max"] = high
    return result
