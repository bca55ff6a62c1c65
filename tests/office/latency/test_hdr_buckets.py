"""The layout of counts is HdrHistogram's: beside an independent implementation, and by its own definition."""

import numpy as np
import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from office.latency.buckets import GREATEST, Buckets, buckets

LAYOUTS = [
    (1, 2, 1),
    (1, 3_600_000_000, 1),
    (1, 3_600_000_000_000, 2),
    (1, 86_400_000_000_000, 3),
    (1000, 3_600_000_000_000, 3),
    (1, 10_000_000, 4),
    (7, 1 << 40, 5),
]
layouts = st.sampled_from([buckets(*limits) for limits in LAYOUTS])
without_deadline = settings(deadline=None)  # a large layout is worked out once, which takes its time


@pytest.mark.parametrize("limits", LAYOUTS)
def test_there_are_as_many_counts_as_in_another_implementation(limits: tuple[int, int, int]) -> None:
    assert Buckets(*limits).size == HdrHistogram(*limits).counts_len


@without_deadline
@given(layouts, st.integers(0, 1 << 40))
def test_every_value_has_the_count_that_another_implementation_gives_it(layout: Buckets, value: int) -> None:
    value = min(value, layout.highest)
    other = HdrHistogram(layout.lowest, layout.highest, layout.digits)
    index = layout.index(value)
    assert index == other._counts_index_for(value)
    assert layout.floors[index] == other.get_value_from_index(index)
    assert layout.floors[index] <= value <= layout.tops[index]
    assert layout.tops[index] == other.get_highest_equivalent_value(value)


@settings(deadline=None)
@given(st.lists(st.integers(0, GREATEST), min_size=1))
def test_many_values_at_once_have_the_same_counts_as_one_by_one(values: list[int]) -> None:
    layout = buckets(1, GREATEST, 3)
    assert layout.indices(np.array(values, dtype=np.int64)).tolist() == [layout.index(value) for value in values]


@without_deadline
@given(layouts)
def test_counts_cover_all_values_without_gap_or_overlap(layout: Buckets) -> None:
    assert layout.floors[0] == 0
    assert (layout.floors[1:] == layout.tops[:-1] + 1).all()
    assert layout.tops[-1] >= layout.highest


@pytest.mark.parametrize("digits", [1, 2, 3, 4, 5])
def test_a_count_is_never_wider_than_one_part_in_ten_to_the_digits(digits: int) -> None:
    layout = buckets(1, 1 << 34, digits)
    widths = layout.tops - layout.floors
    assert (widths * 10**digits <= layout.floors).all()


@pytest.mark.parametrize(
    ("limits", "text"),
    [
        ((1, 100, 0), "1 to 5 significant digits, not 0"),
        ((1, 100, 6), "1 to 5 significant digits, not 6"),
        ((0, 100, 3), "the lowest value of a histogram is 1 to"),
        ((60, 100, 3), r"twice its lowest \(120\) to"),
        ((1, 1 << 63, 3), "not 9223372036854775808"),
        ((1 << 60, 1 << 61, 5), "5 digits do not fit 64 bits"),
    ],
)
def test_an_impossible_layout_is_refused_with_its_value(limits: tuple[int, int, int], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Buckets(*limits)
