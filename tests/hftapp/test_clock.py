"""The clock: calibration, adjustment, and that it never goes backwards."""

import time
from array import array
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp import clock
from hftapp.clock import MAX_SLEW, SECOND, SETTLE_NS, Clock, Timescale, manual

GHZ = 2_600_000_000


def test_ticks_become_nanoseconds() -> None:
    scale = Timescale(1_000, 50, GHZ)
    assert scale.at(1_000) == 50
    assert abs(scale.at(1_000 + GHZ) - (50 + SECOND)) <= 1
    assert abs(scale.at(1_000 + 86_400 * GHZ) - (50 + 86_400 * SECOND)) < 86_400


def test_a_tick_before_the_origin_is_the_origin() -> None:
    assert Timescale(1_000, 50, GHZ).at(1) == 50


@pytest.mark.parametrize("error", [0, 1_000, -1_000, 400_000, -400_000])
def test_an_error_is_gone_a_second_after_it_was_told(error: int) -> None:
    scale = Timescale(0, 0, GHZ)
    scale.adjust(GHZ, SECOND + error, GHZ)
    assert abs(scale.at(GHZ) - SECOND) <= 1, "no step"
    assert abs(scale.at(2 * GHZ) - (2 * SECOND + error)) <= 4


def test_the_rate_changes_by_half_a_thousandth_at_most() -> None:
    scale = Timescale(0, 0, GHZ)
    scale.adjust(GHZ, 100 * SECOND, GHZ)
    assert abs(scale.at(2 * GHZ) - (2 * SECOND + SETTLE_NS * MAX_SLEW // 1_000_000)) <= 2


def test_a_rate_that_was_measured_wrong_stays_within_a_second_s_error() -> None:
    """100 millionths too slow: 100 µs a second; told every second, the clock is never further off than that."""
    scale = Timescale(0, 0, GHZ + GHZ // 10_000)
    for second in range(1, 100):
        assert abs(scale.at(second * GHZ) - second * SECOND) <= 101_000
        scale.adjust(second * GHZ, second * SECOND, second * GHZ)


@given(
    st.lists(st.tuples(st.integers(1, 10 * GHZ), st.integers(-(10**12), 10**12), st.integers(0, 2 * GHZ)), max_size=30)
)
def test_it_never_goes_backwards_nor_steps_whatever_it_is_told_and_however_late(
    steps: list[tuple[int, int, int]],
) -> None:
    scale, ticks, shown = Timescale(0, 0, GHZ), 0, 0
    for step, error, late in steps:
        ticks += step
        present = ticks + late
        now = scale.at(present)
        assert now >= shown
        scale.adjust(ticks, scale.at(ticks) + error, present)
        scale.adjust(present, 0, present)  # not measured after it: nothing
        assert scale.at(present) == now
        ticks, shown = present, now


def test_an_error_that_is_told_late_is_gone_a_second_later_still() -> None:
    """From another process, a tenth of a second after it was measured."""
    scale = Timescale(0, 0, GHZ)
    present = GHZ + GHZ // 10
    scale.adjust(GHZ, SECOND - 50_000, present)
    assert abs(scale.at(present) - (SECOND + SECOND // 10)) <= 1, "no step"
    assert abs(scale.at(present + GHZ) - (2 * SECOND + SECOND // 10 - 50_000)) <= 4


def test_a_rate_must_be_positive() -> None:
    with pytest.raises(ValueError, match="0 ticks a second: a clock must run forward"):
        Timescale(0, 0, 0)


def test_interpreted_the_clock_is_the_kernel_s() -> None:
    made = Clock()
    before = time.monotonic_ns()
    assert before <= made.now() <= time.monotonic_ns()
    assert not made.tsc
    assert made.scale.ticks_per_second == SECOND


def test_a_clock_by_hand_shows_what_it_is_set_to() -> None:
    made = manual(7)
    assert (made.now(), made.ticks()) == (7, 7)
    made.time = 9
    assert (made.now(), made.ticks()) == (9, 9)


def test_a_reference_is_followed_once_it_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    words = memoryview(array("q", bytes(8 * clock.REFERENCE)))
    made = Clock()
    assert not made.follow(words), "nothing has been written yet"
    clock.publish(words)
    assert made.follow(words)
    assert words[0] == 2
    assert abs(words[2] - time.monotonic_ns()) < 60 * SECOND
    words[0] = 3
    assert not made.follow(words), "it is just being written"


@pytest.mark.parametrize(
    ("flags", "source"),
    [
        ("fpu tsc constant_tsc nonstop_tsc", "TSC (invariant)"),
        ("fpu tsc hypervisor", "TSC (virtual)"),
        ("fpu tsc constant_tsc", "monotonic clock (no invariant TSC)"),
        ("fpu hypervisor", "monotonic clock (no invariant TSC)"),
    ],
)
def test_which_counters_are_trusted(tmp_path: Path, flags: str, source: str) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(f"processor\t: 0\nflags\t\t: {flags}\n")
    assert clock._source(cpuinfo) == source
    assert clock._source(tmp_path / "none") == "monotonic clock (no cpuinfo)"
