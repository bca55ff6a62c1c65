"""Run-time kernel knobs: a table of values, applied and then read back, because only the effective value counts."""

import contextlib
import os
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from hftapp import cpu

ABSENT = "absent"


class Knob(NamedTuple):
    """One row. `kind` says how requested and effective are compared: `text`, `int`, `mask` or `choice` (`[never]`).

    `absent_ok`: this kernel may be built without the feature, and then there is nothing to silence.
    `cpu`: the CPU from which the value must be written.
    """

    name: str
    path: str
    value: str
    reason: str
    kind: str = "int"
    absent_ok: bool = False
    cpu: int | None = None


class Result(NamedTuple):
    """What became of one knob: the value asked for, the value read back, and whether they agree."""

    name: str
    requested: str
    effective: str
    ok: bool
    reason: str

    def record(self) -> dict[str, object]:
        """The row of the boot record: name, requested, effective, ok."""
        return {"name": self.name, "requested": self.requested, "effective": self.effective, "ok": self.ok}


def summary(results: Iterable[Result]) -> str:
    """How many knobs have their value, are for something this kernel does not have, and do not have their value."""
    rows = list(results)
    failed = sum(not row.ok for row in rows)
    absent = sum(row.ok and row.effective == ABSENT for row in rows)
    return f"{len(rows) - absent - failed} set, {absent} absent, {failed} failed"


FIXED = (
    Knob("kernel.sched_rt_runtime_us", "/proc/sys/kernel/sched_rt_runtime_us", "-1", "no throttling of the trader"),
    Knob(
        "kernel.timer_migration",
        "/proc/sys/kernel/timer_migration",
        "0",
        "no timers move to busy CPUs",
        absent_ok=True,
    ),
    Knob(
        "kernel.numa_balancing",
        "/proc/sys/kernel/numa_balancing",
        "0",
        "no page faults to sample memory access",
        absent_ok=True,
    ),
    Knob("kernel.watchdog", "/proc/sys/kernel/watchdog", "0", "no watchdog timer on any CPU", absent_ok=True),
    Knob("kernel.nmi_watchdog", "/proc/sys/kernel/nmi_watchdog", "0", "no NMIs for lockup checks", absent_ok=True),
    Knob(
        "kernel.hung_task_timeout_secs",
        "/proc/sys/kernel/hung_task_timeout_secs",
        "600",
        "fewer scans of the task list",
        absent_ok=True,
    ),
    Knob("vm.stat_interval", "/proc/sys/vm/stat_interval", "120", "per-CPU counters are folded every 2 minutes"),
    Knob("ksm.run", "/sys/kernel/mm/ksm/run", "0", "no page merging", absent_ok=True),
    Knob(
        "transparent_hugepage",
        "/sys/kernel/mm/transparent_hugepage/enabled",
        "never",
        "no compaction stalls",
        kind="choice",
        absent_ok=True,
    ),
)


HUGE_PAGE_BYTES = 2 << 20
_BUFFER_BYTES = 2560
"""A packet buffer with its header, rounded up to whole cache lines (DPDK's rte_mbuf.h: 128 + 128 + 2,048 bytes)."""
_OTHER_PAGES = 16
"""For the card's rings, DPDK's own tables and what falls off at page boundaries."""


