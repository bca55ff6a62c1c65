"""Compares variants with each other, metric by metric: better, worse, no difference shown, or too few repeats to tell.

A difference is that of the medians. It is an effect when Student's test with the bootstrap's standard error finds it
so improbable by chance that all verdicts together are wrong in at most 5 % of reports (Holm 1979), and an exact test of
ranks does not contradict. Where the repeats suffice for the ranks to carry the verdict alone, whatever the
distribution, they have to. `docs/statistics.md` has the reasons.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from lab import samples
from lab.metrics import METRICS, Metric
from lab.model import Result
from lab.samples import FEWEST_VARIANTS, Sample, Samples, Scale
from lab.statistics import (
    ALPHA,
    Difference,
    Noise,
    holm,
    least_rank_chance,
    rank_chance,
    repeats_for_ranks,
    repeats_needed,
    smallest_seen,
    weighted,
)
from lab.verdicts import EFFECTS, FEW, FEWEST_REPEATS, MISSING, NONE, RELEVANT, SAME, direction

ABSURD: Final = 100
"""Times the reference from which on a difference is none that anybody looks for."""

Pair = tuple[str, str]
"""The names of the variant that is the reference and of the one that is compared with it."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One metric of two variants, in the metric's unit.

    `difference`: the second's median less the reference's. `interval`: of the difference, 95 %; None for what leaves
    nothing to chance and for too few repeats. `chance`: how probable by chance, `corrected`: for how many comparisons
    there are. `exact`: all repeats of a side are the same, by their nature. `unseen`: what an effect may be that is not
    shown; None where one is.
    """

    metric: str
    reference: str
    variant: str
    counts: tuple[int, int]
    medians: tuple[float | None, float | None]
    difference: float | None = None
    interval: tuple[float, float] | None = None
    chance: float | None = None
    corrected: float | None = None
    verdict: str = MISSING
    exact: bool = False
    unseen: "Unseen | None" = None

    @property
    def effect(self) -> bool:
        """There is a difference."""
        return self.verdict in EFFECTS

    def percent(self, amount: float | None) -> float | None:
        """An amount in percent of the reference's median; None where that is 0."""
        reference = self.medians[0]
        return None if amount is None or not reference else 100 * amount / abs(reference)

    @property
    def smallest(self) -> float | None:
        """The smallest true difference that these repeats show four times in five; None where they show none."""
        return self.unseen.smallest if self.unseen else None

    @property
    def repeats(self) -> int | None:
        """How many repeats of each show a difference of 5 % of the reference, or any at all where that is 0."""
        return self.unseen.repeats(abs(self.medians[0] or 0.0) * RELEVANT / 100) if self.unseen else None

    @property
    def hidden(self) -> bool:
        """Noise, or the want of repeats, may hide an effect of 5 % of the reference or more."""
        if self.verdict == FEW:
            return True
        if self.verdict != NONE or not self.medians[0]:
            return False
        smallest = self.percent(self.smallest)
        return smallest is None or smallest > RELEVANT


@dataclass(frozen=True, slots=True)
class Unseen:
    """What a test at `level` cannot see. `ranks`: repeats that ranks need where no other variant says how much noise
    there is, else 0; `helpless`: these repeats are fewer."""

    reference: float
    difference: Difference
    noises: tuple[Noise, Noise]
    scale: Scale
    level: float
    ranks: int
    helpless: bool

    @property
    def smallest(self) -> float | None:
        """The smallest difference that is seen, on the side of the one there is; None where none is, not even one of
        `ABSURD` times the reference."""
        if self.helpless:
            return None
        shift = smallest_seen(self.difference.error, self.difference.freedom, self.level)
        found = abs(self.scale.back(self.reference, math.copysign(shift, self.difference.value)))
        return None if self.reference and found > ABSURD * abs(self.reference) else found

    def repeats(self, wanted: float) -> int | None:
        """The repeats of each side that show a difference of `wanted`; when that is 0, those that can show any."""
        if not wanted:
            return self.ranks if self.helpless else None
        needed = repeats_needed(self.noises, self.scale.shift(self.reference, wanted), self.level)
        return None if needed is None else max(needed, self.ranks)


