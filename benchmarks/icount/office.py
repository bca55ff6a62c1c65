"""`hftos bench office_icount`: what the office can do to a tick of the trader, in guest instructions.

The image trades under `-icount` as it does in production, supervisor and telemetry included, with one office after the
other at the far end of its management network. The exchange is the one of `hftos bench icount`: the same ticks in the
same order, each order checked byte for byte.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.icount import office_compare, office_kept
from benchmarks.icount.office_cases import BASE, CASES, Case, Play
from lab.lockstep import job
from lab.lockstep.exchange import Exchange, HarnessError
from lab.lockstep.image_guest import COUNTED, image_guest
from lab.lockstep.results import Results, ResultsError, parse
from lab.lockstep.session import measure

FOLDER = Path(__file__).resolve().parent.parent.parent / "build/bench/office_icount"
TICKS = 2_000


def run(quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Figures of every case; `quick`: a tenth of the ticks. A case that fails has its reason as `error`."""
    return compare(CASES, TICKS // 10 if quick else TICKS, FOLDER, progress)


def compare(
    cases: Sequence[Case], ticks: int, folder: Path, progress: Callable[[str], None] = lambda _: None
) -> dict[str, Any]:
    """Figures of some cases over `ticks` ticks; consoles, and what the offices keep, go to `folder`."""
    measured: dict[str, Results] = {}
    rows = []
    for case in cases:
        row: dict[str, Any] = {"name": case.name, "what": case.what}
        try:
            found = _measured(case, ticks, folder / case.name, row, progress)
            row |= office_compare.counted(found, job.WARM_UP)
            measured[case.name] = found
        except (HarnessError, ResultsError, office_compare.ComparisonError) as error:
            row["error"] = str(error)
        rows.append(row)
    _judge(rows, measured)
    return {"ticks": ticks, "warm_up": job.WARM_UP, "base": BASE.name, "cases": rows}


def _measured(case: Case, ticks: int, folder: Path, row: dict[str, Any], say: Callable[[str], None]) -> Results:
    """One run. What else is known of it goes into `row`."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    every = ticks + job.WARM_UP
    play, console = Play(case, folder, every), folder / "console"
    with tempfile.TemporaryDirectory() as place:
        config = job.image_config("dpdk", job.OFFICE if case.office else "", duplicate_window_us=1)
        harness = f"office,ticks={every}"
        guest = image_guest(
            Path(place), "dpdk", harness, "virtio", COUNTED, counted=True, skips_idle=False, configuration=config
        )
        exchange, told = partial(Exchange, may=play.may), partial(_tell, case, say)
        row["right"] = measure(guest, exchange, every, console, told, play.beside)
    with console.open(encoding="utf-8", errors="replace") as lines:
        found = parse(lines)
    row |= {"calibration": found.calibration, "faults": play.applied, "said": _said(console)}
    row["reached"] = play.office.reached() if play.office else 0
    if case.whole:
        row["office"] = office_kept.differences(folder, every, found.journal_records)
    return found


def _tell(case: Case, say: Callable[[str], None], done: int) -> None:
    say(f"{case.name}: {done:,} ticks")


def _said(console: Path) -> list[str]:
    """What the supervisor says about the office."""
    lines = console.read_text(errors="replace").splitlines()
    return [line.removeprefix("hftos: ") for line in lines if line.startswith("hftos: ") and " the office " in line]


def _judge(rows: Sequence[dict[str, Any]], measured: dict[str, Results]) -> None:
    """Lay each run beside the one without an office: `known` and `changed` of its row."""
    base = next((row for row in rows if row["name"] == BASE.name and "error" not in row), None)
    for row in rows:
        if "error" in row:
            continue
        if base is None:
            row |= {"known": 0, "changed": [f"{BASE.name} was not measured"]}
            continue
        ticks, others = (measured[name].after[job.WARM_UP :] for name in (row["name"], BASE.name))
        row |= {"known": office_compare.known(ticks, others), "changed": office_compare.changed(row, base)}


def tables(results: dict[str, Any]) -> list[Table]:
    """Two: every case, and its stages."""
    title = f"Instructions from tick to order by what the office does, {results['ticks']:,} ticks"
    table = Table(title=title, title_justify="left")
    for name in ("office", "what it does"):
        table.add_column(name)
    for name in ("min", *(f"p50, line {line}" for line in office_compare.LINES), "p99", "max"):
        table.add_column(name, justify="right")
    table.add_column("counts that occur without an office", justify="right")
    for name in ("medians", "the office has"):
        table.add_column(name)
    for row in results["cases"]:
        table.add_row(*_cells(row, results["ticks"]))
    return [table, *_stages(results["cases"])]


def _cells(row: dict[str, Any], ticks: int) -> list[str]:
    start = [row["name"], row["what"]]
    if "error" in row:
        return [*start, row["error"]]
    after = row["after"]
    figures = [after["min"], *(row["p50"][line][office_compare.ALL] for line in office_compare.LINES)]
    figures += [after["p99"], after["max"]]
    has = "" if "office" not in row else "; ".join(row["office"]) or "everything exactly once"
    verdict = "; ".join(row["changed"]) or "unchanged"
    return [*start, *(f"{figure:,}" for figure in figures), f"{row['known']:,} of {ticks:,}", verdict, has]


def _stages(rows: Sequence[dict[str, Any]]) -> list[Table]:
    good = [row for row in rows if "error" not in row]
    if not good:
        return []
    names = [name for name in good[0]["p50"][office_compare.LINES[0]] if name != office_compare.ALL]
    table = Table(title="Instructions by stage, p50 of line A / line B", title_justify="left")
    table.add_column("office")
    for name in names:
        table.add_column(name, justify="right")
    for row in good:
        medians = [" / ".join(f"{row['p50'][line][name]:,}" for line in office_compare.LINES) for name in names]
        table.add_row(row["name"], *medians)
    return [table]
