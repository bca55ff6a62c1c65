"""Knobs that take more than one write: each function sets a row's value and says what is effective after that.

They get the row's value (`UNSET`: only look), the machine and its CPUs; None means that the machine has no such thing.
"""

import contextlib
import errno
import os
import re
import struct
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final

from hftapp import cpu, libc
from hftapp.knobs import memory_node
from hftapp.knobs.files import write
from hftapp.knobs.readback import Reader
from hftapp.knobs.result import UNSET
from hftapp.knobs.table import Table, cpus_of

IA32_ENERGY_PERF_BIAS: Final = 0x1B0
"""Intel SDM volume 4, table 2-2; the only register that the kernel lets user space write without a mark."""
RESCTRL: Final = "/sys/fs/resctrl"
_RCUO = re.compile(r"rcuo[psb]/\d+\Z")
_KSWAPD = re.compile(r"kswapd\d+\Z")
_KTHREADD: Final = "2"
_SWITCH_TRIES: Final = 100
_SWITCH_PAUSE_S: Final = 0.01

Action = Callable[[str, Reader, Table], "str | None"]


def move_interrupts(value: str, reader: Reader, table: Table) -> str | None:
    """Send every numbered interrupt to the CPUs of `value`.

    Effective are the CPUs on which device interrupts may still arrive; those that stayed on an isolated CPU are named.
    Interrupts that no device uses have no effective affinity and do not count, nor do those that the kernel manages
    (it refuses the write with EPERM, older kernels with EIO): each is of the queue of one CPU, and comes only for what
    that CPU sends.
    """
    stuck: list[str] = []
    reach: set[int] = set()
    for path in sorted(reader.path("/proc/irq").glob("[0-9]*")):
        try:
            if value != UNSET:
                write(path / "smp_affinity_list", value)
        except OSError as error:
            if error.errno in (errno.EPERM, errno.EIO):
                continue
        try:
            now = cpu.parse_list((path / "effective_affinity_list").read_text(encoding="ascii"))
        except (OSError, ValueError):
            continue
        reach.update(now)
        if set(now) & set(table.isolated):
            stuck.append(path.name)
    if stuck:
        return f"{cpu.format_list(reach)} (on isolated CPUs: {', '.join(stuck)})"
    # Fewer CPUs than allowed is as it should be: each interrupt goes to one of them.
    return value if value != UNSET and reach <= cpus_of(value, reader.last_cpu) else cpu.format_list(reach)


def move_rcuo(value: str, reader: Reader, _table: Table) -> str | None:
    """Send the threads that run offloaded RCU callbacks to the CPUs of `value` (kernel's rcu_nocbs documentation)."""
    return _move_threads(_RCUO, value, reader)


def move_kswapd(value: str, reader: Reader, _table: Table) -> str | None:
    """Send the threads that free memory to the CPUs of `value`: each has the CPUs of its memory node, isolated ones too
    (mm/vmscan.c, kswapd)."""
    return _move_threads(_KSWAPD, value, reader)


def _move_threads(name: re.Pattern[str], value: str, reader: Reader) -> str | None:
    """Send the kernel's threads of a name to some CPUs; effective are those on which they may run then."""
    numbers = [path.name for path in reader.path("/proc").iterdir() if path.name.isdecimal()]
    threads = [int(pid) for pid in numbers if name.match(_of(reader, pid, "comm")) and _is_the_kernels(reader, pid)]
    if not threads:
        return None
    reach: set[int] = set()
    for pid in threads:
        if value != UNSET:
            with contextlib.suppress(OSError):  # what is effective is read back
                os.sched_setaffinity(pid, cpus_of(value, reader.last_cpu) & reader.present)
        with contextlib.suppress(OSError):
            reach |= os.sched_getaffinity(pid)
    return cpu.format_list(reach)


def replug(value: str, reader: Reader, table: Table) -> str | None:
    """Take each isolated CPU off and on again: its timers stay with the others (kernel's isolation documentation).

    Only those that are online: with `nosmt` the kernel keeps each core's second thread off and refuses to start it
    (EPERM). Effective is the value when all came back, else those that did.
    """
    switches = {number: reader.path(f"{cpu.SYSFS_CPU}/cpu{number}/online") for number in table.isolated}
    if not all(path.exists() for path in switches.values()):
        return None
    if value == UNSET:
        return UNSET
    before = [number for number, path in switches.items() if _is_on(path)]
    for number in before:
        _switch(switches[number], "0")
        _switch(switches[number], "1")
    back = [number for number in before if _is_on(switches[number])]
    return value if back == before else cpu.format_list(back)


