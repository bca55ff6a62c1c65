"""Recording, percentiles, merging, differences and the correction for coordinated omission."""

import math

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from office.latency.buckets import buckets
from office.latency.histogram import DAY_NS, Histogram, rank

SMALL = buckets(1, 1_000_000, 2)
values = st.lists(st.integers(0, 1_000_000), min_size=1, max_size=60)
percents = st.sampled_from([0.001, 1.0, 25.0, 50.0, 90.0, 99.0, 99.9, 99.99, 100.0])


@settings(deadline=None)
@given(values, percents)
def test_a_percentile_is_the_nearest_rank_within_the_digits(given_values: list[int], percent: float) -> None:
    exact = sorted(given_values)[math.ceil(round(percent * len(given_values) / 100, 9)) - 1]
    found = Histogram.of(given_values, SMALL).percentile(percent)
    assert exact <= found <= exact + exact // 100


@settings(deadline=None)
@given(values)
def test_the_extremes_are_exact(given_values: list[int]) -> None:
    made = Histogram.of(given_values, SMALL)
    assert (made.least, made.greatest, made.total) == (min(given_values), max(given_values), len(given_values))
    assert (made.percentile(0), made.percentile(100)) == (min(given_values), max(given_values))


@settings(deadline=None)
@given(values)
def test_counts_are_those_of_another_implementation(given_values: list[int]) -> None:
    other = HdrHistogram(1, 1_000_000, 2)
    for value in given_values:
        other.record_value(value)
    assert Histogram.of(given_values, SMALL).counts.tolist() == list(other.counts)


@settings(deadline=None)
@given(values)
def test_one_by_one_is_as_all_at_once(given_values: list[int]) -> None:
    made = Histogram(SMALL)
    for value in given_values:
        made.record(value)
    many = Histogram.of(given_values, SMALL)
    assert (made.counts == many.counts).all()
    assert (made.least, made.greatest) == (many.least, many.greatest)


@settings(deadline=None)
@given(values, values)
def test_merging_is_recording_both_and_since_takes_it_back(first: list[int], second: list[int]) -> None:
    whole, before = Histogram.of(first, SMALL), Histogram.of(first, SMALL)
    whole.add(Histogram.of(second, SMALL))
    both = Histogram.of(first + second, SMALL)
    assert (whole.counts == both.counts).all()
    assert (whole.least, whole.greatest) == (both.least, both.greatest)
    grown = whole.since(before)
    assert (grown.counts == Histogram.of(second, SMALL).counts).all()
    assert grown.least <= min(second)
    assert max(second) <= grown.greatest <= max(first + second)


def java_corrected(value: int, interval: int) -> list[int]:
    """`recordValueWithExpectedInterval` of HdrHistogram's Java class, as its source reads."""
    found = [value]
    if interval > 0:
        missing = value - interval
        while missing >= interval:
            found.append(missing)
            missing -= interval
    return found


@settings(deadline=None)
@given(st.integers(0, 1_000_000), st.integers(-1, 2_000_000), st.integers(1, 3))
def test_the_correction_adds_what_could_not_be_measured_meanwhile(value: int, interval: int, count: int) -> None:
    interval = max(interval, value // 2_000) if interval > 0 else interval  # the reference counts one by one
    made = Histogram(SMALL)
    made.record_corrected(value, interval, count)
    expected = Histogram.of(java_corrected(value, interval) * count, SMALL)
    assert (made.counts == expected.counts).all()
    assert (made.least, made.greatest) == (expected.least, expected.greatest)


@settings(deadline=None)
@given(values, st.integers(50, 100_000))
def test_a_corrected_copy_is_each_count_recorded_corrected(given_values: list[int], interval: int) -> None:
    interval = max(interval, max(given_values) // 2_000)
    plain = Histogram.of(given_values, SMALL)
    tops = [min(int(SMALL.tops[SMALL.index(value)]), plain.greatest) for value in given_values]
    expected = Histogram.of([each for top in tops for each in java_corrected(top, interval)], SMALL)
    corrected = plain.corrected(interval)
    assert (corrected.counts == expected.counts).all()
    assert corrected.total >= plain.total


def test_the_correction_of_a_long_stall_does_not_count_one_by_one() -> None:
    made = Histogram()
    made.record_corrected(DAY_NS, 1_000)  # 86.4 million missing values
    assert made.total == DAY_NS // 1_000
    assert made.percentile(50) == pytest.approx(DAY_NS / 2, rel=1e-3)


def test_a_stall_that_a_closed_loop_hides_shows_after_the_correction() -> None:
    """Tene's example: 100 s of 1 ms each at 100 a second, then a stall of 100 s: half of the time it was bad."""
    made = Histogram()
    made.record(1_000_000, 10_000)
    made.record(100_000_000_000)
    assert made.percentile(99.99) == pytest.approx(1_000_000, rel=1e-3)
    corrected = made.corrected(10_000_000)
    assert corrected.total == 20_000
    assert corrected.percentile(50) == pytest.approx(1_000_000, rel=1e-3)
    assert corrected.percentile(75) == pytest.approx(50_000_000_000, rel=1e-3)


@settings(deadline=None)
@given(values, st.sampled_from([(1, 1), (1_000_000_000, 2_500_000_000), (1_000_000_000, 999_999_937), (3, 1)]))
def test_scaling_is_off_by_half_a_count_at_most(given_values: list[int], ratio: tuple[int, int]) -> None:
    made = Histogram.of(given_values, SMALL).scaled(*ratio)
    exact = sorted(value * ratio[0] / ratio[1] for value in given_values)
    assert made.total == len(exact)
    assert (made.least, made.greatest) == (math.floor(exact[0] + 0.5), math.floor(exact[-1] + 0.5))
    for percent in (25.0, 50.0, 75.0):
        wanted = exact[rank(percent, len(exact)) - 1]
        assert made.percentile(percent) == pytest.approx(wanted, rel=1 / 200 + 1 / 1000, abs=1)


def test_a_histogram_of_another_layout_merges_at_the_smallest_value_of_each_count() -> None:
    made = Histogram(SMALL)
    made.add(Histogram.of([5, 123_456, 123_499], buckets(1, 10_000_000, 1)))
    assert made.total == 3
    assert (made.least, made.greatest) == (5, 123_499)


@pytest.mark.parametrize("wrong", [-1, 1_000_001])
def test_a_value_that_does_not_fit_is_refused_and_nothing_is_counted(wrong: int) -> None:
    made = Histogram(SMALL)
    with pytest.raises(ValueError, match=f"{wrong} does not fit a histogram of 0 to 1000000"):
        made.record(wrong)
    with pytest.raises(ValueError, match=str(wrong)):
        made.record_many(np.array([5, wrong]))
    assert (made.total, made.least, made.greatest) == (0, -1, -1)


def test_what_is_no_later_state_has_no_difference() -> None:
    with pytest.raises(ValueError, match="shrunk"):
        Histogram.of([1], SMALL).since(Histogram.of([1, 2], SMALL))
    with pytest.raises(ValueError, match="layouts"):
        Histogram.of([1], SMALL).since(Histogram.of([1]))


def test_an_empty_histogram_has_no_figures() -> None:
    empty = Histogram()
    assert (empty.total, empty.percentile(99), empty.mean(), empty.deviation()) == (0, 0, 0.0, 0.0)
    assert empty.corrected(10).total == empty.scaled(1, 2).total == 0


def test_mean_and_deviation() -> None:
    made = Histogram.of([10, 20, 30, 40])
    assert made.mean() == 25
    assert made.deviation() == pytest.approx(math.sqrt(125))
