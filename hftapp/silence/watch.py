"""The supervisor's side of the proof: what the kernel counted about the trader's thread, read from the other CPU."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hftapp import cpu
from hftapp.figures import Figures
from hftapp.silence import calls, counted, interrupts

THREAD_STAT = {"minor_faults": 9, "major_faults": 11}
"""Fields of /proc/PID/task/TID/stat (proc(5): minflt is the 10th), counted from 0."""
ENDED = frozenset("XZ")
"""States of a thread that is gone (proc(5): dead, zombie)."""
THREAD_STATUS = {"voluntary_switches": "voluntary_ctxt_switches", "involuntary_switches": "nonvoluntary_ctxt_switches"}


@dataclass(frozen=True)
class Reading:
    """Totals at one moment. `time`: monotonic ns."""

    time: int
    thread: Mapping[str, int]
    interrupts: Mapping[str, int]
    allocations: int
    on_path: int
    collections: int


def read_thread(pid: int, root: str = "/proc") -> dict[str, int]:
    """Page faults and context switches of a process's first thread; empty when it is gone."""
    thread = Path(root) / str(pid) / "task" / str(pid)
    try:
        stat = (thread / "stat").read_text(encoding="ascii", errors="replace")
        status = (thread / "status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return {}
    fields = stat.rpartition(")")[2].split()  # the name in brackets may hold anything; after it comes the 3rd field
    if fields[0] in ENDED:
        return {}  # its end was a switch of context too, and none that a tick could notice
    found = {name: int(fields[number - 2]) for name, number in THREAD_STAT.items()}
    lines = dict(line.split(":", 1) for line in status.splitlines() if ":" in line)
    return found | {name: int(lines.get(key, "0")) for name, key in THREAD_STATUS.items()}


class SilenceWatch:
    """One trader: `start` when it trades, `stop` when it begins to close, `record` at any time.

    Until `start` and after the thread is gone there is nothing to read; what was read last counts then.
    """

    def __init__(self, figures: Figures, number: int | None, clock: Callable[[], int], *, proc: str = "/proc") -> None:
        self._words = figures.words(counted.GROUP)
        self._cpu = number
        self._clock = clock
        self._proc = proc
        self._pid = 0
        self._first: Reading | None = None
        self._last: Reading | None = None
        self._stopped = False

    def start(self, pid: int) -> None:
        """The trader trades from now on; a second start changes nothing."""
        if self._first is None:
            self._pid = pid
            self._first = self._last = self._read()

    def stop(self) -> None:
        """The trader begins to close: what it does from now on is not counted."""
        self._update()
        self._stopped = self._first is not None

    def refused(self) -> str:
        """The system call that ended the trader; empty when none did, or nobody noted it."""
        number = self._words[counted.TRAPPED]
        return calls.name_of(number - 1) if number > 0 else ""

    def record(self) -> dict[str, Any]:
        """The section `silence` of the statistics. `system_calls` is 0 where the filter proves it, else null."""
        self._update()
        installed = bool(self._words[counted.INSTALLED])
        found: dict[str, Any] = {"filter": installed, "system_calls": 0 if installed else None, "seconds": 0.0}
        first, last = self._first, self._last
        if first is None or last is None:
            return found
        found["seconds"] = round((last.time - first.time) / 1e9, 3)
        if installed:
            found["allocations"] = last.allocations - first.allocations
            found["allocations_on_path"] = last.on_path - first.on_path
            found["gc_collections"] = last.collections - first.collections
        found |= {name: value - first.thread.get(name, 0) for name, value in last.thread.items()}
        grown = {name: n - first.interrupts.get(name, 0) for name, n in last.interrupts.items()}
        found["interrupts"] = {
            name: {"count": count, "why": interrupts.why(name)} for name, count in sorted(grown.items()) if count
        }
        return found

    def _update(self) -> None:
        if self._first is None or self._stopped:
            return
        reading = self._read()
        if reading.thread:
            self._last = reading

    def _read(self) -> Reading:
        words = self._words
        return Reading(
            self._clock(),
            read_thread(self._pid, self._proc),
            cpu.read_interrupts(self._cpu, f"{self._proc}/interrupts") if self._cpu is not None else {},
            words[counted.ALLOCATIONS],
            words[counted.ON_PATH],
            words[counted.COLLECTIONS],
        )
