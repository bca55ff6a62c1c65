"""From what a guest says to a run's figures: which metrics each workload gives, and what is noted beside them."""

from typing import Any

import pytest

from hftapp.silence.interrupts import WHY
from lab import workloads
from lab.boot import MEMORY_MIB
from lab.lockstep import job
from lab.metrics import METRICS
from lab.model import Variant, Workload

BOOT = {
    "pid1_s": 1.25,
    "ready_s": 1.75,
    "knobs": [{"name": "nohz_full", "requested": "1", "effective": "1", "ok": True}],
}
COMMON: dict[str, Any] = {
    "seconds": 10.0,
    "interrupts": {"CPU0": {"LOC": 2500}, "CPU1": {"LOC": 5, "RES": 2, "CAL": 1, "24:virtio0": 4}},
    "softirqs": {"CPU0": {"TIMER": 90}, "CPU1": {"TIMER": 3, "SCHED": 2}},
    "thread": {"minor_faults": 1, "major_faults": 0, "voluntary_switches": 0, "involuntary_switches": 7},
    "series": {"LOC": [1] * 5},
    "memory": {"MemTotal": 400_000, "MemAvailable": 300_000, "Hugetlb": 4_096},
    "unknown_parameters": [],
    "boot": BOOT,
    "knobs": [{"name": "sched_policy", "requested": "other", "effective": "other", "ok": True}],
}
GAPS = {
    "count": 40,
    "window_ns": 10_000_000_000,
    "stolen_ns": 2_000_000,
    "turn_ns": 50,
    "threshold_ns": 800,
    "longest": [[90_000, 1.5], [3_000, 0.1]],
    "histogram": [[1_000, 30], [91_000, 10]],
}
IDLE = COMMON | {"gaps": GAPS}
LOADED = COMMON | {"latency": {"tick_to_trade": {"histogram": [[900, 98], [1_000, 1], [9_000, 1]]}}}


def test_idle_has_rates_gaps_and_costs() -> None:
    found = workloads.read(Workload("idle"), IDLE)
    assert found.metrics == {
        "loc_per_s": 0.5,
        "interrupts_per_s": 1.2,
        "ipis_per_s": 0.3,
        "softirqs_per_s": 0.5,
        "switches": 7,
        "faults": 1,
        "gaps_per_s": 4.0,
        "gap_max_us": 90.0,
        "available": 99.98,
        "boot_s": 1.25,
        "ready_s": 1.75,
        "memory_kib": MEMORY_MIB * 1024 - 304_096,
        "memory_reserved_kib": MEMORY_MIB * 1024 - 300_000,
    }
    assert found.counts["interrupts"] == {"LOC": 5, "RES": 2, "CAL": 1, "24:virtio0": 4}
    assert found.counts["switches"] == {"voluntary_switches": 0, "involuntary_switches": 7}
    assert found.interrupts_by_cpu == COMMON["interrupts"]
    assert found.histograms == {"gaps_us": [[1.0, 30], [91.0, 10]]}
    assert found.notes == ["a gap is 800 ns or more; a turn of the loop takes 50 ns"]


