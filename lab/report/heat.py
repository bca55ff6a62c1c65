"""A picture of how much happened in each second, as squares. SVG text, or "" without data."""

import math
from collections.abc import Sequence
from typing import Final

from lab.report import numbers
from lab.report.charts import ROW, margin, shortened
from rendering.svg import Picture

HEATS: Final = 6
"""Shades above none."""


def heat(title: str, rows: Sequence[tuple[str, Sequence[float]]]) -> str:
    """A square for each second of each variant, darker by the logarithm of the count. `rows`: name, count a second."""
    length = max((len(values) for _, values in rows), default=0)
    if not length:
        return ""
    picture = Picture(title, height=40 + ROW * len(rows), left=margin([name for name, _ in rows]), bottom=28)
    most = max(max(values, default=0.0) for _, values in rows)
    width = (picture.right - picture.left) / length
    for place, (name, values) in enumerate(rows):
        y = picture.top + ROW * place
        picture.text(picture.left - 10, y + 15, shortened(name), "label", "end")
        for second, value in enumerate(values):
            hint = f"{name}, second {second + 1}: {numbers.figure(value)}"
            picture.bar(
                picture.left + width * second, y + 2, max(width - 1, 0.6), ROW - 4, f"h{heat_class(value, most)}", hint
            )
    step = max(1, math.ceil(length / 6))
    picture.x_labels(
        (picture.left + width * (second + 0.5), f"{second + 1} s" if second == 0 else str(second + 1))
        for second in range(0, length, step)
    )
    return picture.render()


def heat_class(value: float, most: float) -> int:
    """0 for nothing, then 1 to `HEATS` by the logarithm."""
    if value <= 0:
        return 0
    if value < 1 or most <= 1:
        return 1
    return 1 + min(HEATS - 1, int(HEATS * math.log(value) / math.log(most) + 1e-9))


def legend_of_heat(most: float) -> Sequence[tuple[str, str]]:
    """What the squares' colours stand for: class and text."""
    bounds = [numbers.axis(float(f"{max(1.0, most) ** (step / HEATS):.2g}")) for step in range(1, HEATS)]
    texts = ["none", f"under {bounds[0]}", *(f"from {bound}" for bound in bounds)]
    kinds = [f"h{step}" for step in range(HEATS + 1)]
    return list(zip(kinds, texts, strict=True))
