"""Raises of repeats in a plan's dictionary, and what is said of them."""

import pytest

from lab import raises
from lab.errors import StorageError
from lab.model import Result
from lab.raises import Raise
from tests.lab.test_storage import OTHER, RUN

DONE = [Result(RUN, metrics={"loc_per_s": 1.0}), Result(OTHER, error="panic")]


def test_more_repeats_than_ever_after_a_result_are_a_raise() -> None:
    assert raises.after(None, 5, DONE) == []
    assert raises.after({"repeats": 3}, 3, DONE) == []
    assert raises.after({"repeats": 3}, 5, DONE[1:]) == []
    found = raises.after({"repeats": 3}, 5, DONE)
    assert found == [Raise(3, 5, 1)]
    assert raises.after({"repeats": 2} | raises.as_dict(found), 5, DONE) == found
    assert raises.after({"repeats": 2} | raises.as_dict(found), 6, DONE) == [*found, Raise(5, 6, 1)]


def test_they_are_told_with_their_steps() -> None:
    assert raises.words([]) == ""
    assert raises.words([Raise(3, 5, 12)]) == (
        "repeats were raised once after results were there (3 to 5, with 12 results): "
        "that finds false effects more often"
    )
    assert "raised 2 times" in raises.words([Raise(3, 5, 12), Raise(5, 6, 20)])


@pytest.mark.parametrize("content", [7, [7], [{}], [{"before": 1, "after": 2, "results": 3, "else": 4}]])
def test_what_is_no_raise_is_refused(content: object) -> None:
    with pytest.raises(StorageError, match=r"no raises of repeats.*--fresh"):
        raises.of({raises.KEY: content})
