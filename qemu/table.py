"""The report as a table for a person at a terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table

Record = dict[str, Any]


def show(report: Record, console: Console) -> None:
    """Print the report: what ran, came in and was traded, and whether it adds up; the reasons if it does not."""
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold")
    table.add_column()
    for name, text in _rows(report):
        table.add_row(name, text)
    console.print(table)
    if report["ok"]:
        console.print("[bold green]ok[/]: guest, orders and books agree with the exchange")
        return
    for line in report.get("console", "").splitlines():
        console.print(f"  | {line}", markup=False, highlight=False, style="dim")
    for line in report["differences"]:
        console.print(f"  {line}", markup=False, highlight=False)
    for reason in report["reasons"]:
        console.print("[bold red]not ok[/]:", end=" ")
        console.print(reason, markup=False, highlight=False)


def _rows(report: Record) -> list[tuple[str, str]]:
    boot, feed, orders, books = report["boot"], report["feed"], report["orders"], report["books"]
    exchange, latency, executions = report["exchange"], report["tick_to_trade"], report["executions"]
    return [
        ("accelerator", f"{report['accel']}: {report['accel_reason']}"),
        ("image", ", ".join(f"{name.removesuffix('_bytes')} {_bytes(size)}" for name, size in report["image"].items())),
        ("boot", f"kernel {_s(boot['kernel_s'])}, PID 1 {_s(boot['pid1_s'])}, first order {_s(boot['first_order_s'])}"),
        ("feed", _counts(feed)),
        ("real slice", f"{report['replay']['received']} of {report['replay']['messages']} messages"),
        ("orders", _counts(orders)),
        ("exchange", _counts(exchange)),
        ("executions", f"{executions['bought']} shares bought, {executions['sold']} sold"),
        ("profit", _dollars(report["pnl"])),
        ("tick to trade", _latency(latency)),
        ("CPU", _cpu(report["cpu"])),
        (
            "books",
            f"{books['compared']} compared, {books['levels']} levels, {'equal' if books['equal'] else 'not equal'}",
        ),
        ("reconciled", "to the last share" if report["reconciled"] else "no"),
    ]


def _counts(values: Record) -> str:
    known = [f"{value} {name.replace('_', ' ')}" for name, value in values.items() if value is not None]
    return ", ".join(known) or "unknown"


def _latency(latency: Record) -> str:
    if not latency["count"]:
        return "not measured"
    note = "" if latency["quotable"] else " (emulated: not quotable)"
    figures = (f"{name} {latency[name] / 1_000:.1f} µs" for name in ("min", "p50", "p99", "max"))
    return f"{latency['count']} times: {', '.join(figures)}{note}"


def _cpu(cpu: Record) -> str:
    if "trader" not in cpu:
        return "unknown"
    return (
        f"trader on {cpu.get('trader')}, isolated {cpu.get('isolated')}, nohz_full {cpu.get('nohz_full')}, "
        f"{cpu.get('per_s')} local timer interrupts/s"
    )


def _bytes(size: int | None) -> str:
    return "unknown" if size is None else f"{size / 1e6:.1f} MB"


def _s(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:.2f} s"


def _dollars(price4: int | None) -> str:
    if price4 is None:
        return "unknown"
    whole, part = divmod(abs(price4), 10_000)
    return f"{'-' if price4 < 0 else ''}{whole:,}.{part:04d} dollars"