@dataclass(frozen=True, slots=True)
class _Test:
    """A comparison that is a matter of chance. `alone`: no other variant says how much noise there is."""

    row: Comparison
    metric: Metric
    values: tuple[Sample, Sample]
    noises: tuple[Noise, Noise]
    scale: Scale
    alone: bool

    @property
    def difference(self) -> Difference:
        """On the scale."""
        first, second = (self.scale(sample.median or 0.0) for sample in self.values)
        return weighted(second - first, [(1.0, each) for each in self.noises])

    @property
    def least(self) -> float:
        """The smallest probability that ranks can have."""
        return least_rank_chance(*self.row.counts)


def compare(results: Sequence[Result], pairs: Sequence[Pair], metrics: Sequence[str]) -> list[Comparison]:
    """Each pair's comparison for every metric, metric by metric; all of them are one family.

    Other variants among the results say how much noise there is. Variants without results are "not measured".
    """
    rows: list[Comparison | _Test] = []
    for name in metrics:
        metric = METRICS[name]
        found = samples.of(results, metric)
        scale = samples.scale(found)
        noises = samples.noises(found, scale)
        rows += [_row(metric, pair, found, scale, noises) for pair in pairs]
    tests = [row for row in rows if isinstance(row, _Test)]
    judged = _judged(tests)
    return [next(judged) if isinstance(row, _Test) else row for row in rows]


def _row(metric: Metric, pair: Pair, found: Samples, scale: Scale, noises: Mapping[str, Noise]) -> "Comparison | _Test":
    """What can be said at once, or what has to be tested."""
    values = found.get(pair[0], Sample(())), found.get(pair[1], Sample(()))
    counts = len(values[0].values), len(values[1].values)
    medians = values[0].median, values[1].median
    row = Comparison(metric.name, *pair, counts, medians)
    if medians[0] is None or medians[1] is None:
        return row
    row = replace(row, difference=medians[1] - medians[0])
    constant = values[0].constant and values[1].constant
    if constant and not row.difference:
        return replace(row, verdict=SAME)
    if constant and metric.unit == samples.EXACT:
        return replace(row, verdict=direction(metric, medians[1] - medians[0]), exact=True)
    if min(counts) < FEWEST_REPEATS:
        return replace(row, verdict=FEW)
    return _Test(row, metric, values, (noises[pair[0]], noises[pair[1]]), scale, len(noises) < FEWEST_VARIANTS)


def _judged(tests: Sequence[_Test]) -> Iterator[Comparison]:
    """The verdicts of a family of tests, in their order."""
    family = len(tests)
    chances = [_chance(test, family) for test in tests]
    for test, chance, corrected in zip(tests, chances, holm(chances), strict=True):
        yield _verdict(test, family, chance, corrected)


def _chance(test: _Test, family: int) -> float:
    """How probable by chance; the larger of both tests' answers, but where the ranks of so few repeats cannot be
    improbable enough they only must not contradict, and other variants must say how much noise there is."""
    student = test.difference.chance()
    ranks = rank_chance(test.values[0].values, test.values[1].values)
    if not test.alone and test.least * family > ALPHA and ranks <= max(ALPHA, test.least):
        return student
    return max(student, ranks)


def _verdict(test: _Test, family: int, chance: float, corrected: float) -> Comparison:
    found, reference = test.difference, test.row.medians[0] or 0.0
    low, high = (test.scale.back(reference, end) for end in found.interval())
    row = replace(test.row, interval=(low, high), chance=chance, corrected=corrected)
    if corrected <= ALPHA:
        return replace(row, verdict=direction(test.metric, found.value))
    helpless = test.alone and test.least * family > ALPHA
    ranks = repeats_for_ranks(family) if test.alone else 0
    unseen = Unseen(reference, found, test.noises, test.scale, ALPHA / family, ranks, helpless)
    return replace(row, verdict=FEW if helpless or _apart(test) else NONE, unseen=unseen)


def _apart(test: _Test) -> bool:
    """The repeats do not overlap, but are too few for that to mean something."""
    first, second = (sample.values for sample in test.values)
    return test.least > ALPHA and (max(first) < min(second) or max(second) < min(first))
