"""The kernel's counters by name, read from a CPU that is not the one they are about.

Reading /proc sends no interrupt to another CPU: the kernel keeps these counts per CPU and adds nothing up there.
"""

import itertools
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hftapp import cpu as cpus
from hftapp.silence.watch import read_thread


@dataclass(frozen=True, slots=True)
class Reading:
    """Totals at one moment, `time` seconds of CLOCK_MONOTONIC: interrupts and softirqs by CPU and name, a thread's."""

    time: float
    interrupts: Mapping[int, Mapping[str, int]]
    softirqs: Mapping[int, Mapping[str, int]]
    thread: Mapping[str, int]


def read(numbers: Sequence[int], pid: int, root: str = "/proc") -> Reading:
    """The totals of some CPUs and of the first thread of a process, now."""
    folder = Path(root)
    interrupts, softirqs = _text(folder / "interrupts"), _text(folder / "softirqs")
    return Reading(
        time.monotonic(),
        {number: cpus.interrupts(interrupts, number) for number in numbers},
        {number: cpus.interrupts(softirqs, number) for number in numbers},
        read_thread(pid, root),
    )


def growth(before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """What was added to each total; names without growth are left out."""
    grown = {name: count - before.get(name, 0) for name, count in after.items()}
    return {name: count for name, count in sorted(grown.items()) if count}


def report(readings: Sequence[Reading], number: int) -> dict[str, object]:
    """Growth from the first reading to the last, and of the CPU `number` from each to the next.

    `seconds`; `interrupts` and `softirqs` by CPU and name; `thread`; `series`: interrupts of the CPU by name, a number
    for each step. Raises ValueError for fewer than two readings.
    """
    if len(readings) < 2:
        raise ValueError(f"{len(readings)} readings: growth needs two")
    first, last = readings[0], readings[-1]
    steps = [growth(a.interrupts[number], b.interrupts[number]) for a, b in itertools.pairwise(readings)]
    names = sorted({name for step in steps for name in step})
    return {
        "seconds": round(last.time - first.time, 6),
        "interrupts": {f"CPU{n}": growth(first.interrupts[n], last.interrupts[n]) for n in last.interrupts},
        "softirqs": {f"CPU{n}": growth(first.softirqs[n], last.softirqs[n]) for n in last.softirqs},
        "thread": {name: count - first.thread.get(name, 0) for name, count in last.thread.items()},
        "series": {name: [step.get(name, 0) for step in steps] for name in names},
    }


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
