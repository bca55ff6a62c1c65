"""`hftos bench rtt`: round trips to the image's echo, with DPDK and with AF_PACKET, on two cards, in one run.

Each with QEMU's emulated IOMMU, as in `hftos run`, and without one. The kernel's driver passes the IOMMU by
(`iommu=pt`) while each of DPDK's accesses is translated, and QEMU has no hardware for that: it costs DPDK alone some
microseconds.
The guest's polling CPU has a CPU of the host to itself, where there are two.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.table import Table

from benchmarks import pinning
from benchmarks.pings import Pings
from image.build import OUTPUT
from lab.lockstep.exchange import HarnessError
from lab.lockstep.image_guest import MissingImageError, image_guest
from lab.lockstep.link import Link
from lab.lockstep.results import figures
from lab.lockstep.session import measure
from qemu import accel

FOLDER = Path(__file__).resolve().parent.parent / "build/bench/rtt"
FRAMES = 10_000
MODELS = ("virtio", "e1000e")
PORTS = ("dpdk", "af_packet")
_SPARE = 100_000  # the guest is ended from here: it must not end by itself, whatever was sent while it booted


def run(quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Round trips of every card and port; `quick`: a tenth of the frames. One that fails has its reason as `error`."""
    frames = FRAMES // 10 if quick else FRAMES
    kernel = OUTPUT / "vmlinuz"
    accelerator = accel.find(kernel if kernel.is_file() else None)
    rows = [
        {"model": model, "iommu": iommu, "port": port, **_row(model, port, iommu, frames, accelerator, progress)}
        for model in MODELS
        for iommu in (True, False)
        for port in PORTS
    ]
    return {"frames": frames, "accel": accelerator.name, "accel_reason": accelerator.reason, "rows": rows}


def _row(
    model: str, port: str, iommu: bool, frames: int, accelerator: accel.Accelerator, say: Callable[[str], None]
) -> dict[str, Any]:
    pings: list[Pings] = []

    def connect(link: Link, alive: Callable[[], bool]) -> Pings:
        pings.append(Pings(link, alive, settled))
        return pings[0]

    def settled() -> None:
        pinning.give_own_cpu(pinning.guest())

    def report(done: int) -> None:
        say(f"{model}, {port}{'' if iommu else ', no IOMMU'}: {done:,} frames")

    mine = os.sched_getaffinity(0)
    try:
        with tempfile.TemporaryDirectory() as folder:
            harness = f"echo,port={port},frames={frames + _SPARE}"
            if port == "dpdk" and not iommu:
                harness += ",noiommu=yes"
            guest = image_guest(Path(folder), port, harness, model, accelerator, counted=False, iommu=iommu)
            console = FOLDER / f"{model}-{port}{'' if iommu else '-noiommu'}.console"
            measure(guest, connect, frames, console, report)
        return {"lost": pings[0].lost, "ns": figures(pings[0].nanoseconds)}
    except (HarnessError, MissingImageError, ValueError) as error:
        return {"error": str(error)}
    finally:
        os.sched_setaffinity(0, mine)


def tables(results: dict[str, Any]) -> list[Table]:
    """One: cards and ports."""
    title = f"Round trips from the host, {results['frames']:,} frames, {results['accel']}"
    table = Table(title=title, title_justify="left")
    table.add_column("card")
    table.add_column("port")
    table.add_column("IOMMU")
    for name in ("lost", "min µs", "p50 µs", "p99 µs", "p50 ÷ AF_PACKET's"):
        table.add_column(name, justify="right")
    rows = results["rows"]
    base = {_machine(row): row["ns"]["p50"] for row in rows if row["port"] == "af_packet" and "ns" in row}
    for row in rows:
        words = "emulated" if row["iommu"] else "none"
        table.add_row(row["model"], row["port"], words, *_cells(row, base.get(_machine(row))))
    return [table]


def _machine(row: dict[str, Any]) -> tuple[str, bool]:
    return row["model"], row["iommu"]


def _cells(row: dict[str, Any], base: int | None) -> list[str]:
    if "error" in row:
        return [row["error"]]
    found = row["ns"]
    times = [f"{found[key] / 1000:.1f}" for key in ("min", "p50", "p99")]
    return [str(row["lost"]), *times, f"{found['p50'] / base:.2f}" if base else ""]
