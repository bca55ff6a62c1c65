"""Interrupts on the page: by second, CPU and name."""

from collections.abc import Mapping, Sequence
from typing import Any

from lab.report import heat, numbers
from lab.report.summary import Summary
from rendering import html

Variants = Mapping[str, Mapping[str, Any]]


def interrupts(found: Summary) -> str:
    """Interrupts of the trading CPU in each second, of all CPUs by name."""
    variants: Variants = found["variants"]
    seconds = [(name, _added(one["per_second"])) for name, one in variants.items()]
    most = max((max(row, default=0.0) for _, row in seconds), default=0.0)
    picture = heat.heat("Interrupts of the trading CPU in each second", seconds) if most else ""
    return html.section(
        "Interrupts by CPU and second",
        "Names are those of /proc/interrupts; a variant's runs together.",
        html.columns(
            html.card(
                "Trading CPU, interrupts in each second: median of the runs",
                picture + html.legend(heat.legend_of_heat(most)) if picture else "",
            ),
            html.card("All CPUs, interrupts a second", _by_cpu(variants)),
            html.card("By name and CPU, interrupts a second", _by_name(variants), wide=True),
        ),
    )


def _added(series: Mapping[str, Sequence[float]]) -> list[float]:
    return [sum(values) for values in zip(*series.values(), strict=True)]


def _cpus(variants: Variants) -> list[str]:
    return list(dict.fromkeys(cpu for one in variants.values() for cpu in one["interrupts_per_s"]))


def _by_cpu(variants: Variants) -> str:
    cpus = _cpus(variants)
    rows = [
        [name, *(_rate(sum(one["interrupts_per_s"].get(cpu, {}).values())) for cpu in cpus)]
        for name, one in variants.items()
        if one["interrupts_per_s"]
    ]
    return html.table(["", *cpus], rows, coloured=False) if rows else ""


def _by_name(variants: Variants) -> str:
    """A column for each CPU and name that any variant has, a CPU's busiest names first."""
    rates = {name: one["interrupts_per_s"] for name, one in variants.items() if one["interrupts_per_s"]}
    columns = []
    for cpu in _cpus(variants):
        names = {irq for row in rates.values() for irq in row.get(cpu, {})}
        most = {irq: max(row.get(cpu, {}).get(irq, 0.0) for row in rates.values()) for irq in names}
        columns += [(cpu, irq) for irq in sorted(names, key=lambda irq: (-most[irq], irq))]
    rows = [[name, *(_rate(row.get(cpu, {}).get(irq, 0.0)) for cpu, irq in columns)] for name, row in rates.items()]
    return html.table(["", *(f"{cpu} {irq}" for cpu, irq in columns)], rows, coloured=False) if rows else ""


def _rate(value: float) -> str:
    """A rate as exact as it can be read: nothing that happened is shown as 0."""
    return numbers.figure(float(f"{value:.2g}") if value < 100 else round(value))
