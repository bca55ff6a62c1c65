"""Options that take a number take only one that can be compared and counted with."""

import click
import pytest

from protocols.finite_range import FiniteRange


@pytest.mark.parametrize(("text", "value"), [("0.5", 0.5), ("1", 1.0), ("1e-3", 0.001)])
def test_numbers_in_the_range_are_taken(text: str, value: float) -> None:
    assert FiniteRange(0, 1).convert(text, None, None) == value


@pytest.mark.parametrize("text", ["nan", "-nan", "inf", "-inf", "1.1", "one"])
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(click.BadParameter):
        FiniteRange(0, 1).convert(text, None, None)
    if text not in ("one", "1.1"):
        with pytest.raises(click.BadParameter, match=r"is not in the range x>=0"):
            FiniteRange(0).convert(text, None, None)
