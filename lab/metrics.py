"""The figures of a run that can be compared, as a table."""

from dataclasses import dataclass
from typing import Final

from lab.model import WORKLOADS

_COUNTED: Final = ("tick-to-trade",)
_TIMED: Final = tuple(kind for kind in WORKLOADS if kind not in _COUNTED)
_SPINNING: Final = ("idle",)
_LOADED: Final = tuple(kind for kind in _TIMED if kind not in _SPINNING)


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure. `quotable`: it is a count or made of one, so that emulation does not change it; `better`: "less" or
    "more"; `workloads`: those under which it is measured."""

    name: str
    unit: str
    what: str
    quotable: bool
    better: str = "less"
    workloads: tuple[str, ...] = WORKLOADS


METRICS: Final = {
    metric.name: metric
    for metric in (
        Metric("loc_per_s", "1/s", "local timer interrupts on the trading CPU", True, workloads=_TIMED),
        Metric("interrupts_per_s", "1/s", "all interrupts on the trading CPU", True, workloads=_TIMED),
        Metric(
            "ipis_per_s",
            "1/s",
            "interrupts from other CPUs (RES, CAL, TLB, IWI) on the trading CPU",
            True,
            workloads=_TIMED,
        ),
        Metric("softirqs_per_s", "1/s", "soft interrupts on the trading CPU", True, workloads=_TIMED),
        Metric("switches", "", "context switches of the measured thread, voluntary or not", True),
        Metric("faults", "", "page faults of the measured thread", True),
        Metric(
            "instructions_p50",
            "instructions",
            "tick to trade, median, from the burst's return",
            True,
            workloads=_COUNTED,
        ),
        Metric(
            "instructions_p99",
            "instructions",
            "tick to trade, 99th percentile, from the burst's return",
            True,
            workloads=_COUNTED,
        ),
        Metric("instructions_max", "instructions", "tick to trade, largest", True, workloads=_COUNTED),
        Metric(
            "instructions_whole_p50",
            "instructions",
            "tick to trade with the receiving call, median",
            True,
            workloads=_COUNTED,
        ),
        Metric(
            "boot_instructions", "instructions", "the whole boot, to the program's first line", True, workloads=_COUNTED
        ),
        Metric(
            "gaps_per_s",
            "1/s",
            "interruptions of the trading CPU seen by its time stamp counter",
            False,
            workloads=_SPINNING,
        ),
        Metric("gap_max_us", "µs", "longest interruption", False, workloads=_SPINNING),
        Metric("available", "%", "time the trading CPU was not interrupted", False, "more", _SPINNING),
        Metric("tick_to_trade_p50_ns", "ns", "tick to trade, median", False, workloads=_LOADED),
        Metric("tick_to_trade_p99_ns", "ns", "tick to trade, 99th percentile", False, workloads=_LOADED),
        Metric("boot_s", "s", "from the kernel's start to the program's first line", False),
        Metric("ready_s", "s", "from the kernel's start until every knob is set and read back", False),
        Metric("memory_kib", "KiB", "memory in use when the program is ready, huge pages not counted", True),
        Metric("memory_reserved_kib", "KiB", "memory in use or reserved when the program is ready", True),
    )
}
