"""The pictures of the report, from figures of `store.analytics.summary`. Each gives SVG text, or "" without data."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import polars as pl

from rendering.svg import Picture, Scale, ticks
from store.analytics.report import numbers

Series = Sequence[tuple[str, str, Mapping[str, Mapping[str, Any]]]]


def bridge(title: str, parts: Sequence[tuple[str, int]], total: str, *, cost: bool = False) -> str:
    """How parts add up to a total: each bar starts where the last ended. `cost`: positive is bad."""
    if not any(amount for _, amount in parts):
        return ""
    bars, running = [], 0
    for name, amount in parts:
        bars.append((name, running, running + amount, _good(amount, cost)))
        running += amount
    bars.append((total, 0, running, "bar-total"))
    picture = Picture(title, bottom=44)
    edges = [edge for _, low, high, _ in bars for edge in (low, high)]
    values = ticks(min(edges) / 20_000, max(edges) / 20_000)
    scale = Scale(values[0], values[-1], picture.bottom, picture.top)
    picture.y_axis(values, scale, lambda value: numbers.short_dollars(value * 20_000))
    step = (picture.right - picture.left) / len(bars)
    for place, (name, start, end, kind) in enumerate(bars):
        top, low = scale(max(start, end) / 20_000), scale(min(start, end) / 20_000)
        x = picture.left + step * place + step * 0.16
        picture.bar(
            x, top, step * 0.68, max(low - top, 1), kind, f"{name}: {numbers.dollars(end - start, signed=True)}"
        )
        if place < len(bars) - 1:
            y = scale(end / 20_000)
            picture.line(x + step * 0.68, y, x + step * 1.0, y, "link")
        _stacked(picture, picture.left + step * (place + 0.5), name)
    return picture.render()


def _stacked(picture: Picture, x: float, name: str) -> None:
    """A label below the area in up to two lines."""
    for line, word in enumerate(name.split(" ", 1)):
        picture.text(x, picture.bottom + 17 + 13 * line, word, "tick", "middle")


def _good(amount: int, cost: bool) -> str:
    return "bar-good" if amount == 0 or (amount < 0) == cost else "bar-bad"


def profit_curve(curve: pl.DataFrame) -> str:
    """Profit over time, after and before fees."""
    if curve.height < 2:
        return ""
    rows = [(t, profit / 20_000, (profit + fees) / 20_000) for t, profit, fees, _ in curve.iter_rows()]
    start = rows[0][0]
    picture = Picture("Profit over time")
    every = [value for _, net, gross in rows for value in (net, gross)]
    values = ticks(min(0.0, *every), max(0.0, *every))
    y = Scale(values[0], values[-1], picture.bottom, picture.top)
    x = Scale(0, rows[-1][0] - start, picture.left, picture.right)
    picture.y_axis(values, y, lambda value: numbers.short_dollars(value * 20_000))
    net = [(x(t - start), y(value)) for t, value, _ in rows]
    picture.area(net, y(0), "area-total")
    picture.path([(x(t - start), y(value)) for t, _, value in rows], "line-gross")
    picture.path(net, "line-total")
    span = rows[-1][0] - start
    places = [span * quarter // 4 for quarter in range(5)]
    picture.x_labels(
        [(min(x(place), picture.right - 14), numbers.duration(place) if place else "0") for place in places]
    )
    return picture.render()


def intervals(title: str, series: Series) -> str:
    """Mean markouts by horizon in basis points, with their 95 % intervals. `series`: name, class, markouts."""
    known = [value for _, _, figures in series for value in figures.values() if value["bps"] is not None]
    if not known:
        return ""
    picture = Picture(title, left=44)
    most = max(abs(value["bps"]) for value in known)
    reach = [_reach(value, 4 * most) for value in known]
    values = ticks(min(0.0, *(low for low, _ in reach)), max(0.0, *(high for _, high in reach)))
    y = Scale(values[0], values[-1], picture.bottom, picture.top)
    picture.y_axis(values, y, lambda value: f"{value:.3g}".replace("-", "−"))
    names = list(series[0][2])
    step = (picture.right - picture.left) / len(names)
    for order, (name, kind, figures) in enumerate(series):
        points = []
        for place, horizon in enumerate(names):
            figure = figures[horizon]
            if figure["bps"] is None:
                continue
            x = picture.left + step * (place + 0.5) + 9 * (order - (len(series) - 1) / 2)
            low, high = _reach(figure, 4 * most)
            picture.line(x, y(low), x, y(high), f"whisker {kind}")
            points.append((x, y(figure["bps"]), f"{name}, {horizon}: {numbers.bps(figure['bps'])} bp"))
        picture.path([(x, at) for x, at, _ in points], f"line {kind}")
        for x, at, hint in points:
            picture.dot(x, at, f"dot {kind}", hint)
    picture.x_labels((picture.left + step * (place + 0.5), name) for place, name in enumerate(names))
    return picture.render()


def _reach(figure: Mapping[str, Any], limit: float) -> tuple[float, float]:
    """The ends of an interval; a very wide one, of few executions, is cut so that the others can be seen."""
    half = min(figure["ci95_bps"] or 0.0, limit)
    return figure["bps"] - half, figure["bps"] + half


def cumulative(title: str, series: Sequence[tuple[str, str, Sequence[int]]]) -> str:
    """Distribution functions of durations on a logarithmic axis. `series`: name, class, durations in ns.

    Durations of 0 have no place on such an axis: a line starts at their share. "" when there are no others.
    """
    every = [value for _, _, values in series for value in values if value > 0]
    if not every:
        return ""
    low, high = 10.0 ** math.floor(math.log10(min(every))), 10.0 ** math.ceil(math.log10(max(every) + 1))
    picture = Picture(title, left=44)
    y = Scale(0, 1, picture.bottom, picture.top)
    x = Scale(low, high, picture.left, picture.right, log=True)
    picture.y_axis([0, 0.25, 0.5, 0.75, 1], y, lambda value: f"{100 * value:.0f} %")
    _decades(picture, x, low, high)
    for _, kind, values in series:
        ordered = sorted(values)
        zeros = sum(value <= 0 for value in ordered)
        places = range(zeros, len(ordered), max(1, len(ordered) // 200))
        points = [(x(ordered[place]), y(place / len(ordered))) for place in places]
        if points:
            start = (picture.left, y(zeros / len(ordered)))
            picture.path([start, *points, (x(ordered[-1]), y(1))], f"line {kind}", steps=True)
    return picture.render()


def _decades(picture: Picture, x: Scale, low: float, high: float) -> None:
    """Lines and labels at powers of ten."""
    decades = round(math.log10(high / low))
    for decade in range(decades + 1):
        at = low * 10**decade
        picture.line(x(at), picture.top, x(at), picture.bottom, "grid")
        if decades <= 6 or decade % 2 == 0:
            picture.text(min(x(at), picture.right - 12), picture.bottom + 18, numbers.duration(at), "tick", "middle")


def diverging(title: str, rows: Sequence[tuple[str, int]], *, cost: bool = False) -> str:
    """Amounts by name, positive ones to the right. `cost`: positive is bad."""
    if not any(amount for _, amount in rows):
        return ""
    picture = Picture(title, height=34 + 22 * len(rows), left=132, bottom=26)
    low, high = min(0, *(amount for _, amount in rows)), max(0, *(amount for _, amount in rows))
    values = ticks(low / 20_000, high / 20_000, 4)
    x = Scale(values[0], values[-1], picture.left, picture.right - 8)
    for value in values:
        picture.line(x(value), picture.top - 4, x(value), picture.bottom, "zero" if value == 0 else "grid")
        picture.text(x(value), picture.bottom + 17, numbers.short_dollars(value * 20_000), "tick", "middle")
    for place, (name, amount) in enumerate(rows):
        y = picture.top + 22 * place
        start, end = sorted((x(0), x(amount / 20_000)))
        kind = _good(amount, cost)
        picture.bar(start, y, max(end - start, 1), 15, kind, f"{name}: {numbers.dollars(amount, signed=True)}")
        picture.text(picture.left - 8, y + 12, name if len(name) <= 19 else name[:18] + "…", "label", "end")
    return picture.render()
