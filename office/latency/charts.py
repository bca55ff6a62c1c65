"""The three charts of latencies: percentiles on HdrHistogram's axis, a histogram, figures over time."""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import numpy as np

from office.latency import svg
from office.latency.figures import duration, tick_label
from office.latency.histogram import Histogram
from office.latency.hlog import Interval
from office.latency.measured import Breakdown

WIDTH: Final = 980
HEIGHT: Final = 380
SMALL_WIDTH: Final = 318
SMALL_HEIGHT: Final = 168
BINS: Final = 48

_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 190, 16, 40
_SMALL = (50, 10, 12, 24)  # left, right, top, bottom
_LABEL_GAP = 15.0
_SECOND = 1_000_000_000


def percentile_chart(histograms: Mapping[str, Histogram], colours: Mapping[str, int]) -> str:
    """Latency by percentile, a line a hop; `colours`: number of each hop's colour."""
    total = max(histogram.total for histogram in histograms.values())
    across = svg.TailScale(max(2.0 * total, 20.0), _LEFT, WIDTH - _RIGHT)
    limits = svg.around(
        value for each in histograms.values() for value in (each.percentile(0), each.greatest) if value >= 0
    )
    up = svg.LogScale(*limits, HEIGHT - _BOTTOM, _TOP)
    parts = [_grid_across(across, up), _grid_up(across, up)]
    ends = {}
    for name, histogram in histograms.items():
        points = _steps(histogram, across, up)
        note = f"{name}: p50 {duration(histogram.percentile(50))}, max {duration(histogram.greatest)}"
        parts.append(svg.path(points, f"line c{colours[name]}", note))
        ends[name] = points[-1]
    parts += _labels(ends, histograms, colours)
    parts.append(svg.text(((across.start + across.end) / 2, HEIGHT - 4), "percentile", "label", "middle"))
    return svg.picture(WIDTH, HEIGHT, parts, "Latency by percentile")


def histogram_chart(histogram: Histogram, colour: int) -> str:
    """How often each latency came, on a logarithmic axis, with the median and the 99th percentile marked."""
    left, right, top, bottom = _SMALL
    low, high = svg.around((histogram.least, histogram.greatest))
    across = svg.LogScale(low, high, left, SMALL_WIDTH - right)
    edges = np.geomspace(low, high, BINS + 1)
    middles = np.clip(histogram.layout.middles, histogram.least, histogram.greatest)
    amounts, _ = np.histogram(np.maximum(middles, 1), bins=edges, weights=histogram.counts)
    up = svg.LinearScale(0, float(amounts.max()), SMALL_HEIGHT - bottom, top)
    parts = [svg.line((left, up.start), (SMALL_WIDTH - right, up.start), "axis")]
    ticks = [(across(tick), tick_label(tick)) for tick in _few(across.ticks(), 5)]
    parts += [svg.line((x, up.start), (x, up.start + 3), "axis") for x, _ in ticks]
    parts += _below(ticks)
    parts.append(svg.text((left - 6, top + 8), f"{int(amounts.max()):,}", "small", "end"))
    parts.append(svg.text((left - 6, up.start), "0", "small", "end"))
    for number in np.flatnonzero(amounts).tolist():
        x, end = across(float(edges[number])), across(float(edges[number + 1]))
        y = min(up(float(amounts[number])), up.start - 1)  # what came once is still seen
        span = f"{duration(round(float(edges[number])))} to {duration(round(float(edges[number + 1])))}"
        note = f"{span}: {int(amounts[number]):,}"
        parts.append(svg.box(x + 0.5, y, end - x - 0.5, up.start - y, f"bar c{colour}", note))
    parts += _marks([(f"p{percent:g}", across(histogram.percentile(percent))) for percent in (50.0, 99.0)], up)
    return svg.picture(SMALL_WIDTH, SMALL_HEIGHT, parts, "Histogram")


def time_chart(intervals: Sequence[Interval], colour: int, begin: int, end: int) -> str:
    """Median (line), median to 99th percentile (area) and greatest value (dots) of each interval, `begin` to `end`."""
    left, right, top, bottom = _SMALL
    shown = [each for each in intervals if each.histogram.total]
    across = svg.LinearScale(0, max((end - begin) / _SECOND, 1e-3), left, SMALL_WIDTH - right)
    middle = [(each.histogram.percentile(50), each.histogram.percentile(99)) for each in shown]
    up = svg.LogScale(
        *svg.around(value for each in shown for value in (each.histogram.percentile(50), each.histogram.greatest)),
        SMALL_HEIGHT - bottom,
        top,
    )
    parts = [svg.line((left, up.start), (SMALL_WIDTH - right, up.start), "axis")]
    for tick in _few(up.ticks(), 4):
        parts.append(svg.line((left, up(tick)), (SMALL_WIDTH - right, up(tick)), "grid"))
        parts.append(svg.text((left - 6, up(tick) + 3), tick_label(tick), "small", "end"))
    bottoms = [(across(tick), f"{tick:g} s") for tick in across.ticks(5)]
    parts += _below(bottoms)
    places = [across(((each.start + each.length / 2) - begin) / _SECOND) for each in shown]
    medians = [(x, up(value)) for x, (value, _) in zip(places, middle, strict=True)]
    tails = [(x, up(value)) for x, (_, value) in zip(places, middle, strict=True)]
    parts += [svg.area(tails, medians, f"area c{colour}"), svg.path(medians, f"line c{colour}")]
    for x, each in zip(places, shown, strict=True):
        note = f"{each.histogram.total:,} values, max {duration(each.histogram.greatest)}"
        parts.append(svg.dot((x, up(each.histogram.greatest)), f"dot c{colour}", note))
    return svg.picture(SMALL_WIDTH, SMALL_HEIGHT, parts, "Over time")


