"""Variants in real guests: each workload gives its figures, on this project's kernel and on Debian's."""

from pathlib import Path

import pytest

from lab import guest
from lab.lockstep.kernels import KernelError
from lab.metrics import METRICS
from lab.model import Result, Run, Variant, Workload

pytestmark = pytest.mark.e2e

IDLE = Workload("idle", seconds=3.0)
RATES = {"loc_per_s", "interrupts_per_s", "ipis_per_s", "softirqs_per_s"}
COSTS = {"switches", "faults", "boot_s", "ready_s", "memory_kib", "memory_reserved_kib"}
LATENCIES = {"tick_to_trade_p50_ns", "tick_to_trade_p99_ns"}
GAPS = {"gaps_per_s", "gap_max_us", "available"}
UNTICKED = {"isolcpus": "unset", "nohz_full": "unset", "rcu_nocbs": "unset", "rcu_nocb_poll": "unset"}


def measure(folder: Path, variant: Variant, workload: Workload) -> Result:
    found = guest.measure(Run(0, variant, 1, workload), folder)
    assert not found.error, found.error
    assert set(found.metrics) <= set(METRICS)
    return found


def test_isolation_takes_the_tick_off_the_trading_cpu(tmp_path: Path) -> None:
    silent = measure(tmp_path, Variant("base"), IDLE)
    ticking = measure(tmp_path, Variant("ticking", levels=UNTICKED | {"fair_server": "unset"}), IDLE)
    assert set(silent.metrics) == RATES | COSTS | GAPS
    assert silent.metrics["loc_per_s"] <= 1
    assert ticking.metrics["loc_per_s"] > 20
    assert silent.metrics["switches"] == silent.metrics["faults"] == 0
    assert len(ticking.series["LOC"]) == 3
    assert "hftos: result" in (tmp_path / "base.1.console").read_text()
    effective = {row["name"]: row for row in silent.knobs}
    assert effective["nohz_full"]["ok"]


@pytest.mark.parametrize("kernel", ["debian", "debian-rt"])
def test_debian_s_kernels_boot_the_same_root_and_are_interrupted_more(tmp_path: Path, kernel: str) -> None:
    try:
        guest.prepare([Variant("debian", kernel=kernel)])
    except KernelError as error:
        pytest.fail(f"Debian's kernel cannot be had here: {error}")
    ours = measure(tmp_path, Variant("base"), IDLE)
    theirs = measure(tmp_path, Variant(kernel, kernel=kernel), IDLE)
    assert kernel.removeprefix("debian-") in theirs.machine["package"] or kernel == "debian"
    assert theirs.metrics["loc_per_s"] > 20 * max(ours.metrics["loc_per_s"], 1)
    assert theirs.metrics["memory_kib"] > ours.metrics["memory_kib"]


def test_a_tick_s_instructions_are_counted_through_the_kernel(tmp_path: Path) -> None:
    found = measure(tmp_path, Variant("base"), Workload("tick-to-trade", ticks=300))
    metrics = found.metrics
    assert 1_000 < metrics["instructions_p50"] < metrics["instructions_whole_p50"] < 100_000
    assert metrics["instructions_p50"] <= metrics["instructions_max"]
    assert sum(count for _, count in found.histograms["instructions"]) == 300


@pytest.mark.parametrize("kind", ["feed", "burst"])
def test_a_trader_under_a_feed_is_watched(tmp_path: Path, kind: str) -> None:
    found = measure(tmp_path, Variant("base"), Workload(kind, seconds=3.0))
    assert set(found.metrics) == RATES | COSTS | LATENCIES
    assert 0 < found.metrics["tick_to_trade_p50_ns"] <= found.metrics["tick_to_trade_p99_ns"]
    assert sum(count for _, count in found.histograms["tick_to_trade_ns"]) > 20
    assert found.metrics["faults"] == 0


def test_a_guest_that_dies_is_an_error_with_its_last_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.workloads.harness", lambda _workload, _variant: "nothing")
    found = guest.measure(Run(0, Variant("base"), 1, IDLE), tmp_path)
    assert found.error.startswith("the guest printed no result; its console ends with: ")
    assert "there is no hftapp.harness.nothing in this image" in found.error
    assert not found.metrics


def test_the_kernel_s_own_tracers_see_the_same(tmp_path: Path) -> None:
    """In the profile that has them, osnoise finds nobody but the host on the trading CPU."""
    found = measure(tmp_path, Variant("traced", profile="lab"), IDLE)
    assert not any(note.startswith("tracer") for note in found.notes)
    osnoise = found.counts["osnoise"]
    assert osnoise["periods"] >= 1
    assert osnoise["irq"] + osnoise["softirq"] + osnoise["thread"] <= 3 * osnoise["periods"]
    assert found.counts["timerlat"]["thread_count"] > 100
    assert "max_us" in found.counts["hwlat"]
