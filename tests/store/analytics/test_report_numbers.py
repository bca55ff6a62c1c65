"""Amounts, ratios and times as text; ticks of axes."""

import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.analytics.report import numbers
from store.analytics.report.svg import Scale, ticks


@pytest.mark.parametrize(
    ("amount", "text"),
    [
        (0, "$0.00"),
        (20_000, "$1.00"),
        (-20_000, "−$1.00"),
        (99, "$0.00"),
        (-99, "$0.00"),
        (100, "$0.01"),
        (-100, "−$0.01"),
        (1_234_567 * 20_000 + 200, "$1,234,567.01"),
        (2 * 8 * 2**31 * 10**9, "$1,717,986,918,400,000.00"),
        (None, "–"),
    ],
)
def test_amounts_are_rounded_to_the_cent_by_integers(amount: int | None, text: str) -> None:
    assert numbers.dollars(amount) == text


def test_gains_have_a_sign_where_it_is_asked_for_and_zero_has_none() -> None:
    assert [numbers.dollars(n, signed=True) for n in (200, -200, 0)] == ["+$0.01", "−$0.01", "$0.00"]
    assert [numbers.bps(n) for n in (1.005, -0.004, -12.3, None)] == ["+1.00", "0.00", "−12.30", "–"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(0, "0 ns"), (999, "999 ns"), (1_500, "1.5 µs"), (38_812_345, "38.8 ms"), (2e9, "2 s"), (None, "–")],
)
def test_durations_have_the_unit_that_suits_them(value: float | None, text: str) -> None:
    assert numbers.duration(value) == text


@pytest.mark.parametrize(("amount", "text"), [(0, "$0"), (10_000, "$0.50"), (3e7, "$1.5k"), (-5e11, "−$25m")])
def test_axes_are_short(amount: float, text: str) -> None:
    assert numbers.short_dollars(amount) == text


_VALUES = st.floats(-1e9, 1e9, allow_subnormal=False)


@given(_VALUES, _VALUES)
def test_ticks_cover_the_values_evenly_and_are_few(one: float, other: float) -> None:
    low, high = sorted((one, other))
    found = ticks(low, high)
    if high > low:  # to a millionth of the picture
        assert found[0] <= low + 1e-6 * (high - low)
        assert found[-1] >= high - 1e-6 * (high - low)
    assert 2 <= len(found) <= 9
    steps = [after - before for before, after in itertools.pairwise(found)]
    assert all(math.isclose(step, steps[0], rel_tol=1e-3) for step in steps)


def test_a_scale_maps_ends_to_ends_and_a_point_range_to_its_start() -> None:
    assert [Scale(0, 10, 100, 0)(value) for value in (0, 5, 10)] == [100, 50, 0]
    assert [round(Scale(1, 100, 0, 10, log=True)(value), 6) for value in (1, 10, 100)] == [0, 5, 10]
    assert Scale(4, 4, 7, 9)(4) == 7
