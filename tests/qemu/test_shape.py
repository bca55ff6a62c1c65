"""Shapes of JSON values: what fits, and how what does not fit is named."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qemu.shape import Each, misfit

BOOK = {"bids": [[int]], "name?": str}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["bids", "name", "x"]), inner),
    max_leaves=10,
)


@pytest.mark.parametrize(
    ("value", "shape"),
    [
        (5, int),
        (5, float),
        (5.5, float),
        (True, bool),
        (None, (None, float)),
        (1, (None, float)),
        ([1, 2], [int]),
        ([], [int]),
        ({"bids": [[1, 2]], "more": "x"}, BOOK),
        ({"bids": [], "name": "x"}, BOOK),
        ({"AAPL": 1}, Each(int)),
    ],
)
def test_what_fits(value: object, shape: Any) -> None:
    assert misfit(value, shape) is None


@pytest.mark.parametrize(
    ("value", "shape", "text"),
    [
        ("5", int, "it is '5', not an integer"),
        (True, int, "it is True, not an integer"),
        (1, bool, "it is 1, not true or false"),
        (5.0, int, "it is 5.0, not an integer"),
        ("x", (None, float), "it is 'x', not null"),
        ({}, [int], "it is {}, not a list"),
        ([1, "2"], [int], "[1] is '2', not an integer"),
        ([], BOOK, "it is [], not an object"),
        ({}, BOOK, "bids is missing"),
        ({"bids": [[1], None]}, BOOK, "bids[1] is None, not a list"),
        ({"bids": [], "name": 3}, BOOK, "name is 3, not a text"),
        ({"AAPL": None}, Each(int), "AAPL is None, not an integer"),
        ([], Each(int), "it is [], not an object"),
    ],
)
def test_what_does_not_fit_is_named(value: object, shape: Any, text: str) -> None:
    assert misfit(value, shape) == text


@given(JSON)
def test_no_value_raises(value: object) -> None:
    if misfit(value, BOOK) is None:
        assert isinstance(value, dict)
        assert all(type(number) is int for level in value["bids"] for number in level)
