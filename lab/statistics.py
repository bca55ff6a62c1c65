"""What repeats say of a difference: its interval, how probable it is by chance, what could have been seen.

All of it is exact arithmetic over the repeats, without drawn numbers: the same results give the same report.
`docs/statistics.md` has the reasons and how often each verdict is wrong.
"""

import bisect
import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

import numpy as np
import numpy.typing as npt
from scipy import optimize, special, stats

CONFIDENCE: Final = 0.95
ALPHA: Final = 1 - CONFIDENCE
POWER: Final = 0.8
"""How often a difference of the smallest size that can be seen is really seen."""
MOST_RANKED: Final = 60
"""Values up to which the test of ranks is exact."""
MOST_REPEATS: Final = 1000
"""Where looking for a number of repeats ends."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Noise:
    """How far the median of `count` repeats may be off, as the variance of the bootstrap's medians. `pooled`: the
    degrees of freedom of a variance that several variants gave together, which is the same for all of them."""

    count: int
    variance: float
    pooled: float | None = None

    def at_least(self, of_one: float, pooled: float | None = None) -> "Noise":
        """The same, but with no less noise than `of_one`: a variance that is divided by the repeats."""
        floor = of_one / self.count
        return self if self.variance > floor else Noise(self.count, floor, pooled)

    @property
    def of_one(self) -> float:
        """The variance times the repeats, to be compared among different numbers of them."""
        return self.variance * self.count


def noise(values: Sequence[float]) -> Noise:
    """The noise of the median of values, by the bootstrap (Efron 1979) over all resamples there are, none drawn."""
    ordered = np.sort(np.asarray(values, dtype=np.float64))
    low, high, weights = _medians(len(ordered))
    # From the first value on, so that large figures with little noise lose no digits.
    medians = (ordered[low] + ordered[high]) / 2 - ordered[0]
    mean = float(weights @ medians)
    return Noise(len(ordered), float(weights @ (medians - mean) ** 2))


@cache
def _medians(count: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], Floats]:
    """The medians of resamples of `count` sorted values: places of the two values in the middle, and how probable."""
    half = (count + 1) // 2
    shares = np.arange(count + 1) / count
    single = np.diff(stats.binom.sf(half - 1, count, shares))
    table = np.diag(single)
    if count % 2 == 0:
        # Half of the resample at or below place i, of these one at i; the other half at or above j, one of them at j.
        below, above = np.diff(shares**half), np.diff(shares**half)[::-1]
        table = math.comb(count, half) * np.triu(np.outer(below, above), 1)
        table += np.diag(single - table.sum(axis=1))
    low, high = np.nonzero(table > 0)
    return low, high, table[low, high]


@dataclass(frozen=True, slots=True)
class Difference:
    """`second` less `first`: of their medians, and the standard error and degrees of freedom of that difference."""

    value: float
    error: float
    freedom: float

    def interval(self, confidence: float = CONFIDENCE) -> tuple[float, float]:
        """Student's interval."""
        reach = float(special.stdtrit(self.freedom, (1 + confidence) / 2)) * self.error
        return self.value - reach, self.value + reach

    def chance(self) -> float:
        """How probable at least such a difference is when there is none."""
        if not self.error:
            return 0.0 if self.value else 1.0
        return float(2 * special.stdtr(self.freedom, -abs(self.value) / self.error))


def weighted(value: float, parts: Sequence[tuple[float, Noise]]) -> Difference:
    """A sum of medians with weights: its standard error, and its degrees of freedom by Welch and Satterthwaite (1946).

    Parts whose variance is the same pooled one are wrong together, so they are one part.
    """
    own = [(weight**2 * noise.variance, noise.count - 1.0) for weight, noise in parts if noise.pooled is None]
    pooled = [(weight**2 * noise.variance, noise.pooled) for weight, noise in parts if noise.pooled is not None]
    if pooled:
        own.append((sum(variance for variance, _ in pooled), min(freedom for _, freedom in pooled)))
    return Difference(value, math.sqrt(sum(variance for variance, _ in own)), freedom(own))


