"""Buckets under 1 % wide, percentiles within that of the exact ones."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp.histogram import Histogram, bucket, lower, percentiles


@given(st.integers(0, 1 << 60))
def test_a_bucket_starts_at_or_just_below_its_values(value: int) -> None:
    floor = lower(bucket(value))
    assert floor <= value
    assert value - floor <= value // 128
    assert bucket(floor) == bucket(value)


@given(st.lists(st.integers(0, 1 << 40), min_size=1, max_size=200))
def test_percentiles_are_within_one_per_cent(values: list[int]) -> None:
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    found = percentiles(histogram.export())
    ordered = sorted(values)
    for name, permille in (("p50", 500), ("p99", 990), ("p999", 999)):
        exact = ordered[max(1, -(-len(values) * permille // 1000)) - 1]
        got = found[name]
        assert isinstance(got, int)
        assert exact - exact // 128 - 1 <= got <= exact or got == ordered[0]
    assert (found["min"], found["max"], found["count"]) == (ordered[0], ordered[-1], len(values))


def test_no_samples() -> None:
    assert percentiles(Histogram().export()) == {
        "unit": "ns", "count": 0, "min": 0, "p50": 0, "p99": 0, "p999": 0, "max": 0,
    }  # fmt: skip


def test_memory_stays_small() -> None:
    rng, histogram = random.Random(1), Histogram()
    for _ in range(50_000):
        histogram.add(int(rng.lognormvariate(12, 2)))
    assert len(histogram.counts) < 3000


def test_something_else_is_refused() -> None:
    with pytest.raises(TypeError, match="not an exported histogram"):
        percentiles({"counts": 1, "count": 0, "min": 0, "max": 0})