def huge_pages(frames: int) -> Knob:
    """The row that reserves memory for a user-space driver whose rings hold `frames` frames."""
    pages = _OTHER_PAGES + -(-frames * _BUFFER_BYTES // HUGE_PAGE_BYTES)
    return Knob("vm.nr_hugepages", "/proc/sys/vm/nr_hugepages", str(pages), "packet buffers of the user-space driver")


def table(isolated: Sequence[int], housekeeping: Sequence[int]) -> list[Knob]:
    """The rows for a machine with these CPUs: the fixed ones and those that name CPUs."""
    rows = list(FIXED)
    for number in isolated:
        rows += _isolated_rows(number)
    rows += _housekeeping_rows(cpu.format_mask(housekeeping))
    return rows


def _isolated_rows(number: int) -> tuple[Knob, ...]:
    return (
        Knob(
            f"sched.fair_server.cpu{number}",
            f"/sys/kernel/debug/sched/fair_server/cpu{number}/runtime",
            "0",
            "the deadline server's timer keeps the tick alive on an isolated CPU (6.12)",
            cpu=number,  # written from another CPU, 6.12 warns of a run queue clock that is not up to date
        ),
        Knob(
            f"machinecheck.cpu{number}.check_interval",
            f"/sys/devices/system/machinecheck/machinecheck{number}/check_interval",
            "0",
            "no polling for corrected errors",
            absent_ok=True,
        ),
    )


def _housekeeping_rows(mask: str) -> tuple[Knob, ...]:
    return (
        Knob(
            "workqueue.cpumask",
            "/sys/devices/virtual/workqueue/cpumask",
            mask,
            "unbound kernel work stays on the housekeeping CPUs",
            kind="mask",
        ),
        Knob(
            "workqueue.writeback.cpumask",
            "/sys/devices/virtual/workqueue/writeback/cpumask",
            mask,
            "write-back stays on the housekeeping CPUs",
            kind="mask",
            absent_ok=True,
        ),
        Knob(
            "irq.default_smp_affinity",
            "/proc/irq/default_smp_affinity",
            mask,
            "new interrupts go to the housekeeping CPUs",
            kind="mask",
        ),
    )


def _read(path: Path) -> str:
    return path.read_text(encoding="ascii", errors="replace").strip()


def _write(path: Path, value: str) -> None:
    fd = os.open(path, os.O_WRONLY | os.O_TRUNC)
    try:
        os.write(fd, value.encode() + b"\n")
    finally:
        os.close(fd)


@contextlib.contextmanager
def _on_cpu(number: int | None) -> Iterator[None]:
    """Run the block on one CPU, where this machine has it and lets us."""
    if number is None:
        yield
        return
    before = os.sched_getaffinity(0)
    with contextlib.suppress(OSError):
        os.sched_setaffinity(0, {number})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def _agree(kind: str, requested: str, effective: str) -> bool:
    try:
        if kind == "int":
            return int(requested) == int(effective)
        if kind == "mask":
            return cpu.parse_mask(requested) == cpu.parse_mask(effective)
    except ValueError:
        return False
    if kind == "choice":
        return f"[{requested}]" in effective.split()
    return requested == effective


def apply(rows: Iterable[Knob], root: str = "") -> list[Result]:
    """Write every row's value and read it back; `root` is put before each path (tests use a fake tree).

    A refused write is no error here: the row's `effective` says what the kernel kept and `ok` is false.
    """
    results = []
    for row in rows:
        path = Path(root + row.path)
        if not path.exists():
            results.append(Result(row.name, row.value, ABSENT, row.absent_ok, row.reason))
            continue
        refused = ""
        try:
            with _on_cpu(row.cpu):
                _write(path, row.value)
        except OSError as error:
            refused = f" (write refused: {error.strerror})"
        try:
            effective = _read(path)
        except OSError as error:
            results.append(Result(row.name, row.value, f"unreadable: {error.strerror}", False, row.reason))
            continue
        agree = _agree(row.kind, row.value, effective)
        results.append(Result(row.name, row.value, effective + ("" if agree else refused), agree, row.reason))
    return results


def move_interrupts(isolated: Sequence[int], housekeeping: Sequence[int], root: str = "") -> Result:
    """Send every numbered interrupt to the housekeeping CPUs; one result for all of them.

    The effective value lists the CPUs on which device interrupts may still arrive, and names those that stayed on an
    isolated CPU. Interrupts no device uses have no effective affinity and do not count.
    """
    wanted = cpu.format_list(housekeeping)
    stuck: list[str] = []
    reach: set[int] = set()
    for path in sorted(Path(f"{root}/proc/irq").glob("[0-9]*")):
        try:
            _write(path / "smp_affinity_list", wanted)
        except OSError:
            pass  # per-CPU and managed interrupts refuse; whether that matters is read back below
        try:
            now = cpu.parse_list(_read(path / "effective_affinity_list"))
        except (OSError, ValueError):
            continue
        reach.update(now)
        if set(now) & set(isolated):
            stuck.append(path.name)
    effective = cpu.format_list(reach) or "none"
    if stuck:
        effective += f" (on isolated CPUs: {', '.join(stuck)})"
    return Result("irq.smp_affinity", wanted, effective, not stuck, "device interrupts stay off the isolated CPUs")


def hold_wakeup_latency(path: str = "/dev/cpu_dma_latency") -> tuple[int | None, Result]:
    """Ask for no wake-up latency: CPUs stay out of sleep states as long as the returned descriptor is open."""
    reason = "no sleep states with a wake-up latency"
    try:
        fd = os.open(path, os.O_RDWR)
    except OSError as error:
        absent = isinstance(error, FileNotFoundError)
        return None, Result("cpu_dma_latency", "0", ABSENT if absent else f"refused: {error.strerror}", absent, reason)
    os.write(fd, b"\0\0\0\0")
    effective = int.from_bytes(os.pread(fd, 4, 0), "little", signed=True)
    return fd, Result("cpu_dma_latency", "0", str(effective), effective == 0, reason)
