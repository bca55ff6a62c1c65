"""Confidence intervals hold what they promise, on values that follow each other as latencies do."""

import numpy as np
import pytest

from office.latency import bootstrap
from office.latency.buckets import Int64s
from office.latency.histogram import Histogram


def alike(random: np.random.Generator, count: int, memory: float) -> Int64s:
    """Values around a median of 10,000, each like the one before (AR(1))."""
    steps = random.normal(0, 1, count)
    course = np.empty(count)
    course[0] = steps[0]
    for number in range(1, count):
        course[number] = memory * course[number - 1] + np.sqrt(1 - memory**2) * steps[number]
    return np.maximum(10_000 + 800 * course, 0).astype(np.int64)


def coverage(memory: float, of_blocks: bool) -> float:
    """Share of 80 experiments whose 90 % interval has the true median."""
    random = np.random.default_rng(11)
    hits = 0
    for _ in range(80):
        values = alike(random, 1_000, memory)
        if of_blocks:
            draws = bootstrap.of_series(values, 50, random, draws=300)
        else:
            draws = bootstrap.of_histogram(Histogram.of(values), 50, random, draws=300)
        low, high = bootstrap.interval(draws, 0.9)
        hits += low <= 10_000 <= high
    return hits / 80


@pytest.mark.parametrize("of_blocks", [True, False])
def test_of_independent_values_the_interval_has_the_truth_as_often_as_it_says(of_blocks: bool) -> None:
    assert 0.8 <= coverage(0.0, of_blocks) <= 0.98


def test_of_values_that_follow_each_other_blocks_are_needed() -> None:
    assert coverage(0.7, of_blocks=True) > 0.75 > coverage(0.7, of_blocks=False) + 0.05


@pytest.mark.parametrize("percent", [1.0, 50.0, 99.0])
def test_a_histogram_is_resampled_as_its_values_drawn_one_by_one(percent: float) -> None:
    random = np.random.default_rng(5)
    values = np.sort(random.integers(0, 200, 301))
    of_histogram = bootstrap.of_histogram(Histogram.of(values), percent, random, draws=20_000)
    at = int(np.ceil(percent * 301 / 100)) - 1
    one_by_one = np.sort(random.choice(values, (20_000, 301)), axis=1)[:, at]
    for share in (5, 25, 50, 75, 95):
        assert np.percentile(of_histogram, share) == pytest.approx(np.percentile(one_by_one, share), abs=3)


def test_the_same_randomness_gives_the_same_draws() -> None:
    values = np.arange(100, dtype=np.int64)
    first, second = (bootstrap.of_series(values, 90, np.random.default_rng(1), draws=20) for _ in range(2))
    assert (first == second).all()


def test_one_value_is_all_that_one_value_gives() -> None:
    assert set(bootstrap.of_series(np.array([7]), 50, np.random.default_rng(1), draws=5)) == {7}
    assert set(bootstrap.of_histogram(Histogram.of([7]), 50, np.random.default_rng(1), draws=5)) == {7}


def test_nothing_cannot_be_resampled() -> None:
    random = np.random.default_rng(1)
    with pytest.raises(ValueError, match="nothing to resample"):
        bootstrap.of_series(np.array([], dtype=np.int64), 50, random)
    with pytest.raises(ValueError, match="nothing to resample"):
        bootstrap.of_histogram(Histogram(), 50, random)


def test_of_very_long_series_fewer_resamples_are_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bootstrap, "MOST_VALUES", 1_000)
    values = np.arange(500, dtype=np.int64)
    assert len(bootstrap.of_series(values, 50, np.random.default_rng(1), draws=1_500)) == bootstrap.FEWEST_DRAWS
