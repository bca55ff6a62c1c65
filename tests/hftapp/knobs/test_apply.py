"""The walk over the rows: what is read first, what is set, what is held, what is left to the trader."""

import os

import pytest

from hftapp.knobs import apply, held
from hftapp.knobs.held import Held
from hftapp.knobs.table import HUGE_PAGE_BYTES, Row
from tests.hftapp.knobs.kernel import NO_CARD, Kernel, row, table

AFFINITY = "/proc/irq/default_smp_affinity"


def walk(kernel: Kernel, *rows: Row) -> apply.Applied:
    return apply.apply(table(*rows), NO_CARD, str(kernel.root))


def test_what_was_booted_is_read_before_anything_is_set(kernel: Kernel) -> None:
    """Else a parameter that was lost would be hidden by the write that does the same later."""
    kernel.put(AFFINITY, "3\n")
    booted = row("irqaffinity", "boot", "irqaffinity", "0", "mask", AFFINITY, shows="1")
    later = row("irq.default_smp_affinity", "sysfs", AFFINITY, "1", "mask", AFFINITY)
    results = walk(kernel, later, booted).results
    assert [(r.name, r.effective, r.ok) for r in results] == [
        ("irqaffinity", "3", False),
        ("irq.default_smp_affinity", "1", True),
    ]


def test_every_row_but_the_traders_has_a_result(kernel: Kernel) -> None:
    kernel.config("CONFIG_HZ=100\n")
    rows = (
        row("HZ", "kconfig", "HZ", "100", "config", "HZ"),
        row("quiet", "boot", "quiet", "set", "cmdline", "quiet"),
        row("nic.pause", "nic", "pause", "0", "code", "pause"),
        row("vm.x", "sysctl", "vm.x", "0", "int", "/proc/sys/vm/x", absent="none"),
        row("irq.smp_affinity", "sysfs", "irq_affinity", "0", "code", "irq_affinity"),
        row("mlockall", "process", "mlockall", "on", "code", "mlockall"),
    )
    results = walk(kernel, *rows).results
    assert [r.name for r in results] == ["HZ", "quiet", "nic.pause", "vm.x", "irq.smp_affinity"]
    assert [r.ok for r in results] == [True, False, True, True, True]


def test_what_is_held_stays_open(kernel: Kernel) -> None:
    applied = walk(kernel, row("timestamp_socket", "process", "timestamp_socket", "held", "code", "timestamp_socket"))
    assert applied.results[0].ok
    (descriptor,) = applied.held
    os.close(descriptor)


def test_what_the_kernel_refuses_to_hold_has_failed(kernel: Kernel, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_value: str, _reader: object) -> Held:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setitem(held.HELD, "cpu_dma_latency", refuse)
    (result,) = walk(kernel, row("cpu_dma_latency", "process", "cpu_dma_latency", "0", "code", "c")).results
    assert (result.effective, result.ok) == ("refused: Operation not permitted", False)


def test_an_action_on_what_is_not_there_is_excused_only_by_its_row(kernel: Kernel) -> None:
    rcuo = row("rcuo", "sysfs", "rcuo_affinity", "0", "code", "rcuo_affinity")
    (missed,) = walk(kernel, rcuo).results
    (excused,) = walk(kernel, row("rcuo", "sysfs", "rcuo_affinity", "0", "code", "r", absent="none offloaded")).results
    assert (missed.effective, missed.ok) == ("absent", False)
    assert (excused.effective, excused.ok, excused.reason) == ("absent", True, "none offloaded")


def test_a_profiles_list_of_cpus_means_those_that_are_there(kernel: Kernel) -> None:
    """`1-N`, as a profile for machines of any size has it."""
    kernel.put("/sys/devices/system/cpu/cpu1/online", "1\n")
    (result,) = walk(kernel, row("replug", "sysfs", "cpu_replug", "1-N", "code", "cpu_replug", compare="cpus")).results
    assert (result.requested, result.effective, result.ok) == ("1-N", "1-N", True)


def test_huge_pages_are_reserved_for_rings(kernel: Kernel) -> None:
    kernel.put("/proc/sys/vm/nr_hugepages", "0\n")
    result = apply.reserve_huge_pages(4096, str(kernel.root))
    assert result.ok
    assert int(result.effective) * HUGE_PAGE_BYTES > 4096 * 2048
