"""From an experiment to its runs: variants by the design, each repeat in a random order of its own."""

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from image.catalogue import UNSET
from lab import designs
from lab.errors import ExperimentError
from lab.experiment import Experiment
from lab.knob_levels import Knobs
from lab.model import Run, Variant, run_from

MOST_RUNS: Final = 2000
_LONGEST_NAME: Final = 48
_NOT_IN_NAMES: Final = re.compile(r"[^A-Za-z0-9._=+,-]+")


@dataclass(frozen=True, slots=True)
class Plan:
    """The runs of an experiment in the order in which they are done; `notes` say what was left out or merged."""

    experiment: Experiment
    variants: tuple[Variant, ...]
    runs: tuple[Run, ...]
    notes: tuple[str, ...] = field(default=())

    def compared(self, variant: Variant) -> Variant | None:
        """What a variant is told apart from: the step before, else the first variant; None for a kernel of its own."""
        place = self.variants.index(variant)
        stepped = self.experiment.design == "steps" and bool(variant.factors)
        other = self.variants[max(0, place - 1) if stepped else 0]
        return other if (other.kernel, other.profile) == (variant.kernel, variant.profile) else None

    def definition(self) -> dict[str, Any]:
        """What must be the same for results of earlier runs to belong to this plan."""
        return self.experiment.definition()

    def as_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        experiment = self.experiment
        return {
            "name": experiment.name,
            "title": experiment.title,
            "question": experiment.question,
            "design": experiment.design,
            "repeats": experiment.repeats,
            "metrics": list(experiment.metrics),
            "factors": {factor.name: [level.name for level in factor.levels] for factor in experiment.factors},
            "reference": self.variants[0].name,
            "variants": [variant.name for variant in self.variants],
            "definition": self.definition(),
            "runs": [asdict(run) for run in self.runs],
            "notes": list(self.notes),
        }


def runs_of(table: Mapping[str, Any]) -> list[Run]:
    """The runs in a plan's dictionary."""
    return [run_from(entry) for entry in table["runs"]]


def make(experiment: Experiment, knobs: Knobs) -> Plan:
    """The plan of an experiment. Raises ExperimentError for what the catalogue refuses and for too many runs."""
    _check_size(experiment)
    knobs.check_levels(experiment.base.levels, f"{experiment.name}: base")
    for factor in experiment.factors:
        for level in factor.levels:
            knobs.check_levels(level.knobs, f"{experiment.name}: factor {factor.name}")
    for variant in experiment.variants:
        knobs.check_levels(variant.levels, f"{experiment.name}: variant {variant.name}")
    notes: list[str] = []
    candidates = [knobs.spelled_out(v) for v in (*_designed(experiment, knobs, notes), *experiment.variants)]
    for variant in candidates:
        refusal = knobs.refusal(variant)
        if refusal:
            raise ExperimentError(f"{experiment.name}: variant {variant.name}: {refusal}")
    variants = _merged(candidates, knobs, notes)
    if len(variants) < 2:
        raise ExperimentError(
            f"{experiment.name}: one variant only: there is nothing to compare; add a factor or level"
        )
    if len(variants) * experiment.repeats > MOST_RUNS:
        _too_many(experiment, len(variants))
    return Plan(experiment, variants, tuple(ordered(variants, experiment)), tuple(notes))


def ordered(variants: Sequence[Variant], experiment: Experiment) -> list[Run]:
    """Every variant once in a random order, then all again in another, …: drift hits all of them alike.

    The order of a repeat depends on the seed and the repeat's number alone, so more repeats only add runs.
    """
    runs: list[Run] = []
    for repeat in range(1, experiment.repeats + 1):
        block = list(variants)
        random.Random(f"{experiment.seed} {repeat}").shuffle(block)
        runs += [Run(len(runs) + place, variant, repeat, experiment.workload) for place, variant in enumerate(block)]
    return runs


def _check_size(experiment: Experiment) -> None:
    """Refuses a design before it fills the memory."""
    if experiment.factors:
        rows = designs.size(experiment.design, [len(factor.levels) for factor in experiment.factors])
        if rows * experiment.repeats > MOST_RUNS:
            _too_many(experiment, rows)


