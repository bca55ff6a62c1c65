"""Matching engines compared: the project's own and those of other packages, with the same operations on one CPU."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks import operations, peer_environment

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "build/bench"
SEED = 20191230
PATIENCE = 60  # seconds for all repeats of one engine; the slowest that ends needs a third


@dataclass(frozen=True, slots=True)
class Engine:
    """One row of the comparison. `package` is None for the project's own; `module` is given to `benchmarks.replay`."""

    name: str
    module: str
    package: str | None
    kind: str
    replace: str


ENGINES = (
    Engine("hftos, from compiled code", "benchmarks.peers.hftos_compiled", None, "Cython", "native"),
    Engine("hftos, from Python", "benchmarks.peers.hftos_engine", None, "Cython", "native"),
    Engine("nanobook", "benchmarks.peers.nanobook_exchange", "nanobook", "Rust", "native"),
    Engine("obook", "benchmarks.peers.obook_book", "obook", "native, ctypes", "native"),
    Engine("cython-orderbook", "benchmarks.peers.cython_orderbook_book", "cython-orderbook", "Cython", "cancel + add"),
    Engine(
        "akhil4n-orderbook", "benchmarks.peers.akhil4n_orderbook_book", "akhil4n-orderbook", "Python", "cancel + add"
    ),
    Engine("fastlob", "benchmarks.peers.fastlob_book", "fastlob", "Python", "cancel + add"),
    Engine(
        "lightmatchingengine",
        "benchmarks.peers.lightmatchingengine_engine",
        "lightmatchingengine",
        "Python",
        "cancel + add",
    ),
    Engine("(the loop alone)", "benchmarks.peers.nothing", None, "Python", "nothing"),
)


@dataclass(frozen=True, slots=True)
class Load:
    """How many symbols, with how many resting orders each before the measurement."""

    name: str
    symbols: int
    depth: int


LOADS = (Load("one symbol, 1,000 orders deep", 1, 1_000), Load("500 symbols, 80 orders deep", 500, 80))


def run(quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Rates and latencies of every engine under every load; `quick`: a tenth of the operations, once instead of thrice.

    Raises PeerEnvironmentError when the packages cannot be installed.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    python = peer_environment.python(FOLDER / "venv", progress)
    versions = peer_environment.versions(python)
    count, repeats = (20_000, 1) if quick else (200_000, 3)
    cpu = max(os.sched_getaffinity(0))
    loads = []
    for load in LOADS:
        file = FOLDER / f"operations-{load.symbols}-{load.depth}-{count}-{SEED}.bin"
        made = _made(load, count, file, progress)
        results = []
        for number, engine in enumerate(ENGINES, start=1):
            progress(f"{load.name}: {engine.name} ({number}/{len(ENGINES)})")
            interpreter = Path(sys.executable) if engine.package is None else python
            result = _replay(interpreter, engine, file, cpu, repeats)
            version = versions.get(engine.package, "") if engine.package else ""
            results.append({**asdict(engine), "version": version, **result})
        loads.append({**asdict(load), "mix": made.mix(), "engines": results})
    return {"cpu": cpu, "operations": count, "repeats": repeats, "seed": SEED, "loads": loads}


def _made(load: Load, count: int, file: Path, progress: Callable[[str], None]) -> operations.Operations:
    """The operations of a load. They are made by a compiled engine in this process and kept for the next run."""
    from benchmarks import order_flow  # imports the engine: not before it is needed

    progress(f"{load.name}: making {count:,} operations")
    made = order_flow.OrderFlow(load.symbols, SEED).make(load.depth, count)
    made.write(file)
    return made


def _replay(python: Path, engine: Engine, file: Path, cpu: int, repeats: int) -> dict[str, Any]:
    command = [str(python), "-m", "benchmarks.replay", engine.module, str(file), f"--cpu={cpu}", f"--repeats={repeats}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0"}
    try:
        done = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        return {"error": f"gave up after {PATIENCE} s"}
    if done.returncode:
        return {"error": (done.stderr.strip() or f"exit status {done.returncode}").splitlines()[-1]}
    return dict(json.loads(done.stdout))


def tables(results: dict[str, Any]) -> list[Table]:
    """One table a load: the whole loop's rate, and percentiles of single operations."""
    return [_table(load) for load in results["loads"]]


def _table(load: dict[str, Any]) -> Table:
    mix = ", ".join(f"{share:.1%} {name}" for name, share in load["mix"].items())
    table = Table(title=f"{load['name']}: {mix}", title_justify="left")
    for title in ("engine", "version", "written in"):
        table.add_column(title)
    for title in ("operations/s", "add p50/p99/p99.9 ns", "cancel", "replace", "marketable", "clock ns", "traded"):
        table.add_column(title, justify="right")
    for engine in load["engines"]:
        table.add_row(*_row(engine))
    return table


def _row(engine: dict[str, Any]) -> list[str]:
    start = [engine["name"], engine["version"], engine["kind"]]
    if "error" in engine:
        return [*start, engine["error"]]
    latency = engine["latency_ns"]
    times = ["{p50:,} / {p99:,} / {p999:,}".format(**latency[kind]) for kind in operations.KINDS]
    traded, expected = engine["traded"], engine["expected"]
    same = "same" if traded == expected else f"{traded - expected:+,}"
    if engine["replace"] == "nothing":
        same = ""
    return [*start, f"{engine['rate']:,}", *times, str(engine["clock_ns"]), same]
