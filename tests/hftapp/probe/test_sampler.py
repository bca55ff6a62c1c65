"""The kernel's counters: totals by CPU and name, their growth, and their growth in every second."""

import os
from pathlib import Path

import pytest

from hftapp.probe.sampler import Reading, growth, read, report

INTERRUPTS = """\
           CPU0       CPU1
  4:        120          0  IR-IO-APIC    4-edge      ttyS0
LOC:       {}       {}  Local timer interrupts
RES:          7          2  Rescheduling interrupts
"""
SOFTIRQS = """\
                    CPU0       CPU1
       TIMER:       {}          {}
"""


def proc(folder: Path, local: tuple[int, int], timer: tuple[int, int], switches: int) -> Path:
    thread = folder / "9/task/9"
    thread.mkdir(parents=True, exist_ok=True)
    (folder / "interrupts").write_text(INTERRUPTS.format(*local))
    (folder / "softirqs").write_text(SOFTIRQS.format(*timer))
    (thread / "stat").write_text("9 (spin ) ner) R 1 1 1 0 -1 4194560 100 0 3 0 0\n")
    (thread / "status").write_text(f"voluntary_ctxt_switches:\t{switches}\nnonvoluntary_ctxt_switches:\t1\n")
    return folder


def test_a_reading_has_every_cpu_by_name_and_the_thread(tmp_path: Path) -> None:
    found = read((0, 1), 9, str(proc(tmp_path, (900, 30), (50, 6), 2)))
    assert found.interrupts == {0: {"4:ttyS0": 120, "LOC": 900, "RES": 7}, 1: {"LOC": 30, "RES": 2}}
    assert found.softirqs == {0: {"TIMER": 50}, 1: {"TIMER": 6}}
    assert found.thread == {
        "minor_faults": 100,
        "major_faults": 3,
        "voluntary_switches": 2,
        "involuntary_switches": 1,
    }


def test_the_report_is_what_grew_and_when(tmp_path: Path) -> None:
    readings = [
        read((0, 1), 9, str(proc(tmp_path, (900 + 100 * step, 30 + step * step), (50, 6 + step), 2)))
        for step in range(4)
    ]
    found = report(readings, 1)
    assert found["interrupts"] == {"CPU0": {"LOC": 300}, "CPU1": {"LOC": 9}}
    assert found["softirqs"] == {"CPU0": {}, "CPU1": {"TIMER": 3}}
    assert found["series"] == {"LOC": [1, 3, 5]}
    assert found["thread"] == dict.fromkeys(
        ("minor_faults", "major_faults", "voluntary_switches", "involuntary_switches"), 0
    )


def test_seconds_are_between_the_first_reading_and_the_last() -> None:
    readings = [Reading(time, {1: {}}, {1: {}}, {}) for time in (10.0, 11.5, 13.25)]
    assert report(readings, 1)["seconds"] == 3.25


def test_growth_needs_two_readings() -> None:
    with pytest.raises(ValueError, match="1 readings: growth needs two"):
        report([Reading(0.0, {0: {}}, {0: {}}, {})], 0)


def test_a_total_that_did_not_grow_is_left_out_and_a_new_one_is_whole() -> None:
    assert growth({"LOC": 5, "RES": 1}, {"LOC": 5, "RES": 4, "CAL": 2}) == {"CAL": 2, "RES": 3}


def test_this_machine_can_be_read() -> None:
    found = read((0,), os.getpid())
    assert found.interrupts[0]["LOC"] > 0
    assert found.thread["minor_faults"] > 0
