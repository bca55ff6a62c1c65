"""`hftos bench icount`: guest instructions from a tick to its order, of the image and of every peer.

Under `-icount shift=0` the guest's TSC counts its instructions (each C peer checks that with a loop of known length). A
figure says how many instructions lie between the arrival of the data and the return of the call that sent the order.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks.icount.peers_table import OURS, PEERS, Peer
from image import buildroot
from image.errors import ImageError
from image.progress import default
from lab.lockstep import job
from lab.lockstep.exchange import HarnessError
from lab.lockstep.image_guest import MissingImageError
from lab.lockstep.kernels import KernelError
from lab.lockstep.results import ResultsError, figures, parse
from lab.lockstep.session import measure

FOLDER = Path(__file__).resolve().parent.parent.parent / "build/bench/icount"
TICKS = 10_000
QUOTABLE = True
"""Instructions are the same on every machine, emulated or not."""


def run(quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Figures of every peer; `quick`: a tenth of the ticks. A peer that fails has its reason as `error`."""
    ticks = TICKS // 10 if quick else TICKS
    root = buildroot.ensure(default())
    rows = [{"name": peer.name, "what": peer.what, **_row(peer, root, ticks, progress)} for peer in PEERS]
    return {"ticks": ticks, "warm_up": job.WARM_UP, "quotable": QUOTABLE, "peers": rows}


def _row(peer: Peer, root: buildroot.BuildRoot, ticks: int, say: Callable[[str], None]) -> dict[str, Any]:
    def report(done: int) -> None:
        say(f"{peer.name}: {done:,} ticks")

    console = FOLDER / f"{peer.name}.console"
    try:
        with tempfile.TemporaryDirectory() as folder:
            guest = peer.make(root, Path(folder), ticks + job.WARM_UP)
            right = measure(guest, peer.connect, ticks + job.WARM_UP, console, report)
        with console.open(encoding="utf-8", errors="replace") as lines:
            results = parse(lines)
    except (HarnessError, ResultsError, KernelError, MissingImageError, ImageError) as error:
        return {"error": str(error)}
    return {
        "right": right - job.WARM_UP,
        "calibration": results.calibration,
        "notes": results.notes,
        "after": _counted(results.after),
        "before": _counted(results.before),
        "stages": {name: _counted(samples) for name, samples in results.stages.items()},
    }


def _counted(samples: Sequence[int]) -> dict[str, int]:
    """Figures without the warm-up; empty where a guest does not measure this."""
    return figures(samples[job.WARM_UP :]) if len(samples) > job.WARM_UP else {}


def tables(results: dict[str, Any]) -> list[Table]:
    """Two: all peers, and the stages of the image."""
    rows = results["peers"]
    ours: dict[str, Any] = next((row for row in rows if row["name"] == OURS), {})
    title = f"Instructions from tick to order, {results['ticks']:,} ticks"
    table = Table(title=title, title_justify="left")
    for name in ("peer", "what it does"):
        table.add_column(name)
    for name in ("min", "p50", "p99", "max", "÷ image", "p50 with the receiving call", "÷ image"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(*_cells(row, ours))
    return [table, *_stages(ours)]


def _cells(row: dict[str, Any], ours: dict[str, Any]) -> list[str]:
    start = [row["name"], row["what"]]
    if "error" in row:
        return [*start, row["error"]]
    after, before = row["after"], row["before"]
    whole = f"{before['p50']:,}" if before else ""
    return [
        *start,
        *(f"{after[key]:,}" for key in ("min", "p50", "p99", "max")),
        _ratio(after, ours.get("after", {})),
        whole,
        _ratio(before, ours.get("before", {})),
    ]


def _ratio(one: dict[str, int], other: dict[str, int]) -> str:
    return f"{one['p50'] / other['p50']:.1f}" if one and other else ""


def _stages(ours: dict[str, Any]) -> list[Table]:
    if not ours.get("stages"):
        return []
    table = Table(title="Instructions of the image by stage", title_justify="left")
    table.add_column("stage")
    for name in ("min", "p50", "p99", "max"):
        table.add_column(name, justify="right")
    for stage, found in ours["stages"].items():
        table.add_row(stage, *(f"{found[key]:,}" for key in ("min", "p50", "p99", "max")))
    return [table]
