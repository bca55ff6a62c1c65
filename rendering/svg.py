"""A picture as SVG text: a frame with axes, and marks in it. Colours come from the page's classes, so it follows light
and dark. Every text that comes in is escaped."""

import math
from collections.abc import Callable, Iterable, Sequence
from html import escape
from typing import Final

WIDTH: Final = 440
HEIGHT: Final = 250
_STEPS: Final = (1, 2, 2.5, 5, 10)


def ticks(low: float, high: float, wanted: int = 5) -> list[float]:
    """Round values that cover low to high, about as many as wanted."""
    if not high > low:
        low, high = low - 1, high + 1
    rough = (high - low) / wanted
    size = 10.0 ** math.floor(math.log10(rough))
    step = next(size * factor for factor in _STEPS if size * factor >= rough * 0.999)
    first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
    return [step * place for place in range(first, last + 1)]


class Scale:
    """Maps values to pixels, straight or by the logarithm."""

    def __init__(self, low: float, high: float, start: float, end: float, *, log: bool = False) -> None:
        self._log = log
        self._low, self._high = (math.log(low), math.log(high)) if log else (low, high)
        if self._high == self._low:
            self._high = self._low + 1
        self._start, self._end = start, end

    def __call__(self, value: float) -> float:
        """The pixel of a value."""
        place = math.log(value) if self._log else value
        return self._start + (self._end - self._start) * (place - self._low) / (self._high - self._low)


class Picture:
    """SVG elements inside a frame. `left`, `right`, `top`, `bottom`: pixels of the area for marks."""

    def __init__(self, title: str, *, height: int = HEIGHT, left: int = 56, bottom: int = 30) -> None:
        self.title = title
        self.height = height
        self.left, self.right, self.top, self.bottom = left, WIDTH - 12, 12, height - bottom
        self._parts: list[str] = []

    def line(self, x1: float, y1: float, x2: float, y2: float, kind: str) -> None:
        """A straight line."""
        self._parts.append(f'<line class="{kind}" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>')

    def path(self, points: Iterable[tuple[float, float]], kind: str, *, steps: bool = False) -> None:
        """A line through points; in steps where a value holds until the next."""
        text = ""
        for place, (x, y) in enumerate(points):
            text += f"M{x:.1f} {y:.1f}" if not place else f"H{x:.1f}V{y:.1f}" if steps else f"L{x:.1f} {y:.1f}"
        if text:
            self._parts.append(f'<path class="{kind}" d="{text}"/>')

    def area(self, points: Sequence[tuple[float, float]], base: float, kind: str) -> None:
        """What lies between points and a horizontal line."""
        if points:
            inner = "".join(f"L{x:.1f} {y:.1f}" for x, y in points)
            first, last = points[0][0], points[-1][0]
            self._parts.append(f'<path class="{kind}" d="M{first:.1f} {base:.1f}{inner}L{last:.1f} {base:.1f}Z"/>')

    def bar(self, x: float, y: float, width: float, height: float, kind: str, hint: str) -> None:
        """A rectangle with a text that shows when one points at it."""
        self._parts.append(
            f'<rect class="{kind}" x="{x:.1f}" y="{y:.1f}" width="{max(width, 0):.1f}" height="{max(height, 0):.1f}" '
            f'rx="2"><title>{escape(hint)}</title></rect>'
        )

    def dot(self, x: float, y: float, kind: str, hint: str) -> None:
        """A point with a text that shows when one points at it."""
        self._parts.append(
            f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="3.5"><title>{escape(hint)}</title></circle>'
        )

    def text(self, x: float, y: float, text: str, kind: str = "label", anchor: str = "start") -> None:
        """A label; `anchor` is start, middle or end."""
        self._parts.append(f'<text class="{kind}" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{escape(text)}</text>')

    def y_axis(self, values: Sequence[float], scale: Scale, name: Callable[[float], str]) -> None:
        """Horizontal lines with their values; the one at 0 is stronger."""
        for value in values:
            y = scale(value)
            self.line(self.left, y, self.right, y, "zero" if value == 0 else "grid")
            self.text(self.left - 6, y + 4, name(value), "tick", "end")

    def x_labels(self, places: Iterable[tuple[float, str]]) -> None:
        """Labels below the area."""
        for x, name in places:
            self.text(x, self.bottom + 18, name, "tick", "middle")

    def render(self) -> str:
        """The picture as one element."""
        return (
            f'<svg viewBox="0 0 {WIDTH} {self.height}" role="img" aria-label="{escape(self.title)}">'
            f"{''.join(self._parts)}</svg>"
        )
