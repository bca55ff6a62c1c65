"""Areas are in proportion to the values, and nothing overlaps or is left empty."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from image.treemap import Rectangle, lay_out

SURFACE = Rectangle(10, 20, 160, 100)
VALUES = st.lists(st.integers(1, 10**7), min_size=1, max_size=40).map(lambda values: sorted(values, reverse=True))


@given(VALUES)
def test_areas_are_in_proportion(values: list[int]) -> None:
    placed = lay_out(values, SURFACE)
    assert len(placed) == len(values)
    scale = SURFACE.width * SURFACE.height / sum(values)
    for value, place in zip(values, placed, strict=True):
        assert place.width * place.height == pytest.approx(value * scale, rel=1e-6)


@given(VALUES)
def test_everything_is_inside_and_nothing_overlaps(values: list[int]) -> None:
    placed = lay_out(values, SURFACE)
    slack = 1e-6
    for place in placed:
        assert place.x >= SURFACE.x - slack
        assert place.x + place.width <= SURFACE.x + SURFACE.width + slack
        assert place.y >= SURFACE.y - slack
        assert place.y + place.height <= SURFACE.y + SURFACE.height + slack
    for i, one in enumerate(placed):
        for other in placed[i + 1 :]:
            across = min(one.x + one.width, other.x + other.width) - max(one.x, other.x)
            down = min(one.y + one.height, other.y + other.height) - max(one.y, other.y)
            assert across <= slack or down <= slack


def test_equal_values_become_squares() -> None:
    for place in lay_out([1.0] * 4, Rectangle(0, 0, 100, 100)):
        assert place.width == pytest.approx(50)
        assert place.height == pytest.approx(50)


def test_nothing_has_no_rectangles() -> None:
    assert lay_out([], SURFACE) == []
