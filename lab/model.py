"""What the parts of the lab hand to each other: variants, planned runs, results. All of it is JSON on disk.

`lab.experiment` reads a TOML file into an `Experiment`, `lab.plan` makes `Run`s of it, `lab.guest` boots one and
returns a `Result`, `lab.statistics` and `lab.report` read results.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

KERNELS = ("hftos", "debian", "debian-rt")
"""Whose kernel a variant boots: this project's in a profile, Debian's stock kernel, Debian's PREEMPT_RT kernel. The
initramfs is the same for all."""
WORKLOADS = ("idle", "feed", "tick-to-trade", "burst")


@dataclass(frozen=True, slots=True)
class Workload:
    """What the guest does while it is measured: whole `seconds` of it, or `ticks` in lockstep (tick-to-trade)."""

    kind: str = "idle"
    seconds: float = 10.0
    ticks: int = 1000


@dataclass(frozen=True, slots=True)
class Variant:
    """One thing to boot. `levels`: the catalogue's knobs by name whose value is not the profile's own; `UNSET`
    (`image.catalogue`) takes a knob away. `factors`: the factors' levels by name, as the experiment calls them."""

    name: str
    levels: Mapping[str, str] = field(default_factory=dict)
    factors: Mapping[str, str] = field(default_factory=dict)
    kernel: str = "hftos"
    profile: str = "qemu"


@dataclass(frozen=True, slots=True)
class Run:
    """One boot of one variant. `number`: its place in the plan's random order, from 0."""

    number: int
    variant: Variant
    repeat: int
    workload: Workload

    @property
    def key(self) -> str:
        """Names the run and its file: the same in every plan of the same experiment."""
        return f"{self.variant.name}.{self.repeat}"


@dataclass(frozen=True, slots=True)
class Result:
    """What one boot showed.

    `metrics`: a number for each metric of `lab.metrics.METRICS` that this run has. `counts`: totals in the measured
    window by name, for the trading CPU: `interrupts` (names of /proc/interrupts rows), `softirqs`, `switches`,
    `faults`; and what each of the kernel's tracers said after it, in the units of `hftapp.probe.tracers`.
    `interrupts_by_cpu`: the same interrupts for every CPU. `series`: the trading CPU's interrupts in each second, by
    name. `histograms`: by name, `[[upper bound, count], …]`. `knobs`: rows of name, layer, requested, effective, ok,
    reason. `error`: why there is nothing else; such a run is not counted and is done again on request.
    """

    run: Run
    seconds: float = 0.0
    metrics: Mapping[str, float] = field(default_factory=dict)
    counts: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    interrupts_by_cpu: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    series: Mapping[str, list[int]] = field(default_factory=dict)
    histograms: Mapping[str, list[list[float]]] = field(default_factory=dict)
    knobs: list[dict[str, Any]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    machine: Mapping[str, Any] = field(default_factory=dict)
    error: str = ""

    def as_dict(self) -> dict[str, Any]:
        """As JSON takes it."""
        return asdict(self)


def run_from(table: Mapping[str, Any]) -> Run:
    """The run in a dictionary that `asdict` made."""
    variant, workload = Variant(**table["variant"]), Workload(**table["workload"])
    return Run(table["number"], variant, table["repeat"], workload)


def result_from(table: Mapping[str, Any]) -> Result:
    """The result in a dictionary that `Result.as_dict` made. Raises KeyError or TypeError for anything else."""
    rest = {name: value for name, value in table.items() if name != "run"}
    return Result(run=run_from(table["run"]), **rest)
