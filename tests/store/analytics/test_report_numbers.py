"""Amounts, ratios and times as text."""

import pytest

from store.analytics.report import numbers


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
    [
        (0, "0 ns"),
        (999, "999 ns"),
        (1_500, "1.5 µs"),
        (999_700, "1,000 µs"),
        (38_812_345, "38.8 ms"),
        (2e9, "2 s"),
        (23_400e9, "23,400 s"),
        (None, "–"),
    ],
)
def test_durations_have_the_unit_that_suits_them(value: float | None, text: str) -> None:
    assert numbers.duration(value) == text


@pytest.mark.parametrize(("amount", "text"), [(0, "$0"), (10_000, "$0.50"), (3e7, "$1.5k"), (-5e11, "−$25m")])
def test_axes_are_short(amount: float, text: str) -> None:
    assert numbers.short_dollars(amount) == text