def _too_many(experiment: Experiment, variants: int) -> None:
    other = 'design = "pairwise" or "one-factor"' if experiment.design == "full" else "fewer levels"
    runs = variants * experiment.repeats
    raise ExperimentError(
        f"{experiment.name}: {variants:,} variants × {experiment.repeats} repeats are {runs:,} runs, at most "
        f"{MOST_RUNS:,} are allowed: take {other}, or fewer repeats"
    )


def _designed(experiment: Experiment, knobs: Knobs, notes: list[str]) -> list[Variant]:
    """The base changed as the design says."""
    factors = experiment.factors
    if not factors:
        return [experiment.base]
    counts = [len(factor.levels) for factor in factors]

    def variant(row: Mapping[int, int]) -> Variant:
        levels = dict(experiment.base.levels)
        for factor, level in row.items():
            levels |= factors[factor].levels[level].knobs
        return knobs.spelled_out(replace(experiment.base, levels=levels))

    def allowed(row: Mapping[int, int]) -> bool:
        """Factors that the row does not have yet are taken away: what the base has of them refuses nothing."""
        undecided = [factor for place, factor in enumerate(factors) if place not in row]
        free = dict.fromkeys((knob for factor in undecided for level in factor.levels for knob in level.knobs), UNSET)
        found = variant(row)
        return not knobs.refusal(knobs.spelled_out(replace(found, levels=dict(found.levels) | free)))

    if experiment.design == "pairwise":
        rows, impossible = designs.pairwise(counts, allowed)
        notes += [f"{_pair_words(experiment, pair)}: cannot be booted together, left out" for pair in impossible]
    else:
        rows = designs.rows(experiment.design, counts, allowed)
        left_out = designs.size(experiment.design, counts) - len(rows)
        if left_out:
            notes.append(f"{left_out} combinations cannot be booted, as the catalogue says; left out")
    names = _names(experiment, rows)
    found = []
    for name, row in zip(names, rows, strict=True):
        levels = {factor.name: factor.levels[level].name for factor, level in zip(factors, row, strict=True)}
        found.append(replace(variant(dict(enumerate(row))), name=name, factors=levels))
    return found


def _pair_words(experiment: Experiment, pair: designs.Pair) -> str:
    return " with ".join(
        f"{experiment.factors[factor].name}={experiment.factors[factor].levels[level].name}" for factor, level in pair
    )


def _names(experiment: Experiment, rows: Sequence[designs.Row]) -> list[str]:
    """Names that say what a row is: `base`, `+nohz_full`, `hz=250`; numbers where they would be too long."""
    factors = experiment.factors

    def assigned(factor: int, level: int) -> str:
        return _NOT_IN_NAMES.sub("", f"{factors[factor].name}={factors[factor].levels[level].name}")

    names = []
    before: designs.Row | None = None
    for number, row in enumerate(rows):
        changed = [place for place, level in enumerate(row) if level]
        if experiment.design == "steps" and before is not None:
            place = next(place for place, level in enumerate(row) if level != before[place])
            many = len(factors[place].levels) > 2
            name = "+" + (assigned(place, row[place]) if many else factors[place].name)
        elif not changed:
            name = experiment.base.name
        else:
            shown = changed if experiment.design == "one-factor" else range(len(row))
            name = ",".join(assigned(place, row[place]) for place in shown)
        if len(name) > _LONGEST_NAME or name in names:
            name = f"row-{number:03}"
        names.append(name)
        before = row
    return names


def _merged(candidates: Sequence[Variant], knobs: Knobs, notes: list[str]) -> tuple[Variant, ...]:
    """Each thing to boot once, under the name it has first. Raises ExperimentError for two things with one name."""
    by_content: dict[tuple[str, str, tuple[tuple[str, str], ...]], Variant] = {}
    for variant in candidates:
        content = (variant.kernel, variant.profile, tuple(sorted(knobs.own(variant).items())))
        first = by_content.setdefault(content, variant)
        if first is not variant:
            notes.append(f"{variant.name} is the same as {first.name}: booted once, as {first.name}")
    found = tuple(by_content.values())
    for variant in found:
        if sum(other.name == variant.name for other in found) > 1:
            raise ExperimentError(f"two variants are called {variant.name!r}: rename the [[variant]]")
    return found
