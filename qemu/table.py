"""The report of a run for a person at a terminal: the trader's figures beside the exchange's."""

from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

Record = dict[str, Any]

_BOTH_SIDES = (  # row, the trader's figure, the exchange's
    ("order messages", "sent", "received"),
    ("accepted", "accepted", "accepted"),
    ("rejected", "rejected", "rejected"),
    ("executed shares", "executed_shares", "executed_shares"),
    ("cancelled shares", "cancelled", "cancelled"),
)


def show(report: Record, console: Console) -> None:
    """Print the report: what ran, came in and was traded, and whether it adds up; the reasons if it does not."""
    console.print(_facts(report))
    console.print()
    console.print(_both_sides(report))
    console.print()
    if report["ok"]:
        console.print(f"[bold green]ok[/]: {_agreement(report)}")
        return
    for line in report.get("console", "").splitlines():
        console.print(f"  | {line}", markup=False, highlight=False, style="dim")
    for line in report["differences"]:
        console.print(f"  {line}", markup=False, highlight=False)
    for reason in report["reasons"]:
        console.print("[bold red]not ok[/]:", end=" ")
        console.print(reason, markup=False, highlight=False)


def _agreement(report: Record) -> str:
    """What was found to be right."""
    if report.get("expected_gap"):
        return "the gap was noticed, reported and ended all quoting; orders agree with the exchange, to the last share"
    if report["books"].get("not_compared"):
        return "guest, orders and feed agree with the exchange, to the last share"
    return "guest, orders, feed, money and books agree with the exchange, to the last share"


def _facts(report: Record) -> Table:
    """One line a subject."""
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column()
    for name, text in _rows(report):
        table.add_row(name, text)
    return table


def _both_sides(report: Record) -> Table:
    """What the trader says beside what the exchange says."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("", style="bold")
    for side in ("trader", "exchange"):
        table.add_column(side, justify="right")
    for name, ours, theirs in _BOTH_SIDES:
        table.add_row(name, _number(report["orders"].get(ours)), _number(report["exchange"].get(theirs)))
    return table


def _rows(report: Record) -> list[tuple[str, str]]:
    boot, feed, books, executions = report["boot"], report["feed"], report["books"], report["executions"]
    return [
        ("accelerator", f"{report['accel']}: {report['accel_reason']}"),
        ("image", ", ".join(f"{name.removesuffix('_bytes')} {_bytes(size)}" for name, size in report["image"].items())),
        ("boot", f"kernel {_s(boot['kernel_s'])}, PID 1 {_s(boot['pid1_s'])}, first order {_s(boot['first_order_s'])}"),
        ("configuration", _configuration(report.get("configuration"))),
        ("port", report.get("port") or "unknown"),
        ("feed", ", ".join(_counted(value, name) for name, value in feed.items())),
        ("real slice", f"{report['replay']['received']:,} of {_counted(report['replay']['messages'], 'messages')}"),
        ("books", _books(books)),
        ("executions", f"{executions['bought']:,} shares bought, {executions['sold']:,} sold"),
        ("position", ", ".join(f"{symbol} {shares:+,}" for symbol, shares in report["position"].items()) or "flat"),
        ("profit", _dollars(report["pnl"])),
        ("tick to trade", _latency(report["tick_to_trade"])),
        ("silence", _silence(report.get("silence"))),
        ("trader's CPU", _cpu(report["cpu"])),
        ("store", _store(report.get("store"))),
        ("knobs", _knobs(report.get("knob_counts"))),
    ]


def _configuration(found: Record | None) -> str:
    if not found:
        return "unknown"
    return f"{found['path']} (not the wanted one: see below)" if found["fallback"] else str(found["path"])


def _books(books: Record) -> str:
    if books.get("not_compared"):
        return f"not compared: {books['not_compared']}"
    equal = "equal to the exchange's" if books["equal"] else "not equal to the exchange's"
    return f"{_counted(books['compared'], 'books')}, {_counted(books['levels'], 'levels')}, {equal}"


def _store(kept: Record | None) -> str:
    """What the store has, and that capture, journal and telemetry count the same."""
    if not kept:
        return "not kept"
    if "counts" not in kept:
        return "the run is not in it: see below"
    counts = kept["counts"]["store"]
    text = ", ".join(_counted(number, name) for name, number in counts.items() if name != "refused")
    return f"{text} ({counts['refused']:,} refused): " + (
        "capture, journal and telemetry differ" if kept["differences"] else "as in capture, journal and telemetry"
    )


def _knobs(counts: Record | None) -> str:
    if not counts or not counts["all"]:
        return "unknown"
    found = f"{counts['effective']} in effect, {counts['absent']} with nothing to act on, {counts['failed']} failed"
    return f"{found}, {counts.get('unset', 0)} left alone"


def _counted(value: int | None, plural: str) -> str:
    """A figure with its noun: `1 book`, `2 books`; `lost` and the like have no plural."""
    singular = plural.removesuffix("es") if plural.endswith("ches") else plural.removesuffix("s")
    return f"{_number(value)} {singular if value == 1 else plural}"


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"


def _latency(latency: Record) -> str:
    if not latency["count"]:
        return "not measured"
    why = latency.get("not_quotable", "emulated")
    note = "" if latency["quotable"] else f" (not quotable: {why})"
    figures = (f"{name} {latency[name] / 1_000:,.0f} µs" for name in ("min", "p50", "p99", "max"))
    return f"{_counted(latency['count'], 'ticks')}: {', '.join(figures)}{note}"


def _silence(silence: Record | None) -> str:
    """What the trader asked of the kernel, and what the kernel did to it, while it traded."""
    if not silence or "minor_faults" not in silence:
        return "unknown"
    faults = silence["minor_faults"] + silence["major_faults"]
    switches = silence["voluntary_switches"] + silence["involuntary_switches"]
    counted = [_counted(faults, "page faults"), _counted(switches, "context switches")]
    if silence["filter"]:
        counted = ["no system call: a filter would have ended it", *counted]
        counted.append(_counted(silence["allocations_on_path"], "allocations on the path"))
        counted.append(_counted(silence["gc_collections"], "garbage collections"))
    return f"{', '.join(counted)} in {silence['seconds']:.0f} s"


def _cpu(cpu: Record) -> str:
    if "trader" not in cpu:
        return "unknown"
    lists = (f"{name} {', '.join(map(str, cpu.get(name) or ())) or 'none'}" for name in ("isolated", "nohz_full"))
    return f"CPU {cpu['trader']} ({', '.join(lists)}), {cpu.get('per_s')} local timer interrupts/s"


def _bytes(size: int | None) -> str:
    return "unknown" if size is None else f"{size / 1e6:.1f} MB"


def _s(seconds: float | None) -> str:
    return "unknown" if seconds is None else f"{seconds:.2f} s"


def _dollars(price4: int | None) -> str:
    if price4 is None:
        return "unknown"
    whole, part = divmod(abs(price4), 10_000)
    return f"{'-' if price4 < 0 else ''}{whole:,}.{part:04d} dollars, marked to the mid"
