"""What the charts are made of: scales with their ticks, and SVG elements as text. Units: pixels of the view box."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Protocol

Point = tuple[float, float]

SMALL, LABEL = 6.0, 7.2
"""Widths of a character of 10 and of 12 pixels, bold: rather too wide, as the reader's font is not known."""
_GAP = 10.0


class Scale(Protocol):
    """Turns values into positions; `ticks`: values that deserve a line."""

    def __call__(self, value: float) -> float:
        """Position of a value."""

    def ticks(self) -> list[float]:
        """Values for grid lines, ascending."""


@dataclass(frozen=True, slots=True)
class LogScale:
    """Logarithmic, from `low` to `high` (both above 0) onto `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Position of a value, which is moved into the range."""
        value = min(max(value, self.low), self.high)
        return self.start + (self.end - self.start) * math.log(value / self.low) / math.log(self.high / self.low)

    def ticks(self) -> list[float]:
        """Powers of ten, with 2 and 5 over three decades or less, with more over one; over less round values."""
        if self.high < 3.2 * self.low:
            return LinearScale(self.low, self.high, self.start, self.end).ticks(4)
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        steps = (1, 2, 3, 4, 6, 8) if self.high < 10 * self.low else (1, 2, 5) if self.high < 1_200 * self.low else (1,)
        found = [step * 10.0**power for power in range(first, last + 1) for step in steps]
        return [tick for tick in found if self.low <= tick <= self.high * (1 + 1e-9)]


@dataclass(frozen=True, slots=True)
class LinearScale:
    """Linear, from `low` to `high` onto `start` to `end`."""

    low: float
    high: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Position of a value."""
        return self.start + (self.end - self.start) * (value - self.low) / ((self.high - self.low) or 1.0)

    def ticks(self, most: int = 6) -> list[float]:
        """At most `most` + 1 round values."""
        span = (self.high - self.low) or 1.0
        power = 10.0 ** math.floor(math.log10(span / most))
        step = next(power * each for each in (1, 2, 5, 10) if span / (power * each) <= most)
        first = math.ceil(self.low / step - 1e-9)
        last = math.floor(self.high / step + 1e-9)
        return [number * step for number in range(first, last + 1)]


@dataclass(frozen=True, slots=True)
class TailScale:
    """HdrHistogram's axis of percentiles: `1 / (1 - share)`, logarithmic, so that every nine is as wide as the first.

    Shares from 0 on; `last`: the greatest `1 / (1 - share)` shown.
    """

    last: float
    start: float
    end: float

    def __call__(self, value: float) -> float:
        """Position of a share of 0 to 1."""
        tail = 1 / max(1 - value, 1 / self.last)
        return self.start + (self.end - self.start) * math.log(tail) / math.log(self.last)

    def ticks(self) -> list[float]:
        """Shares 0, 0.5, 0.9, 0.99, ... that are inside."""
        nines = [1 - 10.0**-power for power in range(1, 12)]
        return [share for share in (0.0, 0.5, *nines) if 1 / (1 - share) <= self.last * (1 + 1e-6)]


def around(values: Iterable[float]) -> tuple[float, float]:
    """Limits for a logarithmic scale with some room around positive values; 1 to 10 when there are none."""
    known = [max(value, 1.0) for value in values]
    low, high = (min(known), max(known)) if known else (1.0, 10.0)
    return low / 1.25, high * 1.25


def width(content: str, character: float) -> float:
    """About how wide a text is."""
    return character * len(content)


def spread(labels: Sequence[tuple[float, str]], left: float, right: float) -> list[tuple[float, int]]:
    """Places for bold labels that begin at or left of where they want to: x, and the first row that is free there."""
    rows: list[list[tuple[float, float]]] = []
    places = []
    for wanted, content in labels:
        size = width(content, LABEL)
        x = max(left, min(wanted, right - size))
        free = (n for n, row in enumerate(rows) if all(x >= end + _GAP or x + size + _GAP <= at for at, end in row))
        number = next(free, len(rows))
        if number == len(rows):
            rows.append([])
        rows[number].append((x, x + size))
        places.append((x, number))
    return places


def line(first: Point, second: Point, style: str) -> str:
    """A straight line of a CSS class."""
    (x1, y1), (x2, y2) = first, second
    return f'<line class="{style}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'


def path(points: Sequence[Point], style: str, title: str = "") -> str:
    """An open path through points, with a text that shows when it is pointed at."""
    course = "L".join(f"{x:.1f} {y:.1f}" for x, y in points)
    return f'<path class="{style}" d="M{course}">{_title(title)}</path>' if points else ""


def area(upper: Sequence[Point], lower: Sequence[Point], style: str) -> str:
    """The area between two courses of the same points along x."""
    course = "L".join(f"{x:.1f} {y:.1f}" for x, y in (*upper, *reversed(lower)))
    return f'<path class="{style}" d="M{course}Z"/>' if upper else ""


def box(x: float, y: float, width: float, height: float, style: str, title: str = "") -> str:
    """A rectangle, with a text that shows when it is pointed at."""
    return (
        f'<rect class="{style}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}">'
        f"{_title(title)}</rect>"
    )


def dot(point: Point, style: str, title: str = "") -> str:
    """A dot, with a text that shows when it is pointed at."""
    return f'<circle class="{style}" cx="{point[0]:.1f}" cy="{point[1]:.1f}" r="2">{_title(title)}</circle>'


def text(point: Point, content: str, style: str = "label", anchor: str = "start") -> str:
    """A line of text."""
    return (
        f'<text class="{style}" x="{point[0]:.1f}" y="{point[1]:.1f}" text-anchor="{anchor}">{escape(content)}</text>'
    )


def picture(width: float, height: float, parts: Iterable[str], title: str) -> str:
    """The whole picture, as wide as its place and never wider than it was drawn."""
    return (
        f'<svg viewBox="0 0 {width:g} {height:g}" style="max-width:{width:g}px" role="img"'
        f' aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def _title(content: str) -> str:
    return f"<title>{escape(content)}</title>" if content else ""
