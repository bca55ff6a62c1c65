"""The report of `hftos bench office_icount`: a row for every case, verdicts, failures with their reason."""

from typing import Any

from benchmarks.icount import office, office_compare
from benchmarks.icount.office_cases import BASE, CASES
from lab.lockstep import job
from lab.lockstep.results import Results


def measured(*ticks: int) -> Results:
    every = len(ticks) + job.WARM_UP
    return Results(after=[9_999] * job.WARM_UP + list(ticks), stages={"decision": [100] * every})


def rows(**found: Results) -> list[dict[str, Any]]:
    """The rows of some runs, judged."""
    made = [{"name": n, "what": "it", **office_compare.counted(r, job.WARM_UP)} for n, r in found.items()]
    office._judge(made, found)
    return made


def cells(made: list[dict[str, Any]]) -> dict[str, list[Any]]:
    table, *_ = office.tables({"ticks": 6, "cases": made})
    return {str(column.header): list(column.cells) for column in table.columns}


PLAIN = measured(500, 505, 500, 505, 500, 505)


def test_a_tick_into_which_the_other_cpu_s_turn_fell_is_no_change() -> None:
    found = cells(rows(none=PLAIN, killed=measured(500, 505, 500, 505, 40_500, 505)))
    assert found["medians"] == ["unchanged", "unchanged"]
    assert found["counts that occur without an office"] == ["6 of 6", "5 of 6"]
    assert (found["p50, line A"], found["p50, line B"]) == (["500", "500"], ["505", "505"])
    assert found["max"] == ["505", "40,500"]


def test_one_instruction_more_is_a_change() -> None:
    found = cells(rows(none=PLAIN, killed=measured(501, 505, 501, 505, 501, 505)))
    assert found["medians"] == ["unchanged", "line A, all: 501, not 500"]
    assert found["counts that occur without an office"] == ["6 of 6", "3 of 6"]


def test_a_case_that_failed_says_why_and_without_the_first_there_is_no_verdict() -> None:
    broken = {"name": BASE.name, "what": "it", "error": "no login"}
    found = cells([broken, *rows(killed=PLAIN)])
    assert found["min"] == ["no login", "500"]
    assert found["medians"] == ["", "none was not measured"]


def test_what_the_office_has_is_said_where_it_should_have_everything() -> None:
    made = rows(none=PLAIN, killed=PLAIN, cut=PLAIN)
    made[1]["office"], made[2]["office"] = [], ["order: 1 of 4 missing, 0 too many"]
    assert cells(made)["the office has"] == ["", "everything exactly once", "order: 1 of 4 missing, 0 too many"]


def test_the_stages_are_a_table_of_their_own_with_both_lines() -> None:
    _, stages = office.tables({"ticks": 6, "cases": rows(none=PLAIN)})
    assert [str(column.header) for column in stages.columns] == ["office", "decision"]
    assert [list(column.cells) for column in stages.columns] == [["none"], ["100 / 100"]]


def test_the_cases_of_the_command_begin_with_the_one_that_the_others_are_held_against() -> None:
    assert CASES[0] is BASE
