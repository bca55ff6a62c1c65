"""An experiment's folder as the reports need it: what was planned, what came of it, what is missing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import raises, storage
from lab.errors import StorageError
from lab.model import Result
from lab.plan import runs_of
from lab.raises import Raise
from lab.storage import Folder


@dataclass(frozen=True, slots=True)
class Loaded:
    """An experiment that was run, or part of it.

    `reference`: the variant that others are compared with; `metrics`: those that the experiment is about; `variants`:
    names in the plan's order; `missing`: keys of runs without a result; `raised`: how often repeats were, afterwards.
    Runs that have a result count as planned, and their repeats too, also where the plan has been made smaller since.
    """

    name: str
    title: str
    question: str
    design: str
    repeats: int
    reference: str
    metrics: Sequence[str]
    factors: Mapping[str, Sequence[str]]
    variants: Sequence[str]
    notes: Sequence[str]
    results: Sequence[Result]
    planned: int
    missing: Sequence[str]
    raised: Sequence[Raise]

    @property
    def done(self) -> list[Result]:
        """The runs that succeeded."""
        return [result for result in self.results if not result.error]

    @property
    def failed(self) -> list[Result]:
        """The others."""
        return [result for result in self.results if result.error]


def load(path: Path) -> Loaded:
    """The experiment in a folder. Raises StorageError when there is none, or a search, or when a file is damaged."""
    folder = Folder(path)
    plan = folder.read_plan()
    if plan is None:
        raise StorageError(f"{path} holds no experiment (no plan.json): name one of `hftos lab list`, or its folder")
    try:
        if storage.is_search(plan):
            raise StorageError(f"{path} holds a search for a culprit, no experiment: {_shows(plan)}")
        return _loaded(plan, folder.results())
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise StorageError(
            f"{path}/plan.json holds no plan ({error!r}): `hftos lab run --fresh` begins anew"
        ) from error


def _shows(plan: Mapping[str, Any]) -> str:
    """The command that shows what a search found."""
    good, bad = (plan["definition"][end]["name"] for end in ("good", "bad"))
    return f"`hftos lab bisect EXPERIMENT {good} {bad}`, the command that began it, shows what it found"


def _loaded(plan: Mapping[str, Any], results: Sequence[Result]) -> Loaded:
    runs = runs_of(plan)
    booted = [run.variant.name for run in (*runs, *(result.run for result in results))]
    have = {result.run.key for result in results}
    keys = [run.key for run in runs]
    return Loaded(
        name=str(plan["name"]),
        title=str(plan["title"]),
        question=str(plan["question"]),
        design=str(plan["design"]),
        repeats=max([int(plan["repeats"]), *(result.run.repeat for result in results)]),
        reference=str(plan["reference"]),
        metrics=[str(name) for name in plan["metrics"]],
        factors={str(name): [str(level) for level in levels] for name, levels in plan["factors"].items()},
        variants=list(dict.fromkeys([*map(str, plan["variants"]), *booted])),
        notes=[str(note) for note in plan["notes"]],
        results=results,
        planned=len(have.union(keys)),
        missing=[key for key in keys if key not in have],
        raised=raises.of(plan),
    )
