"""Runs one after the other, each result kept at once."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import count
from pathlib import Path

import pytest

from lab.durations import Estimates
from lab.errors import StorageError
from lab.model import Result, Run, Variant
from lab.runner import Here, attempt, do, failures, pending
from lab.storage import Folder
from tests.lab.doubles import IDLE, Told, figures, measure

RUNS = [
    Run(number, Variant(name), repeat, IDLE) for number, (name, repeat) in enumerate([("b", 1), ("a", 1), ("a", 2)])
]


def ticking() -> Callable[[], float]:
    """A clock that goes on by 4 s with each look."""
    ticks: Iterator[int] = count(step=4)
    return lambda: float(next(ticks))


def test_every_run_is_done_told_and_kept(tmp_path: Path, told: Told) -> None:
    folder = Folder(tmp_path)
    results = do(RUNS, folder, Here(measure, ticking()), told, Estimates())
    assert results == folder.results() == [figures(run) for run in RUNS]
    assert told.began == ["1/3 b.1", "2/3 a.1", "3/3 a.2"]
    assert told.ended == ["1/3 b.1", "2/3 a.1", "3/3 a.2"]
    assert told.words == ["boots"] * 3
    assert (folder.runs / "a.2.console").read_text() == "console of a.2\n"


def test_the_time_left_is_learnt_from_the_runs(tmp_path: Path, told: Told) -> None:
    do(RUNS, Folder(tmp_path), Here(measure, ticking()), told, Estimates())
    assert told.left == [8.0, 4.0, 0.0]  # each took 4 s


def test_a_result_is_kept_before_the_next_run_begins(tmp_path: Path, told: Told) -> None:
    folder = Folder(tmp_path)
    kept: list[int] = []

    def look(run: Run, place: Path, say: Callable[[str], None]) -> Result:
        kept.append(len(folder.results()))
        return measure(run, place, say)

    do(RUNS, folder, Here(look), told, Estimates())
    assert kept == [0, 1, 2]


def test_what_goes_wrong_is_the_run_s_result_and_the_others_go_on(tmp_path: Path, told: Told) -> None:
    def failing(run: Run, place: Path, say: Callable[[str], None]) -> Result:
        if run.key == "a.1":
            raise ValueError("no such thing")
        return measure(run, place, say)

    folder = Folder(tmp_path)
    results = do(RUNS, folder, Here(failing), told, Estimates())
    assert failures(results) == [{"run": "a.1", "error": "ValueError: no such thing"}]
    assert [result.error for result in folder.results()] == ["", "ValueError: no such thing", ""]
    assert any("in failing" in line for line in folder.results()[1].notes)  # where it went wrong


def test_a_failed_run_is_no_measure_of_time(tmp_path: Path, told: Told) -> None:
    estimates = Estimates()

    def failing(run: Run, place: Path, say: Callable[[str], None]) -> Result:
        return Result(run, error="panic")

    do(RUNS, Folder(tmp_path), Here(failing), told, estimates)
    assert not estimates.known("idle")


def test_another_run_s_result_is_not_taken() -> None:
    result = attempt(lambda run, folder, say: figures(RUNS[1]), RUNS[0], Path(), print)
    assert result.error == "the measurement returned the result of 'a.1'"


def test_ctrl_c_ends_it_and_what_was_done_is_kept(tmp_path: Path, told: Told) -> None:
    def interrupted(run: Run, place: Path, say: Callable[[str], None]) -> Result:
        if run.key == "a.1":
            raise KeyboardInterrupt
        return measure(run, place, say)

    folder = Folder(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        do(RUNS, folder, Here(interrupted), told, Estimates())
    assert [result.run.key for result in folder.results()] == ["b.1"]


def test_pending_is_what_has_no_result() -> None:
    done = [figures(RUNS[0]), Result(RUNS[1], error="panic")]
    assert pending(RUNS, []) == RUNS
    assert pending(RUNS, done) == [RUNS[2]]
    assert pending(RUNS, done, again_failed=True) == RUNS[1:]


def test_a_result_of_another_variant_with_that_name_is_refused() -> None:
    with pytest.raises(StorageError, match=r"b\.1 is of another experiment: begin anew with --fresh"):
        pending(RUNS, [figures(Run(0, Variant("b", {"k01": "0"}), 1, IDLE))])


def test_a_boot_that_says_nothing_of_its_variant_is_done_again_with_a_note() -> None:
    """On a busy host the kernel gives the local timers up; the tick then comes from CPU 0, whatever the knobs say."""
    boots: list[str] = []
    said: list[str] = []

    def busy(run: Run, place: Path, say: Callable[[str], None]) -> Result:
        boots.append(run.key)
        timer = {"0:timer": 216} if len(boots) == 1 else {"LOC": 388}
        return replace(figures(run), interrupts_by_cpu={"CPU0": timer, "CPU1": {}})

    result = attempt(busy, RUNS[0], Path(), said.append)
    assert len(boots) == 2
    assert result.error == ""
    assert result.interrupts_by_cpu["CPU0"] == {"LOC": 388}
    (note,) = result.notes
    assert note.startswith("booted again: CPU0 ticks by the legacy timer")
    assert said == ["boots again" + note.removeprefix("booted again")]


def test_a_host_that_is_always_too_busy_is_an_error() -> None:
    def busy(run: Run, place: Path, say: Callable[[str], None]) -> Result:
        return replace(figures(run), interrupts_by_cpu={"CPU0": {"0:timer": 1}})

    error = attempt(busy, RUNS[0], Path(), print).error
    assert error.startswith("3 boots say nothing of the variant: CPU0 ticks by the legacy timer")
