"""The figures of a run that can be compared, as a table."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Metric:
    """One figure. `quotable`: it is a count or made of one, so that emulation does not change it; `better`: "less" or
    "more"."""

    name: str
    unit: str
    what: str
    quotable: bool
    better: str = "less"


METRICS: Final = {
    metric.name: metric
    for metric in (
        Metric("loc_per_s", "1/s", "local timer interrupts on the trading CPU", True),
        Metric("interrupts_per_s", "1/s", "all interrupts on the trading CPU", True),
        Metric("ipis_per_s", "1/s", "interrupts from other CPUs (RES, CAL, TLB, IWI) on the trading CPU", True),
        Metric("softirqs_per_s", "1/s", "soft interrupts on the trading CPU", True),
        Metric("switches", "", "context switches of the measured thread, voluntary or not", True),
        Metric("faults", "", "page faults of the measured thread", True),
        Metric("instructions_p50", "instructions", "tick to trade, median, from the burst's return", True),
        Metric("instructions_max", "instructions", "tick to trade, largest", True),
        Metric("instructions_whole_p50", "instructions", "tick to trade with the receiving call, median", True),
        Metric("boot_instructions", "instructions", "the whole boot, to the program's first line", True),
        Metric("gaps_per_s", "1/s", "interruptions of the trading CPU seen by its time stamp counter", False),
        Metric("gap_max_us", "µs", "longest interruption", False),
        Metric("available", "%", "time the trading CPU was not interrupted", False, "more"),
        Metric("boot_s", "s", "from the kernel's start to the program's first line", False),
        Metric("memory_kib", "KiB", "memory in use when the program is ready, huge pages not counted", True),
    )
}
