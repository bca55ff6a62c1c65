"""Experiments as one Markdown table: a row for each variant, a column for each metric."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final

from lab import storage
from lab.errors import LabError, StorageError
from lab.report import numbers
from lab.report.pieces import titled
from lab.report.summary import Summary
from lab.table import nearest
from lab.verdicts import EFFECTS

MARK: Final = "†"
"""At a column's head: its figures may not be quoted."""


SHIPPED: Final = Path(__file__).resolve().parent.parent / "results"
"""Reports of the experiments that come with the project."""


def shipped() -> list[str]:
    """The experiments whose reports come with the project."""
    return sorted(path.stem for path in SHIPPED.glob("*.json"))


def read_shipped(name: str) -> Summary:
    """The report of an experiment that comes with the project. Raises LabError."""
    if name not in shipped():
        raise LabError(f"no results of {name!r} come with the project{nearest(name, shipped())}")
    return read(SHIPPED / f"{name}.json")


def read(path: Path) -> Summary:
    """A report as `hftos lab report --save` wrote it. Raises StorageError."""
    try:
        found = json.loads(path.read_bytes())
        table((found,))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise StorageError(f"{path} holds no report ({error!r}): give what `lab report --save` wrote") from error
    return dict(found)


def save(found: Summary, path: Path) -> None:
    """Write a report as `read` takes it. Histograms, nine tenths of it, stay behind."""
    variants = {name: {key: one[key] for key in one if key != "histograms"} for name, one in found["variants"].items()}
    storage.write_readable(path, found | {"variants": variants})


Sources = Mapping[str, Mapping[str, Summary]]
"""The report that each figure is of: metric to variant to report."""


def table(reports: Sequence[Summary], metrics: Sequence[str] = ()) -> str:
    """Medians with the least and the most of the runs; bold where a report shows an effect against its reference.

    `metrics`: the columns, in this order, instead of those that the experiments compare. Reports of several experiments
    are put together by their variants' names; a figure is of the first report that has it. Raises LabError for a metric
    that no report has, and for variants that have nothing but their name in common.
    """
    _refuse_namesakes(reports)
    columns = _columns(reports, metrics)
    sources = {metric: _sources(reports, metric) for metric in columns}
    variants = list(dict.fromkeys(name for found in reports for name in found["variants"]))
    heads = (_head(row, _marks(metric, sources[metric])) for metric, row in columns.items())
    rows = ((f"`{name}`", *(_cell(metric, own, name) for metric, own in sources.items())) for name in variants)
    lines = [f"| {' | '.join(cells)} |" for cells in (("", *heads), (":--", *("--:" for _ in columns)), *rows)]
    return "\n".join((*lines, "", _note(reports, sources, variants), *_warnings(reports)))


def _refuse_namesakes(reports: Sequence[Summary]) -> None:
    """Raises LabError where reports call different things by the same name."""
    known: dict[str, Summary] = {}
    for found in reports:
        for name, variant in found["variants"].items():
            if not variant["runs"] + variant["failed"]:
                continue  # what was not booted yet does not say what it is
            first = known.setdefault(name, found)
            fields = ("kernel", "profile", "levels")
            differ = [field for field in fields if variant[field] != first["variants"][name][field]]
            if differ:
                one, other = (each["experiment"]["name"] for each in (first, found))
                raise LabError(
                    f"{name} of {one} and {name} of {other} differ in their {' and '.join(differ)}: make a table of "
                    "each experiment, or give the variant another name in one of them"
                )


def _columns(reports: Sequence[Summary], metrics: Sequence[str]) -> dict[str, Any]:
    """What each column's metric is, by its name. Raises LabError for one that no report has."""
    own: dict[str, Any] = {}
    for found in reports:
        for name, row in found["metrics"].items():
            if row["compared"] or metrics:
                own.setdefault(name, row)
    for name in metrics:
        if name not in own:
            raise LabError(f"no report has the metric {name!r}{nearest(name, own)}")
    return {name: own[name] for name in metrics or own}


def _sources(reports: Sequence[Summary], metric: str) -> dict[str, Summary]:
    """The first report with figures of a metric, for each variant that has some."""
    own: dict[str, Summary] = {}
    for found in reports:
        for variant, values in found["values"].get(metric, {}).items():
            if values:
                own.setdefault(variant, found)
    return own


def _marks(metric: str, own: Mapping[str, Summary]) -> list[str]:
    """Why figures of a column may not be quoted."""
    return list(dict.fromkeys(mark for found in own.values() if (mark := found["metrics"][metric]["mark"])))


def _head(metric: Mapping[str, Any], marks: Sequence[str]) -> str:
    return f"{titled(metric['what'], metric['unit'])}{' ' + MARK if marks else ''}"


def _cell(metric: str, own: Mapping[str, Summary], variant: str) -> str:
    found = own.get(variant)
    if found is None:
        return numbers.NONE
    values, unit = found["values"][metric][variant], found["metrics"][metric]["unit"]
    row = _compared(metric, found, variant)
    middle = row["medians"][1] if row else median(values)
    text = numbers.figure(middle, unit)
    if row and row["verdict"] in EFFECTS:
        text = f"**{text}**"
    low, high = (numbers.figure(value, unit) for value in (min(values), max(values)))
    return text if low == high else f"{text} ({low} to {high})"


def _compared(metric: str, found: Summary, variant: str) -> dict[str, Any] | None:
    rows = (row for row in found["comparisons"] if (row["metric"], row["variant"]) == (metric, variant))
    return next(rows, None)


def _note(reports: Sequence[Summary], sources: Sources, variants: Sequence[str]) -> str:
    """Under the table: what made it, on which machines, and what its marks mean."""
    commands = ", ".join(f"`hftos lab run {found['experiment']['name']}`" for found in reports)
    machines = dict.fromkeys(f"{row['host']}, {row['accelerator']}" for found in reports for row in found["machines"])
    boots = {len(found["values"][name][variant]) for name, own in sources.items() for variant, found in own.items()}
    runs = " to ".join(str(count) for count in sorted({min(boots), max(boots)})) if boots else "no"
    marks = dict.fromkeys(mark for name, own in sources.items() for mark in _marks(name, own))
    return "; ".join(
        (
            commands,
            *machines,
            f"median of {runs} boots each (least to most)",
            f"**bold**: an effect against {_against(reports, sources, variants)}, as the report shows it",
            *(f"{MARK} {mark}" for mark in marks),
        )
    )


def _against(reports: Sequence[Summary], sources: Sources, variants: Sequence[str]) -> str:
    """What effects are against: a report's reference, which is the first row where each column is of one report."""
    references = {found["experiment"]["reference"] for found in reports}
    of_one = all(found is other for own in sources.values() for found in own.values() for other in own.values())
    if of_one and references == {*variants[:1]}:
        return "the first row"
    whose = (f"`{found['experiment']['reference']}` of {found['experiment']['name']}" for found in reports)
    return f"the reference of its experiment ({', '.join(whose)})"


def _warnings(reports: Sequence[Summary]) -> list[str]:
    """What the reports warn of, a paragraph each; whose warning it is where there are several reports."""
    owners: dict[str, list[str]] = {}
    for found in reports:
        for text in found["warnings"]:
            owners.setdefault(text, []).append(found["experiment"]["name"])
    whose = {text: f" of {', '.join(names)}" if len(reports) > 1 else "" for text, names in owners.items()}
    return [line for text, names in whose.items() for line in ("", f"Warning{names}: {text}")]
