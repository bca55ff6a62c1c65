"""Knobs that take more than one write, on a kernel that is a folder."""

import errno
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from hftapp import libc
from hftapp.knobs import actions, apply
from hftapp.knobs.files import write
from hftapp.knobs.table import Table
from tests.hftapp.knobs.kernel import NO_CARD, Kernel, row, table

CPUS = table()


class TestInterrupts:
    """Device interrupts go to the housekeeping CPUs."""

    def test_they_are_moved_and_those_that_stay_are_named(self, kernel: Kernel) -> None:
        for number, effective in (("1", "0"), ("24", "1"), ("25", "")):
            kernel.put(f"/proc/irq/{number}/smp_affinity_list", "0-1")
            kernel.put(f"/proc/irq/{number}/effective_affinity_list", effective)
        assert actions.move_interrupts("0", kernel.reader, CPUS) == "0-1 (on isolated CPUs: 24)"
        assert kernel.read("/proc/irq/1/smp_affinity_list") == "0"
        kernel.put("/proc/irq/24/effective_affinity_list", "0")
        assert actions.move_interrupts("0", kernel.reader, CPUS) == "0"

    @pytest.mark.parametrize("number", [errno.EPERM, errno.EIO])
    def test_those_that_the_kernel_manages_belong_to_one_cpus_queue(
        self, number: int, kernel: Kernel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(path: Path, _value: str) -> None:
            raise OSError(number, "managed")

        kernel.put("/proc/irq/30/effective_affinity_list", "1")
        monkeypatch.setattr(actions, "write", refuse)
        assert actions.move_interrupts("0", kernel.reader, CPUS) == "0"

    def test_left_alone_they_are_only_looked_at(self, kernel: Kernel) -> None:
        kernel.put("/proc/irq/1/smp_affinity_list", "0-1")
        kernel.put("/proc/irq/1/effective_affinity_list", "0")
        assert actions.move_interrupts("unset", kernel.reader, CPUS) == "0"
        assert kernel.read("/proc/irq/1/smp_affinity_list") == "0-1"


class TestKernelThreads:
    """The threads of offloaded RCU callbacks, and those that free memory, go to the housekeeping CPUs."""

    def test_only_the_kernels_own_are_moved(self, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
        moved: dict[int, set[int]] = {}
        threads = ((20, "rcuos/1", 2), (21, "rcuog/0", 2), (300, "rcuos/1", 1), (22, "kworker/1:0", 2))
        for pid, name, parent in threads:
            kernel.put(f"/proc/{pid}/comm", f"{name}\n")
            kernel.put(f"/proc/{pid}/stat", f"{pid} ({name}) S {parent} 0 0")
        monkeypatch.setattr(os, "sched_setaffinity", lambda pid, cpus: moved.update({pid: set(cpus)}))
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid: moved.get(pid, {0, 1}))
        assert actions.move_rcuo("unset", kernel.reader, CPUS) == "0-1"
        assert actions.move_rcuo("0", kernel.reader, CPUS) == "0"
        assert moved == {20: {0}}

    def test_so_are_the_threads_that_free_memory(self, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
        moved: dict[int, set[int]] = {}
        for pid, name, parent in ((30, "kswapd0", 2), (31, "kswapd1", 2), (300, "kswapd1", 1), (32, "kswapper", 2)):
            kernel.put(f"/proc/{pid}/comm", f"{name}\n")
            kernel.put(f"/proc/{pid}/stat", f"{pid} ({name}) S {parent} 0 0")
        monkeypatch.setattr(os, "sched_setaffinity", lambda pid, cpus: moved.update({pid: set(cpus)}))
        monkeypatch.setattr(os, "sched_getaffinity", lambda pid: moved.get(pid, {0, 1}))
        assert actions.move_kswapd("0", kernel.reader, CPUS) == "0"
        assert moved == {30: {0}, 31: {0}}

    def test_without_any_there_is_nothing_to_move(self, kernel: Kernel) -> None:
        assert actions.move_rcuo("0", kernel.reader, CPUS) is None


class TestReplug:
    """An isolated CPU goes off and comes on again."""

    def test_both_are_written_in_this_order(self, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
        kernel.put("/sys/devices/system/cpu/cpu1/online", "1\n")
        written: list[str] = []
        monkeypatch.setattr(actions, "write", lambda _path, value: written.append(value))
        assert actions.replug("1", kernel.reader, CPUS) == "1"
        assert written == ["0", "1"]

    def test_a_cpu_that_does_not_come_back_is_missing(self, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
        path = kernel.put("/sys/devices/system/cpu/cpu1/online", "1\n")
        monkeypatch.setattr(actions, "write", lambda _path, _value: path.write_text("0\n"))
        assert actions.replug("1", kernel.reader, CPUS) == ""

    def test_a_kernel_without_it_has_no_switch(self, kernel: Kernel) -> None:
        assert actions.replug("1", kernel.reader, CPUS) is None


class TestSwitch:
    """The switch of a CPU while others hold hotplug back."""

    @staticmethod
    def refusing(times: int, number: int) -> Callable[[Path, str], None]:
        left = [number] * times

        def refuse(_path: Path, _value: str) -> None:
            if left:
                raise OSError(left.pop(), "refused")

        return refuse

    def test_it_is_tried_again_until_hotplug_is_free(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pauses: list[float] = []
        monkeypatch.setattr(actions, "write", self.refusing(3, errno.EBUSY))
        actions._switch(Path("online"), "0", pauses.append)
        assert len(pauses) == 3

    def test_for_a_second_and_no_longer(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pauses: list[float] = []
        monkeypatch.setattr(actions, "write", self.refusing(1000, errno.EBUSY))
        with pytest.raises(OSError, match="refused"):
            actions._switch(Path("online"), "0", pauses.append)
        assert 0.9 < sum(pauses) <= 1

    def test_what_is_refused_for_good_is_not_tried_again(self, monkeypatch: pytest.MonkeyPatch) -> None:
        pauses: list[float] = []
        monkeypatch.setattr(actions, "write", self.refusing(1, errno.EPERM))
        with pytest.raises(OSError, match="refused"):
            actions._switch(Path("online"), "1", pauses.append)
        assert not pauses


class TestReplugBesideThreadsThatAreOff:
    """`nosmt`: a core's second thread is present, isolated and off, and the kernel does not start it."""

    @pytest.fixture
    def smt(self, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> Kernel:
        """Cores 0-3 whose second threads, 4-7, are off."""

        def switch(path: Path, value: str) -> None:
            if value == "1" and int(path.parent.name.removeprefix("cpu")) > 3:
                raise PermissionError(errno.EPERM, "Operation not permitted")
            write(path, value)

        for name, cpus in (("present", "0-7"), ("possible", "0-7"), ("online", "0-3")):
            kernel.put(f"/sys/devices/system/cpu/{name}", cpus)
        for number in range(1, 8):
            kernel.put(f"/sys/devices/system/cpu/cpu{number}/online", "1\n" if number < 4 else "0\n")
        monkeypatch.setattr(actions, "write", switch)
        return kernel

    def test_they_stay_off_and_the_others_come_back(self, smt: Kernel) -> None:
        assert actions.replug("1-N", smt.reader, Table("test", tuple(range(1, 8)), (0,), ())) == "1-N"
        states = [smt.read(f"/sys/devices/system/cpu/cpu{number}/online") for number in range(1, 8)]
        assert states == ["1", "1", "1", "0", "0", "0", "0"]

    def test_they_do_not_stand_for_one_that_does_not_come_back(
        self, smt: Kernel, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(actions, "write", lambda path, value: write(path, "0" if "cpu2" in str(path) else value))
        found = Table("test", tuple(range(1, 8)), (0,), ())
        assert actions.replug("1-N", smt.reader, found) == "1,3"
        assert not smt.reader.agree("cpus", "1-N", "1,3")

    def test_the_self_check_passes(self, smt: Kernel) -> None:
        found = row("cpu.replug", "sysfs", "cpu_replug", "1-N", "code", "cpu_replug", compare="cpus")
        results = apply.apply(Table("test", tuple(range(1, 8)), (0,), (found,)), NO_CARD, str(smt.root)).results
        assert [(result.effective, result.ok) for result in results] == [("1-N", True)]


class TestEnergyBias:
    """IA32_ENERGY_PERF_BIAS of each CPU."""

    def test_it_is_written_where_the_cpu_has_it(self, kernel: Kernel) -> None:
        kernel.put("/proc/cpuinfo", "flags\t\t: fpu epb\n")
        for number in (0, 1):
            msr = kernel.put(f"/dev/cpu/{number}/msr", "")
            msr.write_bytes(bytes(actions.IA32_ENERGY_PERF_BIAS) + struct.pack("<Q", 6))
        assert actions.energy_perf_bias("unset", kernel.reader, CPUS) == "6"
        assert actions.energy_perf_bias("0", kernel.reader, CPUS) == "0"

    def test_a_cpu_without_it_is_told_by_its_flags(self, kernel: Kernel) -> None:
        kernel.put("/proc/cpuinfo", "flags\t\t: fpu\n")
        assert actions.energy_perf_bias("0", kernel.reader, CPUS) is None


class TestCacheWays:
    """resctrl: the trader's CPUs have ways of the last cache to themselves."""

    def resctrl(self, kernel: Kernel) -> None:
        kernel.put("/sys/fs/resctrl/info/L3/cbm_mask", "fff\n")
        for group in ("", "trader/"):
            kernel.put(f"/sys/fs/resctrl/{group}schemata", "    L3:0=fff;1=fff\n")
            kernel.put(f"/sys/fs/resctrl/{group}cpus_list", "\n")

    def test_each_side_has_half(self, kernel: Kernel) -> None:
        self.resctrl(kernel)
        assert actions.divide_cache("half", kernel.reader, CPUS) == "half"
        assert kernel.read("/sys/fs/resctrl/schemata") == "L3:0=3f;1=3f"
        assert kernel.read("/sys/fs/resctrl/trader/schemata") == "L3:0=fc0;1=fc0"
        assert kernel.read("/sys/fs/resctrl/trader/cpus_list") == "1"

    @pytest.mark.parametrize(
        ("ignored", "effective"),
        [("schemata", "ways fff"), ("cpus_list", "half, for CPUs 0"), ("nothing", "half")],
    )
    def test_what_the_kernel_keeps_counts(
        self, kernel: Kernel, monkeypatch: pytest.MonkeyPatch, ignored: str, effective: str
    ) -> None:
        self.resctrl(kernel)
        kernel.put("/sys/fs/resctrl/trader/cpus_list", "0\n")

        def kept(path: Path, value: str) -> None:
            if path.name != ignored:
                write(path, value)

        monkeypatch.setattr(actions, "write", kept)
        assert actions.divide_cache("half", kernel.reader, CPUS) == effective

    def test_a_group_takes_only_cpus_that_are_online(self, kernel: Kernel) -> None:
        self.resctrl(kernel)
        assert actions.divide_cache("half", kernel.reader, Table("test", (1, 2), (0,), ())) == "half"
        assert kernel.read("/sys/fs/resctrl/trader/cpus_list") == "1"

    def test_a_cpu_that_cannot_refuses_the_mount(self, kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_arguments: object) -> None:
            raise OSError(errno.ENODEV, "No such device")

        (kernel.root / "sys/fs/resctrl").mkdir(parents=True)
        monkeypatch.setattr(libc, "mount", refuse)
        assert actions.divide_cache("half", kernel.reader, CPUS) is None
