"""Two sides to compare: variants of one experiment, two experiments, or the results of two runs."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from lab import experiment as experiments
from lab import storage
from lab.compare import Pair
from lab.errors import LabError, StorageError
from lab.metrics import METRICS
from lab.model import Result, result_from
from lab.report.loading import load
from lab.table import nearest

_LONGEST_LABEL: Final = 20


@dataclass(frozen=True, slots=True)
class Side:
    """What one argument names. `metrics`: those that its experiment is about, none for a file; `variants`: the ones to
    compare, by their names among `results`."""

    results: Sequence[Result]
    variants: Sequence[str]
    metrics: Sequence[str] = ()
    experiment: Path | None = None
    whole: bool = False

    @property
    def compared(self) -> list[Result]:
        """The results of the variants that are compared, of runs that did not fail."""
        return [each for each in self.results if each.run.variant.name in self.variants and not each.error]


@dataclass(frozen=True, slots=True)
class Sides:
    """Both, ready to be compared: all results under names that tell them apart.

    `own`: the metrics that the experiments are about, none for files.
    """

    results: Sequence[Result]
    pairs: Sequence[Pair]
    metrics: Sequence[str]
    own: Sequence[str]


def together_measured(first: Side, second: Side) -> list[list[Result]]:
    """The results of both sides, in one list where they are of one experiment, and were to be measured alike."""
    if first.experiment is not None and first.experiment == second.experiment:
        return [first.compared + second.compared]
    return [first.compared, second.compared]


def find(name: str, folder: Path | None = None) -> Side:
    """What a name means: an experiment's name or folder, EXPERIMENT/VARIANT, a result's file, or, with an experiment's
    `folder`, one of its variants. Raises LabError that says what there is."""
    path = Path(name)
    if folder is not None:
        return _variant(folder, name)
    if path.is_file():
        return _file(path)
    whole = experiment_folder(name)
    if whole is not None:
        loaded = load(whole)
        return Side(loaded.results, loaded.variants, loaded.metrics, whole, whole=True)
    parent, _, variant = name.rpartition("/")
    inner = experiment_folder(parent) if parent else None
    if inner is None:
        raise LabError(f"{name}: no experiment, no EXPERIMENT/VARIANT and no result's file{_there(parent or name)}")
    return _variant(inner, variant)


def experiment_folder(name: str) -> Path | None:
    """The folder of an experiment that was run, by its path or its name; None when there is none.

    However it is spelled, the folder of one experiment is one path.
    """
    for path in (Path(name), storage.LAB_FOLDER / name):
        if (path / storage.PLAN).is_file():
            return path.resolve()
    return None


def known() -> list[str]:
    """The experiments that were run here; searches for a culprit are none."""
    return sorted(path.parent.name for path in storage.LAB_FOLDER.glob(f"*/{storage.PLAN}") if not _search(path.parent))


def _search(folder: Path) -> bool:
    try:
        plan = storage.Folder(folder).read_plan()
    except StorageError:
        return False  # it is a damaged one that says so when it is asked for
    return plan is not None and storage.is_search(plan)


def _there(name: str) -> str:
    """The end of an error's text for an experiment that was not run: those that were, or what runs one."""
    if name in experiments.shipped():
        return f"; run it first: `hftos lab run {name}`"
    return nearest(name, known()) if known() else "; none was run here: `hftos lab run EXPERIMENT` does it"


def _variant(folder: Path, name: str) -> Side:
    loaded = load(folder)
    if name not in loaded.variants:
        raise LabError(f"{folder} has no variant {name!r}{nearest(name, loaded.variants)}")
    return Side(loaded.results, [name], loaded.metrics, folder)


def _file(path: Path) -> Side:
    try:
        result = result_from(json.loads(path.read_bytes()))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StorageError(f"{path} holds no result ({error!r}): give a file of an experiment's runs/") from error
    return Side([result], [result.run.variant.name])


def together(names: tuple[str, str], sides: tuple[Side, Side], metrics: Sequence[str] = ()) -> Sides:
    """Both sides in one: of two experiments the variants with the same names. Raises LabError for what does not match.

    `metrics`: to compare instead of those that the experiments are about.
    """
    first, second = sides
    if first.whole != second.whole:
        problem = f"{names[0]} and {names[1]}: one is an experiment, one is not"
        raise LabError(f"{problem}: give two experiments, or two variants as EXPERIMENT/NAME")
    own = list(dict.fromkeys([*first.metrics, *second.metrics]))
    chosen = metrics or own or list(METRICS)
    if first.experiment is not None and first.experiment == second.experiment:
        if first.variants == second.variants:
            raise LabError(f"{names[0]} and {names[1]} are the same: there is nothing to compare")
        return Sides(first.results, [(first.variants[0], second.variants[0])], chosen, own)
    short = names[0] != names[1] and max(map(len, names)) <= _LONGEST_LABEL
    labels = [f"{name}: " for name in names] if short else ["A: ", "B: "]
    results = [_renamed(one, label) for side, label in zip(sides, labels, strict=True) for one in side.results]
    if first.whole:
        both = [name for name in first.variants if name in second.variants]
        if not both:
            raise LabError(f"{names[0]} and {names[1]} have no variant in common: give two variants as EXPERIMENT/NAME")
        pairs = [(labels[0] + name, labels[1] + name) for name in both]
    else:
        pairs = [(labels[0] + first.variants[0], labels[1] + second.variants[0])]
    return Sides(results, pairs, chosen, own)


def _renamed(result: Result, label: str) -> Result:
    variant = replace(result.run.variant, name=label + result.run.variant.name)
    return replace(result, run=replace(result.run, variant=variant))


def report_folder(name: str) -> Path:
    """The folder of the experiment with this name or path. Raises LabError."""
    found = experiment_folder(name)
    if found is None:
        raise LabError(f"{name}: no experiment that was run{_there(name)}")
    return found
