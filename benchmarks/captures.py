"""`hftos bench captures`: packets read and written a second, pcap and pcapng, beside other packages."""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from rich.table import Table

from benchmarks import peer_environment

ROOT: Final = Path(__file__).resolve().parent.parent
FOLDER: Final = ROOT / "build/bench"
LOCK: Final = peer_environment.LOCK.with_name("capture-requirements.lock")
SEED: Final = 26
PACKETS, PEERS_PACKETS = 1_000_000, 100_000
REPEATS: Final = 5
PATIENCE: Final = 300
START: Final = 1_795_000_000_000_000_000
PACKAGES: Final = ("hftos", "dpkt", "python-pcapng", "scapy")
TASKS: Final = ("read pcap", "read pcapng", "index pcap", "index pcapng", "write pcap", "write pcapng")
WHAT: Final = {
    "read pcap": "time and bytes of every packet as Python objects",
    "read pcapng": "time and bytes of every packet as Python objects",
    "index pcap": "times, offsets and lengths as columns over the mapped file",
    "index pcapng": "times, offsets and lengths as columns over the mapped file",
    "write pcap": "frames and times that are in memory, to a file",
    "write pcapng": "frames and times that are in memory, to a file",
}


def run(quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Rates of every package at every task that it has; `quick`: a twentieth of the packets, once."""
    from benchmarks.capture_contest import TASKS as ABLE

    python = peer_environment.python(FOLDER / "capture-venv", progress, LOCK)
    versions = peer_environment.versions(python)
    packets = PACKETS // 20 if quick else PACKETS
    files = {kind: FOLDER / f"captures-{packets}.{kind}" for kind in ("pcap", "pcapng")}
    make(files["pcap"], files["pcapng"], packets, progress)
    rows = []
    for task in TASKS:
        file = files["pcap"] if task.startswith("write") else files[task.split()[1]]
        for package in PACKAGES:
            if task not in ABLE[package]:
                continue
            progress(f"{task}: {package}")
            limit = packets if package == "hftos" else min(packets, PEERS_PACKETS)
            interpreter = Path(sys.executable) if package == "hftos" else python
            found = _measure(interpreter, package, task, file, limit, 1 if quick else REPEATS)
            rows.append({"task": task, "package": package, "version": versions.get(package, ""), **found})
    return {"packets": packets, "files": {kind: path.stat().st_size for kind, path in files.items()}, "rows": rows}


def make(pcap: Path, pcapng: Path, packets: int, progress: Callable[[str], None]) -> None:
    """Write both files of the benchmark, the same frames in each: 60 to 400 bytes, as a feed's, from a fixed seed."""
    from protocols.pcap_write import INBOUND, PcapngWriter, PcapWriter

    if pcap.is_file() and pcapng.is_file():
        return
    progress(f"writing {packets:,} packets to {pcap.parent}")
    pcap.parent.mkdir(parents=True, exist_ok=True)
    chance = random.Random(SEED)
    store = chance.randbytes(1 << 16)
    one, other = pcap.with_suffix(".pcap.part"), pcapng.with_suffix(".pcapng.part")
    with PcapWriter(one) as classic, PcapngWriter(other, "bench") as modern:
        time = START
        for _ in range(packets):
            at, length = chance.randrange(60_000), chance.choice((60, 84, 96, 96, 130, 132, 240, 400))
            time += chance.randrange(1, 4000)
            frame = store[at : at + length]
            classic.write(frame, time)
            modern.write(INBOUND, frame, time)
    one.replace(pcap)
    other.replace(pcapng)


def _measure(python: Path, package: str, task: str, file: Path, limit: int, repeats: int) -> dict[str, Any]:
    cpu = max(os.sched_getaffinity(0))
    options = [f"--limit={limit}", f"--cpu={cpu}", f"--repeats={repeats}"]
    out = FOLDER / f"captures-written.{task.split()[1]}"
    command = [str(python), "-m", "benchmarks.capture_contest", package, task, str(file), str(out), *options]
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


def tables(results: dict[str, Any]) -> list[Table]:
    """One table a task."""
    return [_table(task, results) for task in TASKS]


def _table(task: str, results: dict[str, Any]) -> Table:
    table = Table(title=f"{task[0].upper()}{task[1:]}: {WHAT[task]}", title_justify="left")
    for name in ("", "version"):
        table.add_column(name)
    for name in ("packets", "packets/s", "per CPU second", "ours ÷ it"):
        table.add_column(name, justify="right")
    rows = [row for row in results["rows"] if row["task"] == task]
    ours = next((row.get("cpu_rate") for row in rows if row["package"] == "hftos"), None)
    for row in rows:
        if "error" in row:
            table.add_row(row["package"], row["version"], "", row["error"], "", "")
            continue
        ratio = f"{ours / row['cpu_rate']:.1f}" if ours and row["package"] != "hftos" else ""
        name = row["package"] + ("" if row.get("kind", "Cython") == "Cython" else " (interpreted)")
        rates = (f"{row['rate']:,}", f"{row['cpu_rate']:,}")
        table.add_row(name, row["version"], f"{row['packets']:,}", *rates, ratio)
    return table
