"""Buckets under 1 % wide, percentiles within that of the exact ones."""

from array import array

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp.histogram import SIZE, Histogram, bucket, export, lower, percentiles


@given(st.integers(0, 1 << 60))
def test_a_bucket_starts_at_or_just_below_its_values(value: int) -> None:
    floor = lower(bucket(value))
    assert floor <= value
    assert value - floor <= value // 128
    assert bucket(floor) == bucket(value)


@given(st.lists(st.integers(0, (1 << 40) - 1), min_size=1, max_size=200))
def test_percentiles_are_within_one_per_cent(values: list[int]) -> None:
    histogram = Histogram()
    for value in values:
        histogram.record(value)
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


def test_a_histogram_lives_in_any_words_and_goes_on_with_what_is_there() -> None:
    words = memoryview(array("q", bytes(8 * SIZE)))
    Histogram(words).record(300)
    Histogram(words).record(7)
    assert export(words) == {"count": 2, "min": 7, "max": 300, "counts": {7: 1, bucket(300): 1}}
    with pytest.raises(ValueError, match=f"a histogram has {SIZE} words, not 3"):
        Histogram(words[:3])


@pytest.mark.parametrize(
    ("value", "number"),
    [(0, 0), (127, 127), ((1 << 40) - 1, bucket((1 << 40) - 1)), (1 << 40, bucket((1 << 40) - 1)), (-1, 0)],
)
def test_the_ends_of_the_scale(value: int, number: int) -> None:
    histogram = Histogram()
    histogram.record(value)
    exported = histogram.export()
    assert exported["counts"] == {number: 1}
    assert exported["max"] == max(0, value)


def test_something_else_is_refused() -> None:
    with pytest.raises(TypeError, match="not an exported histogram"):
        percentiles({"counts": 1, "count": 0, "min": 0, "max": 0})
