"""An experiment's TOML file: what is varied, how it is combined, how often it is booted, under which load.

The format is in `docs/lab.md`. Names of knobs and their levels are the catalogue's (`lab.knob_levels` checks them).
"""

import tomllib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from image import profile as profiles
from lab import level_sets
from lab.designs import DESIGNS
from lab.errors import ExperimentError
from lab.metrics import METRICS
from lab.model import KERNELS, WORKLOADS, Variant, Workload
from lab.table import Table, nearest

SHIPPED: Final = Path(__file__).resolve().parent / "experiments"
BASE: Final = "base"
MOST_REPEATS: Final = 1000
MOST_FACTORS: Final = 200
MOST_SECONDS: Final = 3600
MOST_TICKS: Final = 1_000_000
MOST_SEED: Final = 2**64 - 1


@dataclass(frozen=True, slots=True)
class Level:
    """A factor's level and the knobs it sets; one that it does not name stays as in the base."""

    name: str
    knobs: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Factor:
    """What is varied; its first level is the reference."""

    name: str
    levels: tuple[Level, ...]


@dataclass(frozen=True, slots=True)
class Experiment:
    """A file's content. `base` is the variant that factors change; `variants` are booted besides the design's."""

    name: str
    title: str
    question: str
    design: str
    repeats: int
    seed: int
    metrics: tuple[str, ...]
    workload: Workload
    base: Variant
    factors: tuple[Factor, ...] = ()
    variants: tuple[Variant, ...] = ()
    source: bytes = field(default=b"", repr=False)

    def changed(self, repeats: int | None = None, seed: int | None = None) -> "Experiment":
        """The same with another number of repeats, another seed; None leaves them."""
        return replace(
            self,
            repeats=self.repeats if repeats is None else repeats,
            seed=self.seed if seed is None else seed,
        )

    def definition(self) -> dict[str, Any]:
        """All that decides what a run with a certain key is; texts and the number of repeats do not."""
        rest = asdict(self)
        for name in ("name", "title", "question", "repeats", "metrics", "source"):
            del rest[name]
        return rest


def shipped() -> list[str]:
    """The experiments that come with the project, by name."""
    return sorted(path.stem for path in SHIPPED.glob("*.toml"))


def find(name_or_file: str) -> Experiment:
    """The experiment of that name, or the one in that file. Raises ExperimentError."""
    path = Path(name_or_file)
    if path.suffix == ".toml" or path.is_file():
        return load(path)
    if name_or_file not in shipped():
        hint = nearest(name_or_file, shipped())
        raise ExperimentError(f"no experiment {name_or_file!r}{hint}; or give a file that ends in .toml")
    return load(SHIPPED / f"{name_or_file}.toml")


