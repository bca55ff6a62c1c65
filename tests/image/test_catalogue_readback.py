"""Each row's read-back tells a machine that has the value from one that has not."""

from dataclasses import replace
from pathlib import Path

import pytest

from hftapp.knobs import actions, apply, files, memory_node, table
from hftapp.knobs.result import ABSENT, Result
from image import catalogue
from image.catalogue import UNSET, Catalogue
from image.resolved import Resolved
from tests.hftapp.knobs.kernel import NO_CARD, Kernel

LAYERS = ("kconfig", "boot", "sysctl", "sysfs")
"""The others ask the card or the running process, not files."""

UNTOLD = {
    "/proc/sys/kernel/printk": "7\t4\t1\t7",
    "/sys/devices/system/cpu/isolated": "",
    "/sys/devices/system/cpu/nohz_full": "(null)",
    "/sys/devices/system/cpu/smt/control": "on",
    "/sys/devices/system/cpu/cpufreq/boost": "1",
    "/sys/devices/system/cpu/cpu1/cpufreq/scaling_governor": "schedutil",
    "/sys/devices/system/clocksource/clocksource0/current_clocksource": "tsc",
    "/sys/devices/system/machinecheck/machinecheck0/ignore_ce": "0",
    "/sys/devices/system/machinecheck/machinecheck1/ignore_ce": "0",
    "/sys/devices/system/machinecheck/machinecheck1/check_interval": "300",
    "/sys/devices/virtual/workqueue/cpumask": "3",
    "/sys/devices/virtual/workqueue/writeback/cpumask": "3",
    "/sys/bus/workqueue/devices/writeback/numa": "1",
    "/sys/module/rcupdate/parameters/rcu_normal_after_boot": "0",
    "/sys/module/rcupdate/parameters/rcu_expedited": "0",
    "/sys/module/rcupdate/parameters/rcu_cpu_stall_suppress": "0",
    "/sys/module/rcupdate/parameters/rcu_task_stall_timeout": "150000",
    "/sys/module/rcutree/parameters/nohz_full_patience_delay": "0",
    "/sys/module/rcutree/parameters/kthread_prio": "0",
    "/sys/module/intel_idle/parameters/max_cstate": "9",
    "/sys/module/processor/parameters/max_cstate": "8",
    "/sys/class/iommu/dmar0/type": "",
    "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages": "0",
    "/sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages": "13",
    "/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages": "12",
    "/sys/kernel/mm/transparent_hugepage/enabled": "always [madvise] never",
    "/sys/kernel/mm/ksm/run": "2",
    "/sys/kernel/debug/sched/preempt": "none (voluntary) full",
    "/sys/kernel/debug/sched/fair_server/cpu1/runtime": "50000000",
    "/sys/fs/cgroup/trader/cpuset.cpus.partition": "member",
    "/sys/fs/resctrl/info/L3/cbm_mask": "fff",
    "/sys/fs/resctrl/schemata": "L3:0=fff",
    "/sys/fs/resctrl/trader/schemata": "L3:0=fff",
    "/sys/fs/resctrl/trader/cpus_list": "",
    "/proc/irq/default_smp_affinity": "3",
    "/proc/irq/24/smp_affinity_list": "0-1",
    "/proc/irq/24/effective_affinity_list": "1",
    "/proc/meminfo": "Hugepagesize:       2048 kB",
    "/proc/cpuinfo": "flags\t\t: fpu",
    "/proc/sys/kernel/sched_rt_runtime_us": "950000",
    "/proc/sys/kernel/timer_migration": "1",
    "/proc/sys/kernel/numa_balancing": "1",
    "/proc/sys/kernel/watchdog": "1",
    "/proc/sys/kernel/nmi_watchdog": "1",
    "/proc/sys/kernel/hung_task_timeout_secs": "120",
    "/proc/sys/vm/stat_interval": "1",
    "/proc/sys/vm/swappiness": "60",
    "/proc/sys/vm/dirty_ratio": "20",
    "/proc/sys/vm/dirty_background_ratio": "10",
    "/proc/sys/vm/nr_hugepages": "0",
    "/proc/sys/net/core/busy_read": "0",
    "/proc/sys/net/core/busy_poll": "0",
    "/proc/sys/net/ipv4/tcp_fastopen": "0",
}
"""What a kernel with every feature shows when it was told nothing."""
BY_ITSELF = {
    ("clocksource", "tsc"),
    ("cpufreq.boost", "1"),
    ("default_hugepagesz", "2M"),
    ("fair_server", "50000000"),
    ("kernel.hung_task_timeout_secs", "120"),
    ("kernel.nmi_watchdog", "1"),
    ("kernel.numa_balancing", "1"),
    ("kernel.sched_rt_runtime_us", "950000"),
    ("kernel.timer_migration", "1"),
    ("kernel.watchdog", "1"),
    ("machinecheck.check_interval", "300"),
    ("machinecheck.ignore_ce", "0"),
    ("preempt", "voluntary"),
    ("rcupdate.rcu_normal_after_boot", "0"),
    ("rcutree.nohz_full_patience_delay", "0"),
    ("thp.enabled", "madvise"),
    ("vm.stat_interval", "1"),
}
"""The levels that such a kernel has without being told: they are effective, whoever chose them."""


