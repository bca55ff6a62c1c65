"""The report of an experiment: one HTML page that needs nothing else, JSON, a table for the terminal."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from lab import storage
from lab.report import loading, page, summary, tables

PAGE: Final = "report.html"
SUMMARY: Final = "report.json"
_LONGEST: Final = 200
"""Characters of a file's name for metrics, of which a file system takes 255 in all."""


def as_json(folder: Path, metrics: Sequence[str] = ()) -> dict[str, Any]:
    """The report of the experiment in a folder; `metrics`: to compare instead of the experiment's own.

    Raises StorageError for what is no experiment.
    """
    return summary.summary(loading.load(folder), metrics)


def write(folder: Path, found: dict[str, Any] | None = None, metrics: Sequence[str] = ()) -> Path:
    """Write the page and its JSON into the experiment's folder, each whole or not at all; gives the page's path.

    A report of other `metrics` than the experiment's own is beside the experiment's, under their names.
    """
    found = as_json(folder, metrics) if found is None else found
    path = folder / PAGE
    if metrics:
        path = path.with_name(f"{path.stem}-{'+'.join(dict.fromkeys(metrics))[:_LONGEST]}{path.suffix}")
    storage.write_readable(path.with_suffix(".json"), found)
    storage.write(path, page.page(found).encode())
    return path


def terminal(folder: Path, console: Console, found: dict[str, Any] | None = None) -> None:
    """Print the report in short."""
    tables.show(as_json(folder) if found is None else found, console)
