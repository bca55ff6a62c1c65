"""Experiments as one Markdown table: a row for each variant, a column for each metric."""

import json
from collections.abc import Sequence
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


def table(reports: Sequence[Summary], metrics: Sequence[str] = ()) -> str:
    """Medians with the least and the most of the runs; bold where the report shows an effect against the first row.

    `metrics`: the columns, in this order, instead of those that the experiments compare. Reports of several experiments
    are put together by their variants' names; the first that has a metric gives it. Raises LabError for a metric that
    no report has.
    """
    own: dict[str, Summary] = {}
    for found in reports:
        for name, row in found["metrics"].items():
            if row["compared"] or metrics:
                own.setdefault(name, found)
    for name in metrics:
        if name not in own:
            raise LabError(f"no report has the metric {name!r}{nearest(name, own)}")
    columns = [(name, own[name]) for name in metrics or own]
    variants = dict.fromkeys(name for found in reports for name in found["variants"])
    heads = (_head(name, found) for name, found in columns)
    rows = ((f"`{name}`", *(_cell(metric, found, name) for metric, found in columns)) for name in variants)
    lines = [f"| {' | '.join(cells)} |" for cells in (("", *heads), (":--", *("--:" for _ in columns)), *rows)]
    return "\n".join((*lines, "", _note(reports, columns)))


def _head(name: str, found: Summary) -> str:
    metric = found["metrics"][name]
    return f"{titled(metric['what'], metric['unit'])}{' ' + MARK if metric['mark'] else ''}"


def _cell(metric: str, found: Summary, variant: str) -> str:
    values = found["values"].get(metric, {}).get(variant, [])
    if not values:
        return numbers.NONE
    unit = found["metrics"][metric]["unit"]
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


def _note(reports: Sequence[Summary], columns: Sequence[tuple[str, Summary]]) -> str:
    """Under the table: what made it, on which machines, and what its marks mean."""
    commands = ", ".join(f"`hftos lab run {found['experiment']['name']}`" for found in reports)
    machines = dict.fromkeys(f"{row['host']}, {row['accelerator']}" for found in reports for row in found["machines"])
    runs = ", ".join(dict.fromkeys(f"{found['experiment']['repeats']}" for found in reports))
    marks = dict.fromkeys(found["metrics"][name]["mark"] for name, found in columns)
    explained = [f"{MARK} {mark}" for mark in marks if mark]
    return "; ".join(
        (
            commands,
            *machines,
            f"median of {runs} boots each (least to most)",
            "**bold**: an effect against the first row, as the report shows it",
            *explained,
        )
    )
