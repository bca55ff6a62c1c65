"""Moments and paces as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import moments

BEGIN = 1_795_000_000_123_456_789


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("1795000000000000001", 1_795_000_000_000_000_001),
        ("0", 0),
        ("+0", BEGIN),
        ("+1.5", BEGIN + 1_500_000_000),
        ("+2.000000001", BEGIN + 2_000_000_001),
        ("2026-11-18T11:06:40", 1_795_000_000_000_000_000),
        ("2026-11-18 11:06:40.000000007Z", 1_795_000_000_000_000_007),
    ],
)
def test_moments_are_read(text: str, time: int) -> None:
    assert moments.parse(text, BEGIN) == time


@pytest.mark.parametrize(
    "text", ["", "noon", "-5", "+", "+1.", "1.5", "2026-13-01T00:00:00", "2026-11-18", "+1.0000000001", "١"]
)
def test_what_is_none_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no moment"):
        moments.parse(text, BEGIN)


@given(st.integers(0, (1 << 33) * 10**9))
def test_what_is_shown_is_read_back(time: int) -> None:
    assert moments.parse(moments.show(time), 0) == time


def test_times_that_no_calendar_has_are_shown_too() -> None:
    assert moments.show(1 << 70).endswith(" ns")


@pytest.mark.parametrize(("text", "factor"), [("max", None), ("1", 1.0), ("10x", 10.0), ("0.5", 0.5)])
def test_paces(text: str, factor: float | None) -> None:
    assert moments.speed(text) == factor


@pytest.mark.parametrize("text", ["0", "-1", "fast", "nan", "inf", ""])
def test_what_is_no_pace_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is no pace: give max, or a number"):
        moments.speed(text)
