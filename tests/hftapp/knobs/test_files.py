"""Knobs that are files: written, read back, and honest about what did not take."""

import os
from pathlib import Path

import pytest

from hftapp.knobs import files
from hftapp.knobs.result import NOT_READ
from tests.hftapp.knobs.kernel import Kernel, row

STAT = row("vm.stat_interval", "sysctl", "vm.stat_interval", "120", "int", "/proc/sys/vm/stat_interval")


def test_a_value_is_written_and_read_back(kernel: Kernel) -> None:
    kernel.put("/proc/sys/vm/stat_interval", "1\n")
    assert files.apply(STAT, kernel.reader, [1]) == ("vm.stat_interval", "sysctl", "120", "120", True, "")
    assert kernel.read("/proc/sys/vm/stat_interval") == "120"


def test_what_the_kernel_keeps_is_effective_not_what_was_requested(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_path: Path, _value: str) -> None:
        raise OSError(22, "Invalid argument")

    kernel.put("/proc/sys/vm/stat_interval", "5\n")
    monkeypatch.setattr(files, "write", refuse)
    result = files.apply(STAT, kernel.reader, [1])
    assert (result.effective, result.ok, result.reason) == ("5", False, "write refused: Invalid argument")


def test_a_value_that_is_cut_to_what_is_possible_has_not_taken_effect(
    kernel: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel.put("/proc/sys/vm/stat_interval", "1\n")
    write = files.write
    monkeypatch.setattr(files, "write", lambda path, _value: write(path, "100"))
    result = files.apply(STAT, kernel.reader, [1])
    assert (result.effective, result.ok, result.reason) == ("100", False, "")


def test_an_absent_feature_is_fine_only_where_the_row_says_why(kernel: Kernel) -> None:
    excused = files.apply(row("ksm", "sysfs", "/sys/ksm", "0", "int", "/sys/ksm", absent="no KSM"), kernel.reader, [1])
    missed = files.apply(row("ksm", "sysfs", "/sys/ksm", "0", "int", "/sys/ksm"), kernel.reader, [1])
    assert (excused.effective, excused.ok, excused.reason) == ("absent", True, "no KSM")
    assert (missed.effective, missed.ok, missed.reason) == ("absent", False, "there is no /sys/ksm")


def test_a_knob_that_is_left_alone_is_read_and_not_written(kernel: Kernel) -> None:
    kernel.put("/proc/sys/vm/swappiness", "60\n")
    alone = row("vm.swappiness", "sysctl", "vm.swappiness", "unset", "int", "/proc/sys/vm/swappiness")
    result = files.apply(alone, kernel.reader, [1])
    assert (result.requested, result.effective, result.ok) == ("unset", "60", True)
    assert kernel.read("/proc/sys/vm/swappiness") == "60"


def test_a_pattern_is_every_file_and_the_one_that_differs_is_named(kernel: Kernel) -> None:
    for name in ("a", "b"):
        kernel.put(f"/sys/devices/virtual/workqueue/{name}/cpumask", "3\n")
    (kernel.root / "sys/devices/virtual/workqueue/none").mkdir()
    place = "/sys/devices/virtual/workqueue/*/cpumask"
    asked = row("workqueue", "sysfs", place, "1", "mask", place)
    assert files.apply(asked, kernel.reader, [1]).ok
    kernel.put("/sys/devices/virtual/workqueue/b/cpumask", "2\n")
    result = files.check(asked, kernel.reader, [1])
    assert (result.effective, result.ok) == ("2", False)
    assert result.reason == "in /sys/devices/virtual/workqueue/b/cpumask"


def test_a_row_for_each_isolated_cpu_is_written_from_there(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.sched_getaffinity(0)
    here = min(before)
    kernel.put(f"/fair/cpu{here}/runtime", "50000000\n")
    kernel.put("/sys/devices/system/cpu/online", str(here))
    seen: list[set[int]] = []
    write = files.write

    def recorded(path: Path, value: str) -> None:
        seen.append(os.sched_getaffinity(0))
        write(path, value)

    monkeypatch.setattr(files, "write", recorded)
    place = "/fair/cpu{cpu}/runtime"
    assert files.apply(row("fair_server", "sysfs", place, "0", "int", place), kernel.reader, [here]).ok
    assert seen == [{here}]
    assert os.sched_getaffinity(0) == before


class TestARowForEachIsolatedCpu:
    """`{cpu}`: every isolated CPU that is online has the file, and it counts."""

    PLACE = "/fair/cpu{cpu}/runtime"
    ASKED = row("fair_server", "sysfs", PLACE, "0", "int", PLACE)

    @pytest.fixture
    def four(self, kernel: Kernel) -> Kernel:
        """CPUs 0-3, of which 1-3 are isolated; of these only 1 has the file."""
        for name in ("present", "possible", "online"):
            kernel.put(f"/sys/devices/system/cpu/{name}", "0-3")
        kernel.put("/fair/cpu1/runtime", "50000000\n")
        return kernel

    def test_a_file_that_is_missing_is_a_failure(self, four: Kernel) -> None:
        result = files.apply(self.ASKED, four.reader, [1, 2, 3])
        assert (result.effective, result.ok) == ("absent", False)
        assert result.reason == "in /fair/cpu2/runtime, /fair/cpu3/runtime"

    def test_a_reason_to_lack_them_is_one_to_lack_them_all(self, four: Kernel) -> None:
        excused = row("fair_server", "sysfs", self.PLACE, "0", "int", self.PLACE, absent="no fair server")
        assert not files.apply(excused, four.reader, [1, 2, 3]).ok
        assert files.apply(excused, four.reader, [2, 3]).ok

    def test_a_cpu_that_is_off_needs_none(self, four: Kernel) -> None:
        four.put("/sys/devices/system/cpu/online", "0-1")
        four.put("/fair/cpu3/runtime", "50000000\n")
        result = files.apply(self.ASKED, four.reader, [1, 2, 3])
        assert (result.effective, result.ok, result.reason) == ("0", True, "")
        assert four.read("/fair/cpu3/runtime") == "50000000"

    def test_left_alone_they_only_inform(self, four: Kernel) -> None:
        alone = row("fair_server", "sysfs", self.PLACE, "unset", "int", self.PLACE)
        result = files.apply(alone, four.reader, [1, 2, 3])
        assert (result.effective, result.ok) == ("50000000", True)


def test_a_file_of_a_pattern_that_goes_meanwhile_is_no_failure(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    kernel.put("/sys/queues/a/cpumask", "1\n")
    place = "/sys/queues/*/cpumask"
    reader = kernel.reader
    monkeypatch.setattr(reader, "matching", lambda _pattern: ["/sys/queues/a/cpumask", "/sys/queues/gone/cpumask"])
    assert files.check(row("workqueue", "sysfs", place, "1", "mask", place), reader, [1]).ok


def test_a_row_that_cannot_be_read_back_gives_its_reason(kernel: Kernel) -> None:
    result = files.check(row("x", "boot", "x", "1", reason="nothing shows it"), kernel.reader, [])
    assert (result.effective, result.ok, result.reason) == (NOT_READ, True, "nothing shows it")


def test_without_its_configuration_a_kernel_proves_nothing(kernel: Kernel) -> None:
    result = files.check(row("HZ", "kconfig", "HZ", "100", "config", "HZ"), kernel.reader, [])
    assert (result.effective, result.ok, result.reason) == ("absent", False, "there is no /proc/config.gz")
