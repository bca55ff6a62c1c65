"""Does the runs of a plan that have no result yet, and keeps each result as soon as it is there.

Nothing but the folder remembers what was done: a runner that is killed at any moment is simply started again.
"""

import time
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path
from typing import Any, Final, Protocol

from lab.durations import Estimates
from lab.errors import StorageError
from lab.model import Result, Run
from lab.storage import Folder, write
from lab.usable import unusable

Measure = Callable[[Run, Path, Callable[[str], None]], Result]
"""Boots a run, writes what its guest said into a folder, says what it is doing, and gives the result."""

MOST_BOOTS: Final = 3


@dataclass(frozen=True, slots=True)
class Finished:
    """A run that has ended: how long it took in seconds, on which machine, files of it that are not here yet."""

    result: Result
    took: float
    machine: str = ""
    files: Mapping[str, bytes] = field(default_factory=dict)


class Watch(Protocol):
    """Who is told what happens."""

    def started(self, run: Run, place: int, total: int, left: float) -> None:
        """A run begins: the `place`-th of `total` that are to be done; the seconds that are left for all."""

    def said(self, run: Run, text: str) -> None:
        """News within a run."""

    def finished(self, done: Finished, place: int, total: int, left: float) -> None:
        """A run has ended and is kept."""


class Executor(Protocol):
    """Where runs are done."""

    workers: int

    def finished(self, runs: Sequence[Run], folder: Path, said: Callable[[Run, str], None]) -> Iterator[Finished]:
        """Do the runs, in their order as far as that is possible, and give each when it has ended."""


class Here:
    """One run at a time in this process."""

    workers = 1

    def __init__(self, measure: Measure, clock: Callable[[], float] = time.monotonic) -> None:
        self._measure = measure
        self._clock = clock

    def finished(self, runs: Sequence[Run], folder: Path, said: Callable[[Run, str], None]) -> Iterator[Finished]:
        """Each run as it ends."""
        for run in runs:
            began = self._clock()
            result = attempt(self._measure, run, folder, partial(said, run))
            yield Finished(result, self._clock() - began)


def attempt(measure: Measure, run: Run, folder: Path, say: Callable[[str], None]) -> Result:
    """The run's result; whatever goes wrong is a result with an error, for the other runs are not to suffer.

    A boot that `lab.usable` finds to say nothing of its variant is done again, with a note.
    """
    reasons: list[str] = []
    while len(reasons) < MOST_BOOTS:
        try:
            result = measure(run, folder, say)
        except Exception as error:
            trace = traceback.format_exc().splitlines()
            return Result(run, error=f"{type(error).__name__}: {error}", notes=trace)
        if result.run != run:
            return Result(run, error=f"the measurement returned the result of {result.run.key!r}")
        reason = unusable(result)
        if not reason:
            return replace(result, notes=[*result.notes, *(f"booted again: {reason}" for reason in reasons)])
        reasons.append(reason)
        say(f"boots again: {reason}")
    return Result(run, error=f"{MOST_BOOTS} boots say nothing of the variant: {reasons[-1]}; try with less load")


def pending(runs: Sequence[Run], results: Sequence[Result], again_failed: bool = False) -> list[Run]:
    """The runs without a result; with `again_failed` also those whose result is an error.

    Raises StorageError for a result that belongs to none of the plan's runs of that name.
    """
    by_key = {result.run.key: result for result in results}
    found = []
    for run in runs:
        result = by_key.get(run.key)
        if result is not None and (result.run.variant, result.run.workload) != (run.variant, run.workload):
            raise StorageError(f"the result of {run.key} is of another experiment: begin anew with --fresh")
        if result is None or (again_failed and result.error):
            found.append(run)
    return found


def do(runs: Sequence[Run], folder: Folder, executor: Executor, watch: Watch, estimates: Estimates) -> list[Result]:
    """Do the runs and keep their results; gives them as they came."""
    open_runs = {run.key: run for run in runs}
    results: list[Result] = []
    folder.runs.mkdir(parents=True, exist_ok=True)

    def left() -> float:
        return estimates.total(open_runs.values(), executor.workers)

    def begin(number: int) -> None:
        if executor.workers == 1 and number < len(runs):
            watch.started(runs[number], number + 1, len(runs), left())

    begin(0)
    for done in executor.finished(runs, folder.runs, watch.said):
        keep(done, folder, estimates)
        results.append(done.result)
        del open_runs[done.result.run.key]
        watch.finished(done, len(results), len(runs), left())
        begin(len(results))
    return results


def keep(done: Finished, folder: Folder, estimates: Estimates) -> None:
    """Put a run's files, its duration and last its result into the folder."""
    run = done.result.run
    for name, content in done.files.items():
        write(folder.runs / name, content)
    if not done.result.error:
        folder.add_duration(estimates.row(run, done.took, done.machine or None))
        estimates.add(run, done.took)
    folder.write_result(done.result)


def failures(results: Sequence[Result]) -> list[dict[str, Any]]:
    """The failed runs with their errors, as JSON takes them."""
    return [{"run": result.run.key, "error": result.error} for result in results if result.error]
