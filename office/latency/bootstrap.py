"""Confidence intervals of a percentile by resampling (Efron 1979), with the randomness passed in.

Single values in the order of time are drawn in blocks (Künsch 1989, circular: Politis and Romano 1992), because
latencies that follow each other are alike, and drawing them one by one would give intervals that are too narrow. A
histogram has lost the order; of it the distribution of the drawn percentile is known without drawing the values: the
k-th smallest of n uniform numbers is Beta(k, n + 1 - k), and the value is what the histogram has at that share.
"""

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from office.latency.buckets import Int64s
from office.latency.histogram import Histogram, rank

DRAWS: Final = 4_000
"""Resamples."""
FEWEST_DRAWS: Final = 1_000
MOST_VALUES: Final = 100_000_000
"""Values drawn in all: of long series fewer resamples are made, at least `FEWEST_DRAWS`."""
_AT_ONCE: Final = 1 << 17  # values drawn in one go: so many stay in the cache

Draws = npt.NDArray[np.float64]


def block_length(count: int) -> int:
    """Values in a block: the cube root of how many there are (Hall, Horowitz and Jing 1995)."""
    return max(1, round(math.cbrt(count)))


def of_series(values: Int64s, percent: float, random: np.random.Generator, draws: int = DRAWS) -> Draws:
    """The percentile of resamples of values in the order of time. ValueError for no values."""
    count = len(values)
    if not count:
        raise ValueError("there is nothing to resample")
    draws = max(min(draws, MOST_VALUES // count), min(draws, FEWEST_DRAWS))
    length = block_length(count)
    offsets = np.arange(length)
    at = rank(percent, count) - 1
    found = np.empty(draws)
    together = max(1, _AT_ONCE // count)
    for first in range(0, draws, together):
        rows = min(together, draws - first)
        starts = random.integers(0, count, size=(rows, -(-count // length)))
        drawn = values[((starts[:, :, None] + offsets) % count).reshape(rows, -1)[:, :count]]
        found[first : first + rows] = np.partition(drawn, at, axis=1)[:, at]
    return found


def of_histogram(histogram: Histogram, percent: float, random: np.random.Generator, draws: int = DRAWS) -> Draws:
    """The percentile of resamples of a histogram's values. ValueError for an empty one."""
    total = histogram.total
    if not total:
        raise ValueError("there is nothing to resample")
    values, seen = histogram.curve()
    wanted = rank(percent, total)
    shares = random.beta(wanted, total + 1 - wanted, size=draws)
    found: Draws = values[np.minimum(np.searchsorted(seen, shares * total), len(values) - 1)].astype(np.float64)
    return found


def interval(draws: Draws, confidence: float) -> tuple[float, float]:
    """The middle part of the draws that has this share (percentile interval)."""
    tail = 100 * (1 - confidence) / 2
    low, high = np.percentile(draws, [tail, 100 - tail])
    return float(low), float(high)
