"""The same ticks in several runs: their medians by line, and when a run has changed one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.icount.office_compare import ComparisonError, changed, counted, known
from lab.lockstep.results import Results

MANY = 40
LONG = 50_000
"""Of a tick into which a turn of the other CPU fell."""


def results(ticks: list[int]) -> Results:
    """A run whose ticks of line B take 5 more in their first stage."""
    after = [tick + 5 * (number % 2) for number, tick in enumerate(ticks)]
    parsed = [100 + 5 * (number % 2) for number in range(len(ticks))]
    return Results(after=after, stages={"frame_parsed": parsed, "doorbell": [tick - 100 for tick in ticks]})


BASE = counted(results([500] * MANY), 0)


def test_each_line_has_its_own_medians() -> None:
    assert BASE["p50"] == {
        "A": {"all": 500, "frame_parsed": 100, "doorbell": 400},
        "B": {"all": 505, "frame_parsed": 105, "doorbell": 400},
    }
    assert BASE["after"] == {"min": 500, "p50": 500, "p99": 505, "max": 505}


@given(st.sets(st.integers(0, MANY - 1), max_size=MANY // 4 - 1))
def test_turns_of_the_other_cpu_change_nothing_wherever_they_fall(hit: set[int]) -> None:
    run = results([LONG if number in hit else 500 for number in range(MANY)])
    assert changed(counted(run, 0), BASE) == []
    assert known(run.after, results([500] * MANY).after) == MANY - len(hit)


@given(st.integers(1, 3))
def test_every_instruction_more_is_a_change_of_its_stage(more: int) -> None:
    run = counted(results([500 + more] * MANY), 0)
    assert changed(run, BASE) == [
        f"line A, all: {500 + more}, not 500",
        f"line A, doorbell: {400 + more}, not 400",
        f"line B, all: {505 + more}, not 505",
        f"line B, doorbell: {400 + more}, not 400",
    ]


def test_a_count_that_another_run_has_only_once_is_none_that_occurs_there() -> None:
    assert known([500, 500, 640, LONG], [500, 500, 640, 640, LONG]) == 3


@pytest.mark.parametrize("warm_up", [0, 1, 2])
def test_the_warm_up_is_not_counted_and_moves_no_line(warm_up: int) -> None:
    run = results([9_999] * warm_up + [500] * MANY)
    assert counted(run, warm_up)["p50"] == BASE["p50"]


def test_both_lines_must_be_left() -> None:
    with pytest.raises(ComparisonError, match="3 ticks, of which 2 are not counted: nothing is left"):
        counted(results([500] * 3), 2)
