"""`hftos bench books`: decoding and full-depth books, messages a second beside other packages, and single messages."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

from rich.table import Table

from benchmarks.native import rounds
from benchmarks.native.contestants import BOOKS


def run(quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Rates on both files, and percentiles of single messages; `quick`: a tenth of the messages, once."""
    results = rounds.run("books", BOOKS, quick, progress)
    for load, made in zip(results["loads"], rounds.QUICK_LOADS if quick else rounds.LOADS, strict=True):
        progress(f"{load['name']}: message by message")
        command = [sys.executable, "-m", "benchmarks.native.latency", str(made.path(rounds.FOLDER))]
        environment = {**os.environ, "PYTHONPATH": str(rounds.ROOT)}
        done = subprocess.run(
            [*command, f"--cpu={results['cpu']}"],
            cwd=rounds.ROOT,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=rounds.PATIENCE,
        )
        last = (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]
        load["latency_ns"] = {"error": last} if done.returncode else json.loads(done.stdout.splitlines()[-1])
    return results


def tables(results: dict[str, Any]) -> list[Table]:
    """One table a file, and one of single messages."""
    table = Table(title="Decoding and books, one message, ns with the clock's own", title_justify="left")
    for name in ("file", "messages come"):
        table.add_column(name)
    for name in ("clock", "p50", "p99", "p99.9", "max"):
        table.add_column(name, justify="right")
    for load in results["loads"]:
        ways = load["latency_ns"]
        if "error" in ways:
            table.add_row(load["name"], ways["error"])
            continue
        for way, words in _WAYS.items():
            table.add_row(load["name"], words, *(f"{ways[way][k]:,}" for k in ("clock", *_SHARES, "max")))
    return [*rounds.tables(results, "Decoding and books"), table]


_WAYS = {"stream": "one behind the other", "alone": "each alone"}
_SHARES = ("p50", "p99", "p999")
