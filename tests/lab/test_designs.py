"""Which combinations of levels a design boots."""

import itertools
import math
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab import designs

LEVELS = st.lists(st.integers(2, 5), min_size=2, max_size=8)
FEW = st.lists(st.integers(2, 3), min_size=2, max_size=5)


def everything(_row: object) -> bool:
    return True


def covered(rows: list[designs.Row]) -> set[designs.Pair]:
    return {pair for row in rows for pair in itertools.combinations(enumerate(row), 2)}


def test_one_factor_changes_one_thing_at_a_time() -> None:
    assert designs.rows("one-factor", [3, 2], everything) == [(0, 0), (1, 0), (2, 0), (0, 1)]


def test_steps_keep_what_was_changed() -> None:
    assert designs.rows("steps", [2, 3], everything) == [(0, 0), (1, 0), (1, 1), (1, 2)]


def test_full_is_every_combination() -> None:
    assert designs.rows("full", [2, 2], everything) == [(0, 0), (0, 1), (1, 0), (1, 1)]


def test_full_leaves_out_what_cannot_be_booted() -> None:
    assert (1, 1) not in designs.rows("full", [2, 2], lambda row: not (row.get(0) == 1 and row.get(1) == 1))


@pytest.mark.parametrize("design", ["one-factor", "steps", "full"])
@given(LEVELS)
def test_the_size_is_known_before(design: str, levels: list[int]) -> None:
    if math.prod(levels) <= 2000:
        assert len(designs.rows(design, levels, everything)) == designs.size(design, levels)


@given(LEVELS)
def test_pairwise_has_every_two_levels_of_two_factors(levels: list[int]) -> None:
    rows, impossible = designs.pairwise(levels, everything)
    assert covered(rows) == set(designs.pairs(levels))
    assert not impossible
    assert rows[0] == (0,) * len(levels)
    assert len(rows) >= designs.size("pairwise", levels)


def test_pairwise_is_far_smaller_than_full() -> None:
    assert len(designs.rows("pairwise", [2] * 10, everything)) <= 12  # full: 1024
    assert len(designs.rows("pairwise", [4] * 5, everything)) <= 28  # full: 1024, least: 16


@given(FEW, st.data())
def test_pairwise_covers_all_that_is_allowed_and_names_the_rest(levels: list[int], data: st.DataObject) -> None:
    every = list(designs.pairs(levels))
    forbidden = data.draw(st.sets(st.sampled_from(every), max_size=3))

    def allowed(row: Mapping[int, int]) -> bool:
        return not any(all(row.get(factor) == level for factor, level in pair) for pair in forbidden)

    rows, impossible = designs.pairwise(levels, allowed)
    assert all(allowed(dict(enumerate(row))) for row in rows)
    assert covered(rows) | set(impossible) == set(every)
    assert not covered(rows) & set(impossible)
    assert forbidden <= set(impossible)
    for pair in impossible:  # no row at all has it
        assert not any(
            allowed(dict(enumerate(row)))
            for row in itertools.product(*map(range, levels))
            if set(pair) <= set(enumerate(row))
        )


def test_pairwise_of_one_factor_is_its_levels() -> None:
    assert designs.pairwise([3], everything) == ([(0,), (1,), (2,)], [])
