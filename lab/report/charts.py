"""Pictures with a row for each variant or factor. Each gives SVG text, or "" without data."""

from collections.abc import Sequence
from statistics import median
from typing import Final

from lab.report import numbers
from rendering.svg import Picture, Scale, ticks

ROW: Final = 22
"""Pixels of a row."""
_LONGEST: Final = 26
_WIDE: Final = 7.4
"""Pixels of a character of a label."""


def shortened(name: str, most: int = _LONGEST) -> str:
    """A name that fits beside a picture."""
    return name if len(name) <= most else name[: most - 1] + "…"


def margin(names: Sequence[str]) -> int:
    """The pixels that names take beside a picture."""
    return round(16 + _WIDE * max(len(shortened(name)) for name in names))


def limits(values: Sequence[float]) -> tuple[float, float]:
    """The ends of an axis for values; from 0 on unless they are all far from it."""
    low, high = min(values), max(values)
    if 0 < low < 0.7 * high:
        low = 0.0
    room = (high - low or abs(low) or 1.0) / 25
    return low - (room if low else 0.0), high + (room if high or not low else 0.0)


def marks(low: float, high: float) -> list[float]:
    """Round values inside an axis."""
    return [value for value in ticks(low, high, 4) if low <= value <= high]


def strips(title: str, rows: Sequence[tuple[str, str, Sequence[float]]], unit: str) -> str:
    """Every run as a dot, a row for each variant, with a bar at the median; the first row's median goes through all.

    `rows`: name, class of the marks, values.
    """
    every = [value for _, _, values in rows for value in values]
    if not every:
        return ""
    picture = Picture(title, height=40 + ROW * len(rows), left=margin([name for name, _, _ in rows]), bottom=28)
    x = _across(picture, *limits(every))
    for place, (name, kind, values) in enumerate(rows):
        y = picture.top + ROW * (place + 0.5)
        picture.text(picture.left - 10, y + 4, shortened(name), "label", "end")
        if not values:
            picture.text(picture.left + 4, y + 4, "no run", "tick")
            continue
        middle = median(values)
        if place == 0:
            picture.line(x(middle), picture.top, x(middle), picture.bottom, "link")
        picture.line(x(middle), y - 8, x(middle), y + 8, f"median {kind}")
        for value in values:
            picture.dot(x(value), y, f"dot {kind}", f"{name}: {numbers.with_unit(numbers.figure(value, unit), unit)}")
    return picture.render()


def _across(picture: Picture, low: float, high: float) -> Scale:
    """A straight axis from left to right with lines and labels."""
    x = Scale(low, high, picture.left, picture.right - 14)
    for value in marks(low, high):
        picture.line(x(value), picture.top, x(value), picture.bottom, "zero" if value == 0 else "grid")
        picture.text(x(value), picture.bottom + 17, numbers.axis(value), "tick", "middle")
    return x


def effects(title: str, rows: Sequence[tuple[str, str, float, Sequence[float] | None, str]]) -> str:
    """Effects of factors as bars from 0 with their intervals. `rows`: name, class, effect, interval, hint."""
    if not rows:
        return ""
    picture = Picture(title, height=40 + ROW * len(rows), left=margin([row[0] for row in rows]), bottom=28)
    bars = [row[2] for row in rows]
    most = max(map(abs, bars)) or 1.0
    # A very wide interval is cut, so that the effects can be seen.
    ends = [max(-3 * most, min(3 * most, end)) for row in rows for end in row[3] or ()]
    x = _across(picture, *limits([0.0, *bars, *ends]))
    for place, (name, kind, effect, interval, hint) in enumerate(rows):
        y = picture.top + ROW * (place + 0.5)
        start, end = sorted((x(0), x(effect)))
        picture.text(picture.left - 10, y + 4, shortened(name), "label", "end")
        picture.bar(start, y - 7, max(end - start, 1), 14, kind, hint)
        if interval:
            low, high = (x(max(-3 * most, min(3 * most, bound))) for bound in interval)
            picture.line(low, y, high, y, "whisker t")
    return picture.render()
