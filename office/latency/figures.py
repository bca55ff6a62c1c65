"""The figures that a histogram is shown with."""

from typing import Final

from office.latency.histogram import UNSET, Histogram

PERCENTS: Final = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9}
"""Percentiles by their names in reports."""
NEEDED: Final = {"p50": 1, "p90": 10, "p99": 100, "p999": 1000}
"""How many values there must be for a percentile to say more than the greatest value does."""
NAMES: Final = ("min", *PERCENTS, "max", "count")

_UNITS: Final = ((1_000_000_000, "s"), (1_000_000, "ms"), (1_000, "µs"))

Figures = dict[str, int | None]


def figures(histogram: Histogram) -> Figures:
    """`min`, percentiles, `max` in the histogram's unit and `count`; None for what too few values can tell."""
    total = histogram.total
    values = histogram.percentiles(tuple(PERCENTS.values()))
    shown: Figures = {"min": None if histogram.least == UNSET else histogram.least}
    for name, value in zip(PERCENTS, values, strict=True):
        shown[name] = value if total >= NEEDED[name] else None
    return shown | {"max": None if histogram.greatest == UNSET else histogram.greatest, "count": total}


def duration(ns: int | None) -> str:
    """A duration with three or four significant digits and its unit; a dash for None."""
    if ns is None:
        return "–"
    for size, unit in _UNITS:
        if ns >= size:
            value = ns / size
            return f"{value:.{2 if value < 10 else 1 if value < 100 else 0}f} {unit}"
    return f"{ns} ns"


def tick_label(ns: float) -> str:
    """A round duration for an axis, without zeros at its end."""
    for size, unit in _UNITS:
        if ns >= size:
            return f"{ns / size:g} {unit}"
    return f"{ns:g} ns"
