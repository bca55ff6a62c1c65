"""Latencies and comparisons as tables for a terminal, and comparisons as JSON types."""

import math
from collections.abc import Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from office.latency import hops
from office.latency.compare import FASTER, SLOWER, Compared, Comparison, Side
from office.latency.document import ordered
from office.latency.figures import NAMES, duration, figures
from office.latency.measured import Measured

_TITLES = {"p999": "p99.9"}
_COLOURS = {FASTER: "green", SLOWER: "red"}


def show(measured: Measured, console: Console) -> None:
    """Print the figures of every hop, then what they are worth."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("hop", style="bold", no_wrap=True)
    for name in NAMES:
        table.add_column(_TITLES.get(name, name), justify="right", no_wrap=True)
    table.add_column("from → to", style="dim")
    for name in ordered(measured):
        found = figures(measured.histograms[name])
        cells = [duration(found[key]) for key in NAMES[:-1]]
        table.add_row(name, *cells, f"{found['count']:,}", _explained(name))
    console.print(table)
    console.print(measured.verdict, markup=False, highlight=False, style="green" if measured.quotable else "yellow")
    for check in measured.checks:
        console.print(f"checked: {check}", markup=False, highlight=False)
    for note in measured.notes:
        console.print(f"note: {note}", markup=False, highlight=False, style="yellow")


def show_comparison(found: Compared, sides: Sequence[Side], console: Console) -> None:
    """Print a comparison, hop by hop."""
    share = f"{found.percent:g}"
    for letter, side in zip("AB", sides, strict=True):
        for run in side:
            console.print(f"{letter}: {run.name}, {run.verdict}", markup=False, highlight=False)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("hop", style="bold", no_wrap=True)
    for title in (f"A p{share}", f"B p{share}", "change", "interval", "values A, B"):
        table.add_column(title, justify="right", no_wrap=True)
    table.add_column("verdict: B is", no_wrap=True)
    for row in found.rows:
        colour = _COLOURS.get(row.verdict, "dim")
        table.add_row(
            row.hop,
            *map(duration, row.values),
            _percent(row.change),
            f"{_percent(row.change_interval[0])} … {_percent(row.change_interval[1])}",
            f"{row.counts[0]:,}, {row.counts[1]:,}",
            f"[{colour}]{row.verdict}[/]",
        )
    console.print(table)
    console.print(
        f"Intervals and verdicts hold together with {100 * found.confidence:g} % confidence.", highlight=False
    )
    if not found.between:
        console.print(
            "They are about these two runs: of one program too, runs differ. For programs, give several of each."
        )
    for letter, names in zip("AB", found.only, strict=True):
        if names:
            console.print(f"only in {letter}: {', '.join(names)}", markup=False, highlight=False)


def comparison_record(found: Compared, sides: Sequence[Side]) -> dict[str, Any]:
    """A comparison as JSON types, ns and percent; null where nothing can be said."""
    return {
        "a": [_run_record(run) for run in sides[0]],
        "b": [_run_record(run) for run in sides[1]],
        "between_runs": found.between,
        "percentile": found.percent,
        "confidence": found.confidence,
        "hops": {row.hop: _row_record(row) for row in found.rows},
        "only_a": found.only[0],
        "only_b": found.only[1],
    }


def _run_record(run: Measured) -> dict[str, Any]:
    return {"source": run.name, "quotable": run.quotable, "reason": run.reason}


def _row_record(row: Comparison) -> dict[str, Any]:
    return {
        "count": list(row.counts),
        "value_ns": list(row.values),
        "interval_ns": [_finite(pair) for pair in row.intervals],
        "change_percent": _finite((row.change,))[0],
        "change_interval_percent": _finite(row.change_interval),
        "resolution_ns": row.resolution,
        "verdict": row.verdict,
    }


def _finite(values: Sequence[float]) -> list[float | None]:
    return [round(value, 4) if math.isfinite(value) else None for value in values]


def _percent(value: float) -> str:
    return f"{value:+.1f} %" if math.isfinite(value) else "–"


def _explained(name: str) -> str:
    hop = hops.EXPLAINED.get(name)
    return f"{hop.begins} → {hop.ends}" if hop else ""