def load(path: Path) -> Experiment:
    """The experiment in a file. Raises ExperimentError that names the place, the value and what it must be."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ExperimentError(f"{path}: {error.strerror}: give an experiment's name or its file") from error
    return parse(content, path.stem, str(path))


def parse(content: bytes, name: str, place: str) -> Experiment:
    """The experiment in TOML text; `place` begins the errors' texts. Raises ExperimentError."""
    try:
        document = tomllib.loads(content.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ExperimentError(f"{place}: {error}") from error
    return replace(read_document(document, name, place), source=content)


def read_document(document: Mapping[str, Any], name: str, place: str) -> Experiment:
    """The experiment in a TOML document. Raises ExperimentError."""
    table = Table(document, place)
    workload = _workload(table.table("workload"))
    base = _base(table.table("base"))
    experiment = Experiment(
        name=name,
        title=table.text("title"),
        question=table.text("question", ""),
        design=table.choice("design", tuple(DESIGNS), "one-factor"),
        repeats=table.whole("repeats", 3, 1, MOST_REPEATS),
        seed=table.whole("seed", 1, 0, MOST_SEED),
        metrics=tuple(table.choices("metrics", tuple(METRICS))),
        workload=workload,
        base=base,
        factors=tuple(_factor(entry) for entry in table.tables("factor")),
        variants=tuple(_explicit(entry, base) for entry in table.tables("variant")),
    )
    table.finish()
    _check(experiment, place)
    return experiment


def _workload(table: Table) -> Workload:
    default = Workload()
    found = Workload(
        kind=table.choice("kind", WORKLOADS, default.kind),
        seconds=table.whole("seconds", int(default.seconds), 1, MOST_SECONDS),
        ticks=table.whole("ticks", default.ticks, 1, MOST_TICKS),
    )
    table.finish()
    return found


def _variant(table: Table, name: str, base: Variant | None = None) -> Variant:
    """A variant without factors; what the table does not say is the base's."""
    base = base or Variant(name)
    found = Variant(
        name=name,
        levels={**base.levels, **_set(table), **table.texts("levels")},
        kernel=table.choice("kernel", KERNELS, base.kernel),
        profile=table.choice("profile", tuple(profiles.names()), base.profile),
    )
    table.finish()
    return found


def _set(table: Table) -> Mapping[str, str]:
    """The levels of the set that a variant takes, if it takes one."""
    name = table.text("set", "")
    if name and name not in level_sets.names():
        raise ExperimentError(f"{table.place}: no set {name!r}{nearest(name, level_sets.names())}")
    return level_sets.levels(name) if name else {}


def _base(table: Table) -> Variant:
    return _variant(table, table.name("name", BASE))


def _explicit(table: Table, base: Variant) -> Variant:
    return _variant(table, table.name("name"), base)


def _factor(table: Table) -> Factor:
    """One knob with a list of its levels, or a name with a table of levels that each set several."""
    knob = table.text("knob", "")
    if knob:
        levels = tuple(Level(text, {knob: text}) for text in table.list_of_texts("levels", 2))
        name = table.name("name", knob)
    else:
        name = table.name("name")
        entry = table.table("levels")
        levels = tuple(Level(level, entry.texts(level)) for level in entry.keys)
        entry.finish()
    table.finish()
    if len(levels) < 2:
        raise ExperimentError(f"{table.place}: levels: {len(levels)}, but a factor has at least 2, the reference first")
    doubled = {level.name for level in levels if [other.name for other in levels].count(level.name) > 1}
    if doubled:
        raise ExperimentError(f"{table.place}: levels: {sorted(doubled)[0]!r} is there twice; keep one")
    return Factor(name, levels)


def _check(experiment: Experiment, place: str) -> None:
    """What concerns several parts of the file."""
    if not experiment.factors and not experiment.variants:
        raise ExperimentError(f"{place}: neither [[factor]] nor [[variant]]: there is nothing to compare; add some")
    if len(experiment.factors) > MOST_FACTORS:
        raise ExperimentError(
            f"{place}: {len(experiment.factors):,} [[factor]], at most {MOST_FACTORS} are allowed: take fewer, or put "
            "knobs that change together into one"
        )
    for metric in experiment.metrics:
        if experiment.workload.kind not in METRICS[metric].workloads:
            raise ExperimentError(
                f"{place}: metrics: {metric} is not measured under the workload {experiment.workload.kind}: leave it "
                f"out, or take one of {', '.join(METRICS[metric].workloads)}"
            )
    owner: dict[str, str] = {}
    for factor in experiment.factors:
        for knob in {knob for level in factor.levels for knob in level.knobs}:
            if knob in owner:
                raise ExperimentError(
                    f"{place}: {knob} is in the factors {owner[knob]!r} and {factor.name!r}: move it in one of them"
                )
            owner[knob] = factor.name
    for kind, names in (
        ("factor", [factor.name for factor in experiment.factors]),
        ("variant", [variant.name for variant in experiment.variants]),
    ):
        doubled = sorted({name for name in names if names.count(name) > 1})
        if doubled:
            raise ExperimentError(f"{place}: two [[{kind}]] are called {doubled[0]!r}: rename one")