def counted(samples: list[int]) -> dict[str, Any]:
    warm = [9_999] * job.WARM_UP
    after, whole = [*warm, *samples], [*warm, *(sample + 500 for sample in samples)]
    return COMMON | {"after": after, "whole": whole, "stages": {"doorbell": [n // 2 for n in after]}}


def test_tick_to_trade_has_instructions_and_no_rates() -> None:
    found = workloads.read(Workload("tick-to-trade", ticks=4), counted([700, 600, 600, 5_000]))
    assert found.metrics == {
        "instructions_p50": 600,
        "instructions_p99": 700,
        "instructions_max": 5_000,
        "instructions_whole_p50": 1_100,
        "boot_instructions": 1_250_000_000,
        "boot_s": 1.25,
        "ready_s": 1.75,
        "memory_kib": MEMORY_MIB * 1024 - 304_096,
        "memory_reserved_kib": MEMORY_MIB * 1024 - 300_000,
        "switches": 7,
        "faults": 1,
    }
    assert found.histograms["instructions"] == [[600, 2], [700, 1], [5_000, 1]]
    assert found.histograms["stages.doorbell"] == [[300, 2], [350, 1], [2_500, 1]]


def test_a_guest_with_fewer_samples_than_ticks_has_no_figures() -> None:
    with pytest.raises(ValueError, match=f"{job.WARM_UP + 3} samples of 1000 ticks"):
        workloads.read(Workload("tick-to-trade", ticks=1000), counted([1, 2, 3]))


@pytest.mark.parametrize("kind", ["feed", "burst"])
def test_a_feed_has_rates_and_latencies(kind: str) -> None:
    found = workloads.read(Workload(kind), LOADED)
    assert found.metrics["loc_per_s"] == 0.5
    assert found.histograms == {"tick_to_trade_ns": [[900, 98], [1_000, 1], [9_000, 1]]}
    assert (found.metrics["tick_to_trade_p50_ns"], found.metrics["tick_to_trade_p99_ns"]) == (900, 1_000)
    assert "gaps_per_s" not in found.metrics


def test_a_feed_without_a_trade_has_no_latency() -> None:
    found = workloads.read(Workload("feed"), COMMON | {"latency": {"tick_to_trade": {"histogram": []}}})
    assert "tick_to_trade_p50_ns" not in found.metrics


@pytest.mark.parametrize("kind", ["idle", "tick-to-trade", "feed"])
def test_every_metric_is_one_that_can_be_compared(kind: str) -> None:
    found = workloads.read(Workload(kind, ticks=1), counted([1]) | {"gaps": GAPS})
    assert set(found.metrics) <= set(METRICS)


def test_ipis_are_rows_that_the_traders_watch_explains() -> None:
    assert set(workloads.IPIS) <= set(WHY)


def test_what_the_kernel_did_not_take_is_noted() -> None:
    refused = {"name": "ksm.run", "requested": "0", "effective": "absent", "ok": False}
    said = IDLE | {
        "unknown_parameters": ["lpj=", "nosuch="],
        "boot": BOOT | {"knobs": [*BOOT["knobs"], refused]},  # type: ignore[misc]
        "tracers": {"osnoise": {"irq": 5.0, "available": 99.9999}, "hwlat": {"error": "no tracer hwlat"}},
    }
    said["knobs"] = [{"name": "sched_policy", "requested": "fifo", "effective": "other", "ok": False}]
    found = workloads.read(Workload("idle"), said)
    assert found.counts["osnoise"] == {"irq": 5, "available": 99.9999}
    assert repr(found.counts["osnoise"]["irq"]) == "5"  # what is whole is so in the files too
    assert found.notes[:4] == [
        "not known to this kernel: lpj= nosuch=",
        "knob ksm.run: requested 0, effective absent",
        "knob sched_policy: requested fifo, effective other",
        "tracer hwlat: no tracer hwlat",
    ]


@pytest.mark.parametrize(
    ("workload", "variant", "value"),
    [
        (Workload("idle", seconds=10.0), Variant("v"), "probe,seconds=10"),
        (
            Workload("idle", seconds=1),
            Variant("v", profile="lab"),
            "probe,seconds=1,tracers=osnoise+timerlat+hwlat",
        ),
        (Workload("idle", seconds=3.0), Variant("v", profile="lab", kernel="debian"), "probe,seconds=3"),
        (Workload("tick-to-trade", ticks=300), Variant("v"), f"icount,ticks={300 + job.WARM_UP},pulse=yes"),
        (Workload("feed", seconds=5.0), Variant("v"), "loaded,seconds=5"),
        (Workload("burst", seconds=5.0), Variant("v"), "loaded,seconds=5"),
    ],
)
def test_the_guest_is_told_what_to_run(workload: Workload, variant: Variant, value: str) -> None:
    assert workloads.harness(workload, variant) == value


def test_the_guest_s_configuration_is_valid_and_needs_no_second_card() -> None:
    from hftapp import config

    found = config.parse(workloads.config())
    assert found.cpu.trader == 1
    assert found.management.mac == ""
    assert found.management.office is None
    assert found.nic.port == "af_packet"


@pytest.mark.parametrize(
    ("kind", "found"), [("idle", IDLE), ("feed", LOADED), ("burst", LOADED), ("tick-to-trade", counted([600]))]
)
def test_each_workload_has_the_metrics_that_its_experiments_may_name(kind: str, found: dict[str, Any]) -> None:
    measured = set(workloads.read(Workload(kind, ticks=1), found).metrics)
    assert measured == {metric.name for metric in METRICS.values() if kind in metric.workloads}
