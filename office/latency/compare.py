"""Compares two sides of latencies, hop by hop: is B faster than A, slower, or is no difference shown?

For each hop a percentile of both (the median unless said otherwise) and a confidence interval of its change. With one
run a side the interval comes from resampling within the runs, and says what differs between these two runs. With two
runs or more a side it comes from how far the runs of a side lie apart (Welch 1947, on logarithms), and says what
differs between the programs: runs of one program differ by more than what happens within them (Kalibera and Jones
2013).

Many hops are compared at once, so each interval has the confidence that all of them together need (Bonferroni): the
share of comparisons with any wrong verdict is at most 1 - `confidence`.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from office.latency import bootstrap, hops
from office.latency.bootstrap import Draws
from office.latency.histogram import rank
from office.latency.measured import Measured

FASTER, SLOWER, SAME, FEW = "faster", "slower", "no difference shown", "too few values"
FEWEST: Final = 20
"""Values that a run needs before a verdict is given."""
SEED: Final = 0
"""Of the resampling: the same sources give the same answer."""
_RUN_DRAWS: Final = 100_000

Side = Sequence[Measured]
"""The runs of one side."""
Span = tuple[float, float]


class CompareError(ValueError):
    """Sides that cannot be compared; the text says why."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """One hop of A and B: counts, the percentile of each with its interval (ns), the change of it in percent of A's
    with its interval, and the verdict. `resolution`: differences up to this (ns) are those of the histograms' counts.
    """

    hop: str
    counts: tuple[int, int]
    values: tuple[int, int]
    intervals: tuple[Span, Span]
    change: float
    change_interval: Span
    resolution: int
    verdict: str


@dataclass(frozen=True, slots=True)
class Compared:
    """All hops that all runs have, and those that only one side has. `confidence` is that of all verdicts together;
    `between`: the intervals are those between runs, not within one."""

    percent: float
    confidence: float
    between: bool
    rows: list[Comparison]
    only: tuple[list[str], list[str]]


def compare(
    first: Side,
    second: Side,
    *,
    percent: float = 50.0,
    confidence: float = 0.95,
    seed: int = SEED,
    draws: int = bootstrap.DRAWS,
    progress: Callable[[str], None] = lambda _: None,
) -> Compared:
    """Compare `second` (B) with `first` (A), by `draws` resamples of each where there is one run a side.

    Raises CompareError when one side has one run and the other more.
    """
    sides = first, second
    between = min(map(len, sides)) > 1
    if not between and max(map(len, sides)) > 1:
        raise CompareError("one run of one side and more of the other: give one of each, or two or more of each")
    known = [set.intersection(*(set(each.histograms) for each in side)) for side in sides]
    both = sorted(known[0] & known[1], key=hops.order_of)
    each = 1 - (1 - confidence) / max(len(both), 1)
    rows = []
    for name in both:
        progress(name)
        # Its own stream for every hop: a hop more in a source changes no other's interval.
        random = np.random.default_rng([seed, *name.encode()])
        drawn = _between(sides, name, percent, random) if between else _within(sides, name, percent, random, draws)
        rows.append(_row(name, sides, percent, each, drawn))
    only = [sorted(own - other, key=hops.order_of) for own, other in ((known[0], known[1]), (known[1], known[0]))]
    return Compared(percent, confidence, between, rows, (only[0], only[1]))


def _row(
    name: str, sides: tuple[Side, Side], percent: float, confidence: float, drawn: tuple[Draws, Draws, Draws] | None
) -> Comparison:
    """One hop; `drawn`: what A, B and the change in percent may be, None: there is nothing to draw from."""
    totals = [[run.histograms[name].total for run in side] for side in sides]
    counts = sum(totals[0]), sum(totals[1])
    values = _typical(sides[0], name, percent), _typical(sides[1], name, percent)
    resolution = max(_width(run, name, value) for side, value in zip(sides, values, strict=True) for run in side)
    if drawn is None:
        nothing = (math.nan, math.nan)
        return Comparison(name, counts, values, (nothing, nothing), math.nan, nothing, resolution, FEW)
    spans = [bootstrap.interval(each, confidence) for each in drawn]
    change = 100 * (values[1] / max(values[0], 1) - 1)
    fewest = min(min(side) for side in totals)
    verdict = FEW if fewest < FEWEST else _verdict(values, spans[2], resolution)
    return Comparison(name, counts, values, (spans[0], spans[1]), change, spans[2], resolution, verdict)


def _verdict(values: tuple[int, int], change: Span, resolution: int) -> str:
    if abs(values[1] - values[0]) <= resolution:
        return SAME
    return FASTER if change[1] < 0 else SLOWER if change[0] > 0 else SAME


def _within(
    sides: tuple[Side, Side], name: str, percent: float, random: np.random.Generator, draws: int
) -> tuple[Draws, Draws, Draws] | None:
    """Resamples of the one run of each side, and their changes."""
    if not all(side[0].histograms[name].total for side in sides):
        return None
    drawn = []
    for (run,) in sides:
        series = run.series.get(name)
        if series is not None:
            drawn.append(bootstrap.of_series(series.values, percent, random, draws))
        else:
            drawn.append(bootstrap.of_histogram(run.histograms[name], percent, random, draws))
    used = min(map(len, drawn))
    return drawn[0], drawn[1], 100 * (drawn[1][:used] / np.maximum(drawn[0][:used], 1) - 1)


def _between(
    sides: tuple[Side, Side], name: str, percent: float, random: np.random.Generator
) -> tuple[Draws, Draws, Draws] | None:
    """What the runs' percentiles say of their sides, as draws from Student's distributions of their logarithms."""
    if not all(run.histograms[name].total for side in sides for run in side):
        return None
    logs = [np.log([max(_value(run, name, percent), 1) for run in side]) for side in sides]
    means = [float(each.mean()) for each in logs]
    errors = [float(each.var(ddof=1)) / len(each) for each in logs]
    own = [
        np.exp(_bounded(mean + math.sqrt(error) * random.standard_t(len(each) - 1, _RUN_DRAWS)))
        for mean, error, each in zip(means, errors, logs, strict=True)
    ]
    total = sum(errors)
    if not total:
        return own[0], own[1], np.full(2, 100 * math.expm1(means[1] - means[0]))
    # Welch and Satterthwaite's degrees of freedom.
    freedom = total**2 / sum(error**2 / (len(each) - 1) for error, each in zip(errors, logs, strict=True))
    change = means[1] - means[0] + math.sqrt(total) * random.standard_t(freedom, _RUN_DRAWS)
    return own[0], own[1], 100 * np.expm1(_bounded(change))


def _bounded(logs: Draws) -> Draws:
    """Logarithms whose exponentials are finite: with two runs Student's tails have no end."""
    return np.clip(logs, -700, 700)


def _typical(side: Side, name: str, percent: float) -> int:
    """The percentile of a side: of several runs the geometric mean of theirs."""
    values = [_value(run, name, percent) for run in side]
    return (
        values[0]
        if len(values) == 1
        else round(math.exp(sum(math.log(max(value, 1)) for value in values) / len(values)))
    )


def _value(run: Measured, name: str, percent: float) -> int:
    """The percentile: of the single values where there are any, else of the histogram."""
    series = run.series.get(name)
    if series is None or not len(series.values):
        return run.histograms[name].percentile(percent)
    at = rank(percent, len(series.values)) - 1
    return int(np.partition(series.values, at)[at])


def _width(run: Measured, name: str, value: int) -> int:
    """By how much the value may be off: the width of its count in a histogram less one, 0 of single values."""
    if name in run.series:
        return 0
    layout = run.histograms[name].layout
    number = layout.index(min(value, layout.highest))
    return int(layout.tops[number] - layout.floors[number])
