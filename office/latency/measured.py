"""Latencies by hop, wherever they come from: a run's folder, an `.hlog`, a file of JSON."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from office.latency.buckets import Int64s, buckets
from office.latency.histogram import Histogram
from office.latency.hlog import Interval

SECOND = 1_000_000_000


class SourceError(Exception):
    """Something is no source of latencies; the text says what it is and what to give instead."""


class Series(NamedTuple):
    """Single latencies in the order of time: times (ns since 1970), values (ns)."""

    times: Int64s
    values: Int64s


class Breakdown(NamedTuple):
    """A hop as the sum of its parts: its name, of how many orders, the mean of each part in ns."""

    whole: str
    orders: int
    parts: list[tuple[str, float]]


@dataclass(slots=True)
class Measured:
    """Latencies of one source, in ns, by hop.

    `series`: single values, where there are any; `timeline`: histograms of intervals, where times are known;
    `breakdowns`: hops that are the sums of others.
    `quotable`: whether they may be quoted as this system's speed, and `reason` why; None: not known. `notes`: what is
    missing or was found wrong. `checks`: what was compared and agrees.
    """

    name: str
    histograms: dict[str, Histogram] = field(default_factory=dict)
    series: dict[str, Series] = field(default_factory=dict)
    timeline: dict[str, list[Interval]] = field(default_factory=dict)
    breakdowns: list[Breakdown] = field(default_factory=list)
    quotable: bool | None = None
    reason: str = ""
    notes: list[str] = field(default_factory=list)
    checks: list[str] = field(default_factory=list)

    @property
    def verdict(self) -> str:
        """Whether the figures may be quoted, in words."""
        word = {True: "quotable", False: "not quotable", None: "not known to be quotable"}[self.quotable]
        return f"{word} ({self.reason})" if self.reason else word


def sliced(series: Series, name: str, length: int = SECOND) -> list[Interval]:
    """Histograms of a series by intervals of `length` ns; intervals without values are left out."""
    if not len(series.times):
        return []
    slots = series.times // length
    edges = np.flatnonzero(np.diff(slots)) + 1
    pieces = zip(np.split(slots, edges), np.split(series.values, edges), strict=True)
    return [Interval(int(slot[0]) * length, length, Histogram.of(values), name) for slot, values in pieces]


def merged(timeline: Mapping[str, list[Interval]]) -> dict[str, Histogram]:
    """All intervals of each hop in one histogram, in a layout that holds them all."""
    found = {}
    for name, intervals in timeline.items():
        layouts = [interval.histogram.layout for interval in intervals]
        lowest, highest = min(each.lowest for each in layouts), max(each.highest for each in layouts)
        whole = Histogram(buckets(lowest, highest, max(each.digits for each in layouts)))
        for interval in intervals:
            whole.add(interval.histogram)
        found[name] = whole
    return found


def corrected(measured: Measured, interval: int) -> Measured:
    """The same with every histogram corrected for coordinated omission: a value was due every `interval` ns."""
    histograms = {name: histogram.corrected(interval) for name, histogram in measured.histograms.items()}
    note = f"corrected for coordinated omission: a value was due every {interval:,} ns"
    return dataclasses.replace(measured, histograms=histograms, notes=[*measured.notes, note])
