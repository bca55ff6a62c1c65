"""What each workload has a guest do, and what its figures are made of."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from lab.boot import MEMORY_MIB, TRADING_CPU
from lab.lockstep import job
from lab.lockstep.results import figures
from lab.model import Variant, Workload

IPIS: Final = ("RES", "CAL", "TLB", "IWI")
"""Rows of /proc/interrupts that other CPUs cause (Linux, arch/x86/kernel/irq.c)."""
TRACERS: Final = "osnoise+timerlat+hwlat"
PORT: Final = "af_packet"
"""The port whose path goes through the kernel, so that the kernel shows in the figures."""
COUNTED: Final = frozenset({"tick-to-trade"})
"""Workloads under `-icount`, where the counter counts instructions."""
CARDLESS: Final = frozenset({"idle"})


@dataclass(frozen=True, slots=True)
class Figures:
    """The parts of a `lab.model.Result` that come from the guest."""

    seconds: float
    metrics: dict[str, float]
    counts: dict[str, dict[str, float]]
    interrupts_by_cpu: dict[str, dict[str, int]]
    series: dict[str, list[int]]
    histograms: dict[str, list[list[float]]]
    notes: list[str]


def config() -> str:
    """The guest's configuration: the trading card alone, nobody at an office."""
    return job.image_config(PORT, "", cpu=TRADING_CPU, management="")


def harness(workload: Workload, variant: Variant) -> str:
    """The value of `hftos.harness`."""
    if workload.kind == "idle":
        tracers = f",tracers={TRACERS}" if variant.profile == "lab" and variant.kernel == "hftos" else ""
        return f"probe,seconds={int(workload.seconds)}{tracers}"
    if workload.kind == "tick-to-trade":
        return f"icount,ticks={workload.ticks + job.WARM_UP},pulse=yes"
    return f"loaded,seconds={int(workload.seconds)}"


def read(workload: Workload, found: Mapping[str, Any]) -> Figures:
    """The figures in what the guest's harness said. Raises KeyError or ValueError for what is not such a thing."""
    trading = f"CPU{TRADING_CPU}"
    seconds, thread = float(found["seconds"]), found["thread"]
    interrupts, softirqs = found["interrupts"][trading], found["softirqs"][trading]
    switches = {name: count for name, count in thread.items() if name.endswith("_switches")}
    faults = {name: count for name, count in thread.items() if name.endswith("_faults")}
    counts = {"interrupts": interrupts, "softirqs": softirqs, "switches": switches, "faults": faults}
    metrics: dict[str, float] = {
        "switches": sum(switches.values()),
        "faults": sum(faults.values()),
        **_costs(found),
    }
    histograms: dict[str, list[list[float]]] = {}
    if workload.kind in COUNTED:
        metrics |= _instructions(found, workload.ticks, histograms)
    else:
        metrics |= {
            "loc_per_s": round(interrupts.get("LOC", 0) / seconds, 3),
            "interrupts_per_s": round(sum(interrupts.values()) / seconds, 3),
            "ipis_per_s": round(sum(interrupts.get(name, 0) for name in IPIS) / seconds, 3),
            "softirqs_per_s": round(sum(softirqs.values()) / seconds, 3),
        }
        metrics |= _gaps(found["gaps"], histograms) if "gaps" in found else {}
        for name, latency in found.get("latency", {}).items():
            histograms[f"{name}_ns"] = latency["histogram"]
        metrics |= _latency(histograms.get("tick_to_trade_ns", []))
    for name, tracer in found.get("tracers", {}).items():
        counts[name] = {key: value if value % 1 else int(value) for key, value in tracer.items() if key != "error"}
    return Figures(seconds, metrics, counts, found["interrupts"], found["series"], histograms, _notes(found))


def knobs(found: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What became of each knob: PID 1's rows, and those that the trader sees to or what stands for it."""
    return [*found["boot"]["knobs"], *found["knobs"]]


def _costs(found: Mapping[str, Any]) -> dict[str, float]:
    """What the kernel costs: memory of the machine that is gone, the boot."""
    memory, boot = found["memory"], found["boot"]
    taken = MEMORY_MIB * 1024 - memory["MemAvailable"]
    return {
        "memory_kib": taken - memory.get("Hugetlb", 0),
        "memory_reserved_kib": taken,
        "boot_s": boot["pid1_s"],
        "ready_s": boot["ready_s"],
    }


def _instructions(found: Mapping[str, Any], ticks: int, histograms: dict[str, list[list[float]]]) -> dict[str, float]:
    """Instructions of the last `ticks` ticks. Raises ValueError when there are fewer.

    The first one may be no sample: it came before the trader was logged in, and its order when it was.
    """
    if len(found["after"]) < ticks:
        raise ValueError(f"{len(found['after'])} samples of {ticks} ticks")
    after, whole = (found[name][-ticks:] for name in ("after", "whole"))
    samples: dict[str, Sequence[int]] = {"instructions": after, "instructions_whole": whole}
    samples |= {f"stages.{name}": values[-ticks:] for name, values in found["stages"].items()}
    for name, values in samples.items():
        histograms[name] = [[value, count] for value, count in sorted(Counter(values).items())]
    one, all_of_it = figures(after), figures(whole)
    return {
        "instructions_p50": one["p50"],
        "instructions_p99": one["p99"],
        "instructions_max": one["max"],
        "instructions_whole_p50": all_of_it["p50"],
        "boot_instructions": round(found["boot"]["pid1_s"] * 1e9),
    }


def _latency(histogram: Sequence[Sequence[float]]) -> dict[str, float]:
    """Percentiles of tick to trade: upper bounds of the buckets they are in; none without samples."""
    total = sum(count for _, count in histogram)
    found = {}
    for name, share in (("p50", 0.5), ("p99", 0.99)):
        below = 0.0
        for upper, count in histogram:
            below += count
            if total and below >= share * total:
                found[f"tick_to_trade_{name}_ns"] = float(upper)
                break
    return found


def _gaps(gaps: Mapping[str, Any], histograms: dict[str, list[list[float]]]) -> dict[str, float]:
    histograms["gaps_us"] = [[upper / 1000, count] for upper, count in gaps["histogram"]]
    longest = max((gap for gap, _ in gaps["longest"]), default=0)
    return {
        "gaps_per_s": round(gaps["count"] * 1e9 / gaps["window_ns"], 3),
        "gap_max_us": longest / 1000,
        "available": round(100 - 100 * gaps["stolen_ns"] / gaps["window_ns"], 6),
    }


def _notes(found: Mapping[str, Any]) -> list[str]:
    """What the reader of the figures must know: what the kernel did not take."""
    notes = []
    if unknown := found.get("unknown_parameters"):
        notes.append(f"not known to this kernel: {' '.join(unknown)}")
    notes += [
        f"knob {row['name']}: requested {row['requested']}, effective {row['effective']}"
        for row in knobs(found)
        if not row["ok"]
    ]
    for name, tracer in found.get("tracers", {}).items():
        if "error" in tracer:
            notes.append(f"tracer {name}: {tracer['error']}")
    if "gaps" in found:
        gaps = found["gaps"]
        notes.append(f"a gap is {gaps['threshold_ns']:,} ns or more; a turn of the loop takes {gaps['turn_ns']:,} ns")
    return notes