@pytest.fixture(scope="module")
def shipped() -> Catalogue:
    return catalogue.load()


def alone(shipped: Catalogue) -> dict[tuple[str, str], Resolved]:
    """Every row and level that is read from files, each resolved with nothing else set."""
    nothing = dict.fromkeys(shipped.knobs, UNSET)
    pairs = [(knob.name, level) for knob in shipped if knob.layer in LAYERS for level in knob.allowed[:-1]]
    return {(name, level): shipped.resolve("qemu", nothing | {name: level}) for name, level in pairs}


def effective(shipped: Catalogue, kernel: Kernel, folder: Path, *, told: bool) -> set[tuple[str, str]]:
    """The levels that PID 1 takes for effective; `told`: their words are given, and the kernel knows none of them.

    Absent features do not count, which the row foresees.
    """
    found: set[tuple[str, str]] = set()
    for (name, level), resolved in alone(shipped).items():
        words = [parameter.text for parameter in resolved.parameters] if told else []
        kernel.put("/proc/cmdline", " ".join(words))
        kernel.put("/proc/1/environ", "".join(f"{word}\0" for word in words))
        result = checked(name, resolved, kernel, folder)
        assert result.effective != ABSENT or result.ok == bool(shipped[name].absent), name
        if result.ok and result.effective != ABSENT:
            found.add((name, level))
    return found


def checked(name: str, resolved: Resolved, kernel: Kernel, folder: Path) -> Result:
    """What PID 1 makes of one row."""
    path = folder / "knobs.json"
    path.write_bytes(resolved.guest_file())
    rows = table.load(path, str(kernel.root / "sys/devices/system/cpu"))
    (row,) = (row for row in rows.rows if row.name == name)
    (result,) = apply.apply(replace(rows, rows=(row,)), NO_CARD, str(kernel.root)).results
    return result


@pytest.fixture
def kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kernel:
    """One that drops whatever is written to it, has an empty log, and no symbol in its configuration."""
    monkeypatch.setattr(files, "write", lambda _path, _value: None)
    monkeypatch.setattr(actions, "write", lambda _path, _value: None)
    monkeypatch.setattr(memory_node, "write", lambda _path, _value: None)
    kernel = Kernel(tmp_path / "kernel")
    kernel.put("/dev/kmsg", "")
    kernel.config("")
    return kernel


@pytest.mark.parametrize("told", [False, True])
def test_an_empty_machine_has_nothing(shipped: Catalogue, kernel: Kernel, tmp_path: Path, *, told: bool) -> None:
    off = {(knob.name, "n") for knob in shipped if knob.layer == "kconfig" and "n" in knob.allowed}
    no_interrupt = {("irq.smp_affinity", "{housekeeping}")}  # none is on a wrong CPU
    assert effective(shipped, kernel, tmp_path, told=told) == off | no_interrupt


@pytest.mark.parametrize("told", [False, True])
def test_a_machine_that_was_not_told_has_what_a_kernel_does_by_itself(
    shipped: Catalogue, kernel: Kernel, tmp_path: Path, *, told: bool
) -> None:
    plain = [knob for knob in shipped if knob.layer == "kconfig" and not knob.choices]
    kernel.config("".join(f"CONFIG_{symbol}=y\n" for knob in plain for symbol in (knob.key, *knob.parts)))
    kernel.put("/dev/kmsg", "6,1,0,-;iommu: Default domain type: Translated\n")
    for path, text in UNTOLD.items():
        kernel.put(path, f"{text}\n")
    on = {(knob.name, "y") for knob in shipped if knob.layer == "kconfig" and "y" in knob.allowed}
    assert effective(shipped, kernel, tmp_path, told=told) == on | BY_ITSELF


@pytest.mark.parametrize(
    ("name", "level", "file", "needed"),
    [
        ("hugepagesz", "2M", "/sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", True),
        ("hugepagesz", "1G", "/sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages", True),
        ("mce", "off", "/sys/devices/system/machinecheck/machinecheck0/ignore_ce", False),
        ("iommu", "off", "/sys/class/iommu/dmar0/type", False),
    ],
)
def test_a_word_that_the_kernel_took_is_not_all_that_it_takes(
    shipped: Catalogue, kernel: Kernel, tmp_path: Path, name: str, level: str, file: str, *, needed: bool
) -> None:
    """A CPU may lack pages of 1 GiB, and firmware may insist on its IOMMU."""
    resolved = alone(shipped)[name, level]
    kernel.put("/proc/cmdline", " ".join(parameter.text for parameter in resolved.parameters))
    assert checked(name, resolved, kernel, tmp_path).ok is not needed
    kernel.put(file, "0\n")
    assert checked(name, resolved, kernel, tmp_path).ok is needed


def test_a_list_of_cpus_that_only_keeps_managed_interrupts_away_is_read_from_the_command_line(
    shipped: Catalogue, kernel: Kernel, tmp_path: Path
) -> None:
    resolved = alone(shipped)["isolcpus", "managed_irq,{isolated}"]
    kernel.put("/sys/devices/system/cpu/isolated", "\n")
    assert not checked("isolcpus", resolved, kernel, tmp_path).ok
    kernel.put("/proc/cmdline", "isolcpus=managed_irq,1")
    assert checked("isolcpus", resolved, kernel, tmp_path).ok
