"""The buckets of an HDR histogram: which values share a count, and which value a count stands for.

As HdrHistogram lays them out (hdrhistogram.org, `AbstractHistogram`): values up to `2 * 10**digits` have a count each,
rounded up to a power of two; every further power of two has half as many counts, each twice as wide. So a value and
its count's bounds never differ by more than one part in `10**digits`.
"""

import math
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt

Int64s = npt.NDArray[np.int64]

GREATEST: Final = (1 << 62) - 1
"""Greatest `highest` that a layout can have."""
MOST_COUNTS: Final = 1 << 23
"""Most counts of a layout: more is no histogram that anybody records."""


@dataclass(frozen=True)
class Buckets:
    """A layout. `lowest`: smallest value told from 0; `highest`: greatest that can be recorded; `digits`: 1 to 5.

    Raises ValueError for what HdrHistogram refuses too.
    """

    lowest: int
    highest: int
    digits: int

    def __post_init__(self) -> None:
        if not 1 <= self.digits <= 5:
            raise ValueError(f"a histogram has 1 to 5 significant digits, not {self.digits}")
        if not 1 <= self.lowest <= GREATEST // 2:
            raise ValueError(f"the lowest value of a histogram is 1 to {GREATEST // 2}, not {self.lowest}")
        if not 2 * self.lowest <= self.highest <= GREATEST:
            raise ValueError(
                f"the highest value of a histogram is twice its lowest ({2 * self.lowest}) to {GREATEST},"
                f" not {self.highest}"
            )
        if self.unit + self.half_bits > 60:
            raise ValueError(f"{self.digits} digits do not fit 64 bits from a lowest value of {self.lowest} on")
        if self.size > MOST_COUNTS:
            raise ValueError(
                f"a histogram of {self.size} counts: at most {MOST_COUNTS} (fewer digits, a lower highest)"
            )

    @cached_property
    def unit(self) -> int:
        """Low bits that no count tells apart (`unitMagnitude`)."""
        return self.lowest.bit_length() - 1

    @cached_property
    def half_bits(self) -> int:
        """log2 of the counts of every power of two but the first (`subBucketHalfCountMagnitude`)."""
        return math.ceil(math.log2(2 * 10**self.digits)) - 1

    @cached_property
    def size(self) -> int:
        """Number of counts."""
        powers, end = 1, 2 << self.half_bits << self.unit
        while end <= self.highest:
            powers, end = powers + 1, end << 1
        return (powers + 1) << self.half_bits

    def index(self, value: int) -> int:
        """Number of the count of a value, which must not be negative; `size` or more for one that is too high."""
        shift = (value | ((2 << self.half_bits) - 1) << self.unit).bit_length() - self.half_bits - 1
        return ((shift - self.unit) << self.half_bits) + (value >> shift)

    def indices(self, values: Int64s) -> Int64s:
        """`index` of each value."""
        marked = values | (((2 << self.half_bits) - 1) << self.unit)
        # The highest bit alone decides, and without the bit below it no rounding to a float can carry into it.
        _, length = np.frexp((marked & ~(marked >> 1)).astype(np.float64))
        shift = length.astype(np.int64) - (self.half_bits + 1)
        return ((shift - self.unit) << self.half_bits) + (values >> shift)

    @cached_property
    def floors(self) -> Int64s:
        """The smallest value of each count, ascending."""
        numbers = np.arange(self.size, dtype=np.int64)
        powers = np.maximum((numbers >> self.half_bits) - 1, 0)
        found: Int64s = (numbers - (powers << self.half_bits)) << (powers + self.unit)
        return found

    @cached_property
    def tops(self) -> Int64s:
        """The greatest value of each count (`highestEquivalentValue`)."""
        numbers = np.arange(self.size, dtype=np.int64)
        powers = np.maximum((numbers >> self.half_bits) - 1, 0)
        found: Int64s = self.floors + (np.int64(1) << (powers + self.unit)) - 1
        return found

    @cached_property
    def middles(self) -> Int64s:
        """The value in the middle of each count (`medianEquivalentValue`)."""
        return self.floors + ((self.tops - self.floors + 1) >> 1)


@lru_cache(maxsize=64)
def buckets(lowest: int, highest: int, digits: int) -> Buckets:
    """The layout with these limits; ValueError for impossible ones. Those asked for often are made once."""
    return Buckets(lowest, highest, digits)
