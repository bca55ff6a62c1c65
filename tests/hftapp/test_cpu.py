"""Kernel lists, masks and the interrupt table."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp import cpu

TABLE = """\
           CPU0       CPU1
  1:          9          0   IO-APIC    1-edge      i8042
 24:        100          7   PCI-MSI-0000:00:03.0    0-edge      virtio0-input.0
NMI:          0          0   Non-maskable interrupts
LOC:      12345         67   Local timer interrupts
RES:         10          2   Rescheduling interrupts
ERR:          0
"""


@given(st.sets(st.integers(0, 130)))
def test_lists_and_masks_round_trip(cpus: set[int]) -> None:
    assert set(cpu.parse_list(cpu.format_list(cpus))) == cpus
    assert cpu.parse_mask(cpu.format_mask(cpus)) == sum(1 << number for number in cpus)


@pytest.mark.parametrize(("text", "cpus"), [("", ()), ("(null)\n", ()), ("1", (1,)), ("0,2-3\n", (0, 2, 3))])
def test_kernel_lists(text: str, cpus: tuple[int, ...]) -> None:
    assert cpu.parse_list(text) == cpus


def test_masks_are_grouped_like_the_kernel_s() -> None:
    assert cpu.format_mask([0]) == "1"
    assert cpu.format_mask([0, 32]) == "1,00000001"
    with pytest.raises(ValueError, match="invalid literal"):
        cpu.parse_mask("xyz")


def test_interrupts_of_one_cpu_by_name() -> None:
    assert cpu.interrupts(TABLE, 0) == {"1:i8042": 9, "24:virtio0-input.0": 100, "LOC": 12345, "RES": 10}
    assert cpu.interrupts(TABLE, 1) == {"24:virtio0-input.0": 7, "LOC": 67, "RES": 2}
    assert cpu.interrupts(TABLE, 5) == {}
    assert cpu.interrupts("", 0) == {}


def test_the_running_kernel_s_table_is_readable() -> None:
    assert cpu.read_interrupts(0)["LOC"] > 0
    assert cpu.read_interrupts(0, "/nowhere") == {}


def test_housekeeping_is_what_is_not_isolated(tmp_path: Path) -> None:
    root = str(tmp_path)
    (tmp_path / "online").write_text("0-3\n")
    assert cpu.housekeeping(root) == (0, 1, 2, 3)
    (tmp_path / "isolated").write_text("2-3\n")
    assert cpu.housekeeping(root) == (0, 1)
    (tmp_path / "isolated").write_text("0-3\n")
    assert cpu.housekeeping(root) == (0, 1, 2, 3)