def breakdown_chart(breakdown: Breakdown, colours: Mapping[str, int]) -> str:
    """The mean of a hop, cut into the means of its parts, which add up to it: where the time goes."""
    whole, count, parts = breakdown
    total = sum(mean for _, mean in parts) or 1.0
    top, height = 22, 30
    texts = {name: f"{name} {duration(round(mean))}, {100 * mean / total:.0f} %" for name, mean in parts}
    begins = list(itertools.accumulate(((WIDTH - 24) * mean / total for _, mean in parts), initial=12.0))
    places = svg.spread([(x, texts[name]) for x, (name, _) in zip(begins, parts, strict=False)], 12, WIDTH - 8)
    drawn = []
    for (name, _), x, end, (at, row) in zip(parts, begins, begins[1:], places, strict=False):
        y = top + height + 16 + 15 * row
        drawn.append(svg.box(x, top, end - x - 1, height, f"bar c{colours[name]}", texts[name]))
        drawn.append(svg.line((x + 0.5, top + height), (x + 0.5, y - 10), f"lead c{colours[name]}"))
        drawn.append(svg.text((at, y), texts[name], f"name c{colours[name]}"))
    drawn.append(svg.text((12, 14), f"mean {whole}: {duration(round(total))}, of {count:,} orders", "label"))
    rows = 1 + max((row for _, row in places), default=0)
    return svg.picture(WIDTH, top + height + 8 + 15 * rows, drawn, f"Parts of {whole}")


def _steps(histogram: Histogram, across: svg.TailScale, up: svg.LogScale) -> list[svg.Point]:
    """The quantile function as it is: a value holds from the share below it to its own."""
    values, seen = histogram.curve()
    total = int(seen[-1])
    points: list[svg.Point] = []
    before = 0.0
    for value, count in zip(values.tolist(), seen.tolist(), strict=True):
        # The greatest value's share is 1, whose place is at infinity: it ends at half a value short of it.
        share = count / total if count < total else 1 - 1 / (2 * total)
        points += [(across(before), up(value)), (across(share), up(value))]
        before = share
    return _thinned(points)


def _thinned(points: list[svg.Point]) -> list[svg.Point]:
    """Without points that lie within a fifth of a pixel of the one before."""
    kept = points[:1]
    for point in points[1:]:
        if math.dist(kept[-1], point) > 0.2:
            kept.append(point)
    return kept if len(kept) > 1 else points[:1] * 2


def _grid_up(across: svg.TailScale, up: svg.LogScale) -> str:
    parts = []
    for tick in up.ticks():
        parts.append(svg.line((across.start, up(tick)), (across.end, up(tick)), "grid"))
        parts.append(svg.text((across.start - 8, up(tick) + 4), tick_label(tick), "label", "end"))
    return "".join(parts)


def _grid_across(across: svg.TailScale, up: svg.LogScale) -> str:
    parts = []
    for tick in across.ticks():
        parts.append(svg.line((across(tick), up.end), (across(tick), up.start), "grid"))
        parts.append(svg.text((across(tick), up.start + 16), f"{100 * tick:.10g} %", "label", "middle"))
    return "".join(parts)


def _labels(
    ends: Mapping[str, svg.Point], histograms: Mapping[str, Histogram], colours: Mapping[str, int]
) -> list[str]:
    """A label at the right for each line: its name and greatest value, moved apart where they would touch."""
    wanted = sorted(ends, key=lambda name: ends[name][1])
    places: dict[str, float] = {}
    last = -math.inf
    for name in wanted:
        last = places[name] = max(ends[name][1], last + _LABEL_GAP)
    over = last - (HEIGHT - _BOTTOM)
    for name in reversed(wanted):
        if over <= 0:
            break
        places[name] -= over
        above = [places[other] for other in wanted[: wanted.index(name)]]
        over = max(0.0, above[-1] + _LABEL_GAP - places[name]) if above else 0.0
    x = WIDTH - _RIGHT + 8
    parts = []
    for name in wanted:
        label = f"{name}  {duration(histograms[name].greatest)}"
        parts.append(svg.line(ends[name], (x - 2, places[name]), f"lead c{colours[name]}"))
        parts.append(svg.text((x + 2, places[name] + 4), label, f"name c{colours[name]}"))
    return parts


def _marks(marks: Sequence[tuple[str, float]], up: svg.LinearScale) -> list[str]:
    """Lines at some places, each with its name above it, moved apart where two would touch."""
    parts, room = [], float(SMALL_WIDTH)
    for name, x in reversed(marks):
        size = svg.width(name, svg.SMALL)
        at = min(x, room - size / 2)
        parts.append(svg.line((x, up.end), (x, up.start), "mark"))
        parts.append(svg.text((at, up.end - 3), name, "small", "middle"))
        room = at - size / 2
    return parts


def _below(labels: Iterable[tuple[float, str]]) -> list[str]:
    """Labels under the axis of a small chart, ascending: moved in at the edges, left out where they would touch."""
    parts, last = [], -math.inf
    for wanted, label in labels:
        half = svg.width(label, svg.SMALL) / 2
        x = min(max(wanted, half), SMALL_WIDTH - half)
        if x - half > last:
            parts.append(svg.text((x, SMALL_HEIGHT - 8), label, "small", "middle"))
            last = x + half
    return parts


def _few(ticks: list[float], most: int) -> list[float]:
    """At most so many ticks, evenly left out."""
    return ticks[:: -(-len(ticks) // most)] if ticks else []
