"""How long runs take: what earlier runs on the same kind of machine took, or a guess for each workload."""

import os
import platform
from collections import defaultdict
from collections.abc import Iterable, Mapping
from statistics import median
from typing import Any, Final

from lab.model import Run, Workload

OVERHEAD: Final = {"idle": 10.0, "feed": 20.0, "tick-to-trade": 20.0, "burst": 20.0}
"""Seconds beside the measured window that a run takes under emulation, for a machine that has done none."""
TICK_SECONDS: Final = 0.02


def machine() -> str:
    """What durations are comparable on."""
    return f"{platform.node()}, {os.cpu_count()} CPUs"


def window(workload: Workload) -> float:
    """Seconds of the workload itself; for ticks in lockstep a guess."""
    return workload.ticks * TICK_SECONDS if workload.kind == "tick-to-trade" else workload.seconds


class Estimates:
    """Seconds a run will take, from the rows of `lab.storage.durations` and from those that are added."""

    def __init__(self, rows: Iterable[Mapping[str, Any]] = (), on: str | None = None) -> None:
        self._on = on or machine()
        self._kinds: defaultdict[str, list[float]] = defaultdict(list)
        self._kernels: defaultdict[tuple[str, str], list[float]] = defaultdict(list)
        for row in rows:
            if row.get("machine") == self._on and isinstance(row.get("took"), int | float):
                self._add(str(row.get("kind")), str(row.get("kernel")), row["took"] - float(row.get("window", 0.0)))

    def row(self, run: Run, took: float, on: str | None = None) -> dict[str, Any]:
        """What to keep about a run that took so many seconds."""
        own = {"key": run.key, "kind": run.workload.kind, "kernel": run.variant.kernel}
        return own | {"window": window(run.workload), "took": round(took, 2), "machine": on or self._on}

    def add(self, run: Run, took: float) -> None:
        """Learn from a run that has just ended, here or on another machine."""
        self._add(run.workload.kind, run.variant.kernel, took - window(run.workload))

    def seconds(self, run: Run) -> float:
        """How long the run will take."""
        return max(0.0, window(run.workload) + self._overhead(run.workload.kind, run.variant.kernel))

    def total(self, runs: Iterable[Run], workers: int = 1) -> float:
        """How long the runs will take, so many at a time."""
        return sum(map(self.seconds, runs)) / max(1, workers)

    def known(self, kind: str) -> bool:
        """Whether any run under this workload has been seen on this machine."""
        return kind in self._kinds

    def _overhead(self, kind: str, kernel: str) -> float:
        seen = self._kernels.get((kind, kernel)) or self._kinds.get(kind)
        return median(seen) if seen else OVERHEAD[kind]

    def _add(self, kind: str, kernel: str, overhead: float) -> None:
        self._kinds[kind].append(overhead)
        self._kernels[kind, kernel].append(overhead)


def words(seconds: float) -> str:
    """A duration as people say it: `8 s`, `3 min 20 s`, `1 h 05 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02} min"
