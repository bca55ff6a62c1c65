"""Lays numbers out as rectangles whose areas are in proportion to them, as square as they will be.

The method is the squarified treemap of Bruls, Huizing and van Wijk (2000): rows are filled along the shorter side as
long as that makes their worst rectangle less elongated.
"""

from collections.abc import Sequence
from typing import NamedTuple


class Rectangle(NamedTuple):
    """Left, top, width and height, in whatever unit the surface has."""

    x: float
    y: float
    width: float
    height: float


def lay_out(values: Sequence[float], surface: Rectangle) -> list[Rectangle]:
    """One rectangle for each value, in order; best when the values fall. Values must be greater than 0."""
    total = sum(values)
    areas = [value * surface.width * surface.height / total for value in values]
    placed: list[Rectangle] = []
    free = surface
    while len(placed) < len(areas):
        row = _row(areas[len(placed) :], min(free.width, free.height))
        rectangles, free = _place(row, free)
        placed += rectangles
    return placed


def _row(areas: Sequence[float], side: float) -> list[float]:
    """The first areas, as many as make the best row along `side`."""
    row = [areas[0]]
    for area in areas[1:]:
        if _worst([*row, area], side) > _worst(row, side):
            break
        row.append(area)
    return row


def _worst(row: Sequence[float], side: float) -> float:
    """The largest ratio of sides in a row along `side`."""
    thickness = sum(row) / side if side else 0.0
    if not thickness:
        return float("inf")
    return max(max(thickness * thickness / area, area / (thickness * thickness)) for area in row)


def _place(row: Sequence[float], free: Rectangle) -> tuple[list[Rectangle], Rectangle]:
    """The rectangles of a row at the free surface's left or top edge, and what remains free."""
    placed, total = [], sum(row)
    if free.width >= free.height:
        thickness, at = total / free.height if free.height else 0.0, free.y
        for area in row:
            placed.append(Rectangle(free.x, at, thickness, area / thickness if thickness else 0.0))
            at += placed[-1].height
        return placed, Rectangle(free.x + thickness, free.y, max(free.width - thickness, 0.0), free.height)
    thickness, at = total / free.width, free.x
    for area in row:
        placed.append(Rectangle(at, free.y, area / thickness if thickness else 0.0, thickness))
        at += placed[-1].width
    return placed, Rectangle(free.x, free.y + thickness, free.width, max(free.height - thickness, 0.0))
