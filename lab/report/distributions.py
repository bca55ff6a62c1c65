"""Pictures of distributions, several variants in one. Each gives SVG text, or "" without data."""

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import Final

from lab.report import numbers
from lab.report.charts import limits, marks
from rendering.svg import Picture, Scale, ticks

BINS: Final = 32
"""Parts of a histogram's axis."""
_FAR: Final = 20
"""Times the smallest value from which on an axis is by the logarithm."""

Lines = Sequence[tuple[str, str, Sequence[Sequence[float]]]]
"""Name, class and histogram (upper bound and count of each part) of each variant."""


def percentiles(title: str, lines: Lines, unit: str) -> str:
    """Values by percentile, each nine as wide as the first."""
    known = [(name, kind, rows) for name, kind, rows in lines if rows]
    if not known:
        return ""
    most = max(sum(row[1] for row in rows) for _, _, rows in known)
    nines = min(6, max(1, math.ceil(math.log10(most))))
    picture = Picture(title, left=60)
    y = _upwards(picture, [row[0] for _, _, rows in known for row in rows], unit)
    reach = 10.0**nines
    x = Scale(1, reach, picture.left, picture.right - 26, log=True)
    for nine in range(nines + 1):
        at = x(10.0**nine)
        picture.line(at, picture.top, at, picture.bottom, "grid")
        share = 100 - 10.0 ** (2 - nine)
        picture.text(at, picture.bottom + 18, f"{share:.6g}{' %' if nine == nines else ''}", "tick", "middle")
    for _, kind, rows in known:
        picture.path(_climb(rows, x, y, reach), f"line {kind}")
    return picture.render()


def _climb(rows: Sequence[Sequence[float]], x: Scale, y: Scale, reach: float) -> list[tuple[float, float]]:
    """A staircase: each value from the share below it to the share up to it."""
    total = sum(row[1] for row in rows)
    points: list[tuple[float, float]] = []
    seen = 0.0
    for value, count in rows:
        points += [(x(total / max(total - below, total / reach)), y(value)) for below in (seen, seen + count)]
        seen += count
    return points


def _upwards(picture: Picture, values: Sequence[float], unit: str) -> Scale:
    """An axis for values, by the logarithm when they are far from each other."""
    low, high = min(values), max(values)
    if low > 0 and high > _FAR * low:
        lines = _decades(low, high)
        y = Scale(lines[0], lines[-1], picture.bottom, picture.top, log=True)
    else:
        ends = limits([low, high])
        lines, y = marks(*ends), Scale(*ends, picture.bottom, picture.top)
    picture.y_axis(lines, y, numbers.axis)
    picture.text(picture.left + 4, picture.top + 10, unit, "tick")
    return y


def _decades(low: float, high: float) -> list[float]:
    """Powers of ten that cover low to high."""
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    return [10.0**power for power in range(first, max(last, first + 1) + 1)]


def histogram(title: str, lines: Lines, unit: str) -> str:
    """Shares of values in equal parts of the axis, an outline for each variant."""
    known = [(name, kind, rows) for name, kind, rows in lines if rows]
    values = [row[0] for _, _, rows in known for row in rows]
    if not values:
        return ""
    low, high = min(values), max(values)
    log = low > 0 and high > _FAR * low
    picture = Picture(title, left=50)
    ends = (_decades(low, high)[0], _decades(low, high)[-1]) if log else limits([low, high])
    x = Scale(*ends, picture.left, picture.right - 14, log=log)
    width = _part(values, x)
    shares = [_shares(rows, x, width, picture) for _, _, rows in known]
    tops = ticks(0, max(max(each) for each in shares), 4)
    y = Scale(0, tops[-1], picture.bottom, picture.top)
    picture.y_axis(tops, y, lambda value: f"{value:g} %")
    for mark in _decades(low, high) if log else marks(*ends):
        picture.text(x(mark), picture.bottom + 18, numbers.axis(mark), "tick", "middle")
    picture.text(picture.right, picture.top + 10, unit, "tick", "end")
    width = (picture.right - 14 - picture.left) / BINS
    for (_, kind, _), each in zip(known, shares, strict=True):
        outline: list[tuple[float, float]] = [(picture.left, y(0.0))]
        outline += [(picture.left + width * at, y(share)) for at, share in enumerate(each)]
        picture.path([*outline, (picture.left + width * BINS, y(0.0))], f"line {kind}", steps=True)
    return picture.render()


def _part(values: Sequence[float], x: Scale) -> float:
    """How wide the parts of the given histograms are, in pixels: as two bounds that are next to each other."""
    places = sorted({x(value) for value in values})
    return min((high - low for low, high in pairwise(places)), default=0.0)


def _shares(rows: Sequence[Sequence[float]], x: Scale, width: float, picture: Picture) -> list[float]:
    """Percent of the counts in each part of the axis; a count is spread over its own part, which is `width` wide."""
    counts = [0.0] * BINS
    step = (picture.right - 14 - picture.left) / BINS
    for value, count in rows:
        end = (x(value) - picture.left) / step
        start = end - max(width / step, 1e-6)
        for place in range(max(0, int(start)), min(BINS, math.ceil(end))):
            covered = min(end, place + 1) - max(start, place)
            counts[place] += count * max(0.0, covered) / (end - start)
    total = sum(counts) or 1.0
    return [100 * count / total for count in counts]


def unit_of(name: str) -> tuple[str, str]:
    """A histogram's title and unit from its name: `gaps_us` is gaps in µs."""
    for ending, unit in (("_us", "µs"), ("_ns", "ns")):
        if name.endswith(ending):
            return name.removesuffix(ending).replace("_", " "), unit
    return name.replace("_", " "), "instructions"