def freedom(parts: Sequence[tuple[float, float]]) -> float:
    """Satterthwaite's degrees of freedom of a sum of variances with theirs."""
    total = sum(variance for variance, _ in parts)
    if not total:
        return sum(each for _, each in parts)
    # Of shares of the total, whose squares do not overflow.
    return 1 / sum((variance / total) ** 2 / each for variance, each in parts)


def rank_chance(first: Sequence[float], second: Sequence[float]) -> float:
    """How probable ranks so far apart are when nothing differs, whatever the distribution (Wilcoxon 1945): two-sided,
    exact with ties too, as the share of all ways to deal the values out that are no closer. Of more than `MOST_RANKED`
    values by the normal distribution, corrected for ties."""
    if len(first) + len(second) > MOST_RANKED:
        return float(stats.mannwhitneyu(first, second, method="asymptotic").pvalue)
    ranks = [round(2 * rank) for rank in stats.rankdata([*first, *second])]
    size, everything, total = len(first), len(ranks), sum(ranks)
    ways = np.zeros((size + 1, total + 1))  # by how many values were taken and the sum of their ranks
    ways[0, 0] = 1
    for rank in ranks:
        ways[1:, rank:] += ways[:-1, : total + 1 - rank].copy()
    # Distances from the middle, of sums times all values, so that all stays whole.
    far = np.abs(np.arange(total + 1) * everything - total * size)
    reach = abs(sum(ranks[:size]) * everything - total * size)
    return float(ways[size, far >= reach].sum()) / math.comb(everything, size)


def least_rank_chance(first: int, second: int) -> float:
    """The smallest `rank_chance` that so many repeats can have: that of values which do not overlap."""
    return 2 / math.comb(first + second, first)


def repeats_for_ranks(comparisons: int, alpha: float = ALPHA) -> int:
    """The fewest repeats of each with which ranks alone can show something among so many comparisons."""
    return next(n for n in range(2, MOST_REPEATS) if least_rank_chance(n, n) * comparisons <= alpha)


def holm(chances: Sequence[float]) -> list[float]:
    """Probabilities corrected for how many there are, so that the share of reports with any false effect is what one
    comparison's would be (Holm 1979); in the same order."""
    order = sorted(range(len(chances)), key=lambda place: chances[place])
    found, last = [1.0] * len(chances), 0.0
    for done, place in enumerate(order):
        last = max(last, min(1.0, chances[place] * (len(chances) - done)))
        found[place] = last
    return found


def shown(shift: float, freedom: float, alpha: float) -> float:
    """How often a test at `alpha` shows a true difference of so many standard errors (noncentral t)."""
    limit = -float(special.stdtrit(freedom, alpha / 2))
    return 1 - float(special.nctdtr(freedom, shift, limit))


def smallest_seen(error: float, freedom: float, alpha: float, power: float = POWER) -> float:
    """The smallest true difference that a test at `alpha` shows with this probability."""
    top = 4.0
    while shown(top, freedom, alpha) < power:
        top *= 2
    shift: Any = optimize.brentq(lambda at: shown(at, freedom, alpha) - power, 0.0, top)
    return float(shift) * error


def repeats_needed(noises: tuple[Noise, Noise], wanted: float, alpha: float) -> int | None:
    """The fewest repeats of each side that show a true difference of `wanted`; None when `MOST_REPEATS` do not."""

    def enough(count: int) -> bool:
        each = weighted(wanted, [(1.0, Noise(count, noise.of_one / count)) for noise in noises])
        return not each.error or shown(wanted / each.error, each.freedom, alpha) >= POWER

    found = bisect.bisect_left(range(MOST_REPEATS + 1), True, lo=2, key=enough)
    return found if found <= MOST_REPEATS else None
