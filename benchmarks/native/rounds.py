"""One contest over both files: every contestant in a process of its own, on one CPU, on the same bytes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks import peer_environment
from benchmarks.native.contestants import Contestant
from benchmarks.native.feed_file import SEED, Load, ensure

ROOT = Path(__file__).resolve().parent.parent.parent
FOLDER = ROOT / "build/bench"
LOADS = (Load("9,000 symbols", 9_000, 5_000_000), Load("one symbol", 1, 5_000_000))
QUICK_LOADS = (Load("9,000 symbols, quick", 9_000, 500_000), Load("one symbol, quick", 1, 500_000))
REPEATS = 3
PATIENCE = 240


def run(
    contest: str, contestants: Sequence[Contestant], quick: bool, progress: Callable[[str], None]
) -> dict[str, Any]:
    """Rates of all contestants on both files; `quick`: files of a tenth, once instead of three times."""
    python = peer_environment.python(FOLDER / "feed-venv", progress, peer_environment.FEED_LOCK)
    versions = peer_environment.versions(python)
    cpu = max(os.sched_getaffinity(0))
    loads = []
    for load in QUICK_LOADS if quick else LOADS:
        held = ensure(load, FOLDER, progress)
        rows = []
        for each in contestants:
            if not each.many and load.symbols > 1:
                continue
            progress(f"{load.name}: {each.name}")
            interpreter = Path(sys.executable) if each.package is None else python
            found = _measure(interpreter, each, contest, load.path(FOLDER), cpu, 1 if quick else REPEATS)
            version = versions.get(each.package, "") if each.package else ""
            rows.append({**asdict(each), "version": version, **found})
        loads.append({"name": load.name, "symbols": load.symbols, "file": held, "rows": rows})
    return {"cpu": cpu, "seed": SEED, "loads": loads}


def _measure(python: Path, each: Contestant, contest: str, file: Path, cpu: int, repeats: int) -> dict[str, Any]:
    options = [f"--limit={each.limit}", f"--cpu={cpu}", f"--repeats={repeats}"]
    command = [str(python), "-m", "benchmarks.native.runner", each.module, contest, str(file), *options]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return {"error": f"gave up after {PATIENCE} s"}
    if done.returncode:
        return {"error": (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]}
    return dict(json.loads(done.stdout.splitlines()[-1]))


def tables(results: dict[str, Any], what: str) -> list[Table]:
    """One table a file."""
    return [_table(load, what) for load in results["loads"]]


def _table(load: dict[str, Any], what: str) -> Table:
    held = load["file"]
    title = f"{what}, {load['name']}: {held['messages']:,} messages, {held['resting']:,} orders at the end"
    table = Table(title=title, title_justify="left")
    for name in ("", "version", "written in", "what it does"):
        table.add_column(name)
    for name in ("messages", "messages/s", "ours ÷ it", "orders left"):
        table.add_column(name, justify="right")
    ours = next((row.get("rate") for row in load["rows"] if row["package"] is None), None)
    for row in load["rows"]:
        table.add_row(*_cells(row, ours))
    return table


def _cells(row: dict[str, Any], ours: int | None) -> list[str]:
    start = [row["name"], row["version"], row["kind"], row["what"]]
    if "error" in row:
        return [*start, "", row["error"]]
    ratio = f"{ours / row['rate']:.1f}" if ours and row["package"] else ""
    left = row["facts"].get("orders")
    return [*start, f"{row['messages']:,}", f"{row['rate']:,}", ratio, "" if left is None else f"{left:,}"]
