"""Figures, changes and intervals as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.report import numbers


@pytest.mark.parametrize(
    ("value", "unit", "text"),
    [
        (0.0, "", "0"),
        (14_654.0, "instructions", "14,654"),
        (-12.0, "", "−12"),
        (1003.4, "1/s", "1,003"),
        (98.376, "1/s", "98.38"),
        (0.2, "", "0.2"),
        (99.98765, "%", "99.9877"),
        (0.00012345, "", "0.0001234"),
        (1.5e-12, "", "1.5e-12"),
        (None, "", "–"),
    ],
)
def test_figures_have_four_digits_and_shares_of_time_six(value: float | None, unit: str, text: str) -> None:
    assert numbers.figure(value, unit) == text


def test_changes_have_a_sign_and_none_is_none() -> None:
    assert [numbers.change(value) for value in (3.5, -3.5, 0.0, None)] == ["+3.5", "−3.5", "0", "–"]


@pytest.mark.parametrize(
    ("value", "text"),
    [(5.123, "+5.12 %"), (-100.0, "−100 %"), (0.0, "0 %"), (-0.000301, "−0.000301 %"), (4900.0, "×50"), (None, "–")],
)
def test_percentages_have_three_digits_and_many_times_as_much_is_said_so(value: float | None, text: str) -> None:
    assert numbers.percent(value) == text


def test_intervals_chances_and_units() -> None:
    assert numbers.span((-1.5, 2.0)) == "−1.5 … +2"
    assert numbers.span(None) == "–"
    assert [numbers.chance(value) for value in (1.0, 0.0312, 1e-9, None)] == ["1.00", "0.031", "< 0.001", "–"]
    assert numbers.with_unit("5", "µs") == "5 µs"
    assert numbers.with_unit("5", "") == "5"
    assert numbers.with_unit("–", "µs") == "–"


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (1500, "1500"), (14_580, "14.58k"), (-2e7, "−20M"), (0.05, "0.05")]
)
def test_axes_are_short(value: float, text: str) -> None:
    assert numbers.axis(value) == text


@given(st.floats(-1e15, 1e15, allow_subnormal=False))
def test_a_figure_is_what_it_says(value: float) -> None:
    text = numbers.figure(value).replace(",", "").replace("−", "-")
    assert float(text) == pytest.approx(value, rel=1e-3)