def _switch(path: Path, value: str, pause: Callable[[float], None] = time.sleep) -> None:
    """Write a CPU's switch. The kernel refuses (EBUSY) while others hold hotplug back, as the probing of PCI drivers
    does (drivers/pci/pci-driver.c), and tells nobody when that is over: it is tried again, for a second."""
    for _ in range(_SWITCH_TRIES - 1):
        try:
            write(path, value)
        except OSError as error:
            if error.errno != errno.EBUSY:
                raise
            pause(_SWITCH_PAUSE_S)
        else:
            return
    write(path, value)


def energy_perf_bias(value: str, reader: Reader, _table: Table) -> str | None:
    """Performance (0) to power saving (15) on each online CPU, through its register: without PM there is no file."""
    if " epb" not in reader.text("/proc/cpuinfo"):
        return None
    found: set[int] = set()
    for number in sorted(reader.online):
        fd = os.open(reader.path(f"/dev/cpu/{number}/msr"), os.O_RDONLY if value == UNSET else os.O_RDWR)
        try:
            if value != UNSET:
                os.pwrite(fd, struct.pack("<Q", int(value)), IA32_ENERGY_PERF_BIAS)
            found.add(struct.unpack("<Q", os.pread(fd, 8, IA32_ENERGY_PERF_BIAS))[0] & 0xF)
        finally:
            os.close(fd)
    return ", ".join(map(str, sorted(found)))


def divide_cache(value: str, reader: Reader, table: Table) -> str | None:
    """Give the isolated CPUs the upper `half` of the last cache's ways, and all others the rest (resctrl.rst).

    A group takes only CPUs that are online.
    """
    folder = reader.path(RESCTRL)
    if not folder.is_dir():
        return None
    if not (folder / "schemata").exists():
        if value == UNSET:
            return UNSET
        try:
            libc.mount("resctrl", str(folder), "resctrl")
        except OSError:
            return None  # the kernel has it, the CPU has not
    mask = folder / "info/L3/cbm_mask"
    if not mask.exists():
        return None
    ways = int(mask.read_text(), 16)
    if value == UNSET:
        return UNSET
    lower = (1 << (ways.bit_length() // 2)) - 1
    mine = folder / "trader"
    mine.mkdir(exist_ok=True)
    for group, share in ((folder, lower), (mine, ways & ~lower)):
        write(group / "schemata", _schemata(folder, share))
    cpus = set(table.isolated) & reader.online
    write(mine / "cpus_list", cpu.format_list(cpus))
    if _shares(mine) != {ways & ~lower} or _shares(folder) != {lower}:
        return "ways " + " ".join(f"{share:x}" for share in sorted(_shares(mine)))
    members = cpu.parse_list((mine / "cpus_list").read_text(encoding="ascii"))
    return value if set(members) == cpus else f"{value}, for CPUs {cpu.format_list(members) or 'none'}"


def _is_on(switch: Path) -> bool:
    return switch.read_text(encoding="ascii").strip() == "1"


def _schemata(folder: Path, share: int) -> str:
    line = next(line for line in (folder / "schemata").read_text().splitlines() if line.strip().startswith("L3:"))
    caches = (part.partition("=")[0] for part in line.strip().removeprefix("L3:").split(";"))
    return "L3:" + ";".join(f"{cache}={share:x}" for cache in caches)


def _shares(group: Path) -> set[int]:
    line = next(line for line in (group / "schemata").read_text().splitlines() if line.strip().startswith("L3:"))
    return {int(part.partition("=")[2], 16) for part in line.strip().removeprefix("L3:").split(";")}


def _is_the_kernels(reader: Reader, pid: str) -> bool:
    """Whether it is a child of kthreadd, whatever another process calls itself."""
    fields = _of(reader, pid, "stat").rpartition(")")[2].split()
    return fields[1:2] == [_KTHREADD]


def _of(reader: Reader, pid: str, name: str) -> str:
    try:
        return reader.text(f"/proc/{pid}/{name}")
    except OSError:
        return ""  # it has ended since


ACTIONS: Final[dict[str, Action]] = {
    "irq_affinity": move_interrupts,
    "rcuo_affinity": move_rcuo,
    "kswapd_affinity": move_kswapd,
    "cpu_replug": replug,
    "energy_perf_bias": energy_perf_bias,
    "resctrl": divide_cache,
    "huge_pages_node": memory_node.huge_pages,
    "memory_node": memory_node.memory,
}
"""By the key of a row of layer `sysfs`."""
