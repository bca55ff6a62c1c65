"""An experiment from its file to its results, begun or gone on with."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from lab import raises, storage
from lab.durations import Estimates
from lab.errors import ExperimentError, StorageError
from lab.experiment import Experiment
from lab.knob_levels import Knobs
from lab.model import Result, Run, Variant
from lab.plan import Plan, make
from lab.runner import Executor, Finished, Watch, do, keep, pending
from lab.storage import Folder
from lab.table import nearest

Prepare = Callable[[Sequence[Variant], Callable[[str], None]], None]
"""Builds what the variants boot, saying what it does; an error concerns these variants alone."""


class Audience(Watch, Protocol):
    """A `Watch` that is told what happens around the runs as well."""

    def note(self, text: str) -> None:
        """Something that people need to know."""

    def preparing(self, text: str) -> None:
        """What is built before the first run."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line decides. `only`: names of the variants to boot, none: all of them."""

    repeats: int | None = None
    seed: int | None = None
    only: tuple[str, ...] = ()
    again_failed: bool = False
    fresh: bool = False


def carry_out(
    experiment: Experiment,
    knobs: Knobs,
    path: Path,
    executor: Executor,
    prepare: Prepare,
    audience: Audience,
    choices: Choices = Choices(),
) -> list[Result]:
    """Do what has no result yet and give the results of all chosen runs.

    Raises ExperimentError and StorageError, `qemu.lock.DirectoryBusyError` when another process writes there.
    """
    with storage.opened(path) as folder:
        if choices.fresh:
            # What is refused must not move anything.
            selected(make(experiment.changed(choices.repeats, choices.seed), knobs), choices.only)
            if aside := folder.keep_aside():
                audience.note(f"what was in {path} is now in {aside}")
        plan = planned(experiment, knobs, folder, choices)
        for damaged in folder.set_damaged_aside():
            audience.note(f"{damaged} holds no result: its run is done again")
        known = folder.results()
        raised = raises.after(folder.read_plan(), plan.experiment.repeats, known)
        # In the plan itself: repeats are never more than what is said of them.
        folder.write_plan(plan.as_dict() | raises.as_dict(raised), experiment.source)
        if raised:
            audience.note(f"note: {raises.words(raised)}")
        for note in (*plan.notes, *no_fewer(plan, choices)):
            audience.note(f"note: {note}")
        chosen = selected(plan, choices.only)
        runs = pending(chosen, known, choices.again_failed)
        if len(runs) < len(chosen):
            audience.note(f"{len(chosen) - len(runs)} of {len(chosen)} runs have a result already")
        estimates = Estimates(storage.durations(path))
        runs = _prepared(runs, prepare, folder, audience, estimates)
        do(runs, folder, executor, audience, estimates)
        keys = {run.key for run in chosen}
        return [result for result in folder.results() if result.run.key in keys]


def selected(plan: Plan, only: Sequence[str]) -> list[Run]:
    """The plan's runs of these variants, all when none is named. Raises ExperimentError for an unknown one."""
    names = [variant.name for variant in plan.variants]
    for name in only:
        if name not in names:
            raise ExperimentError(f"no variant {name!r} in {plan.experiment.name}{nearest(name, names)}")
    return [run for run in plan.runs if not only or run.variant.name in only]


def planned(experiment: Experiment, knobs: Knobs, folder: Folder, choices: Choices = Choices()) -> Plan:
    """The plan; of one that was begun, options that are not given are as they were then.

    With results there, repeats are never fewer than they were: who stops at what has been seen finds false effects, and
    the results beyond would belong to no plan. Raises StorageError for a folder of another experiment.
    """
    stored = folder.read_plan()
    if stored is None:
        if any(folder.runs.glob("*.json")):
            raise StorageError(f"{folder.runs} has results but {folder.path} no plan: begin anew with --fresh")
        return make(experiment.changed(choices.repeats, choices.seed), knobs)
    seed = choices.seed if choices.seed is not None else _number(stored["definition"], "seed", experiment.seed)
    begun = max([_number(stored, "repeats", 1), *(each.after for each in raises.of(stored))])
    if choices.repeats is not None and not any(folder.runs.glob("*.json")):
        begun = 1
    repeats = max(experiment.repeats if choices.repeats is None else choices.repeats, begun)
    plan = make(experiment.changed(repeats, seed), knobs)
    changed = _differences(stored["definition"], json.loads(json.dumps(plan.definition())))
    if changed:
        raise StorageError(
            f"{folder.path} holds results of another {experiment.name} (it differs in: {', '.join(changed)}): "
            "begin anew with --fresh, which keeps the old ones aside, or give another --dir"
        )
    return plan


def no_fewer(plan: Plan, choices: Choices) -> list[str]:
    """What to tell who asked for fewer repeats than there are."""
    asked, repeats = choices.repeats, plan.experiment.repeats
    if asked is None or asked >= repeats:
        return []
    return [f"{repeats} repeats, not {asked}: it has results of a plan with {repeats}; --fresh begins anew with fewer"]


def _number(table: Any, key: str, default: int) -> int:
    value = table.get(key) if isinstance(table, dict) else None
    return value if isinstance(value, int) else default


def _differences(before: Any, now: dict[str, Any]) -> list[str]:
    if not isinstance(before, dict):
        return ["everything"]
    return [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]


def _prepared(
    runs: Sequence[Run], prepare: Prepare, folder: Folder, audience: Audience, estimates: Estimates
) -> list[Run]:
    """The runs whose variants could be prepared; the others are kept as failed."""
    errors: dict[str, str] = {}
    for variant in {run.variant.name: run.variant for run in runs}.values():
        try:
            prepare([variant], audience.preparing)
        except Exception as error:
            errors[variant.name] = f"{variant.name} cannot be built: {type(error).__name__}: {error}"
            audience.note(errors[variant.name])
    for run in runs:
        if run.variant.name in errors:
            keep(Finished(Result(run, error=errors[run.variant.name]), 0.0), folder, estimates)
    return [run for run in runs if run.variant.name not in errors]
