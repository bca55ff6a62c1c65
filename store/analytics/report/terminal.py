"""The report in short, for a terminal."""

from rich import box
from rich.console import Console
from rich.table import Table

from rendering.terminal import visible
from store.analytics.report.numbers import bps, count, dollars, duration, percent
from store.analytics.report.pieces import Summary


def show(found: Summary, console: Console) -> None:
    """Print the figures by strategy and of all, and what is not there."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    groups = {**found["by_strategy"], "all": found["total"]}
    table.add_column("", style="bold")
    for name in groups:
        table.add_column(visible(name or "(no strategy)"), justify="right")
    for title, cells in _rows(list(groups.values())):
        table.add_row(title, *cells)
    console.print(table)
    for line in found["missing"]:
        console.print(f"missing: {line}", markup=False, highlight=False, style="yellow")
    left_out = sum(sum(reasons.values()) for reasons in found["excluded"].values())
    if left_out:
        console.print(f"{left_out:,} rows were left out of a metric for want of a quote: the report says which")
    for symbol, gap in found["position_gaps"].items():
        text = visible(f"{symbol}: the trader's position is {gap:+,} shares from its executions")
        console.print(text, style="yellow")


def _rows(groups: list[Summary]) -> list[tuple[str, list[str]]]:
    orders, profit, lost = ([group[name] for group in groups] for name in ("orders", "pnl", "shortfall"))
    horizons = list(groups[0]["markouts"])
    return [
        ("orders", [count(group["sent"]) for group in orders]),
        ("shares filled", [percent(group["fill_ratio"]) for group in orders]),
        ("median to first fill", [duration(group["time_to_first_fill_ns"].get("p50")) for group in orders]),
        ("executions", [count(group["executions"]) for group in groups]),
        ("notional", [dollars(group["notional"]) for group in groups]),
        ("spread captured", [dollars(group["spread_captured"], signed=True) for group in profit]),
        ("adverse selection", [dollars(group["adverse_selection"], signed=True) for group in profit]),
        ("inventory", [dollars(group["inventory"], signed=True) for group in profit]),
        ("not split", [dollars(group["unsplit"], signed=True) for group in profit]),
        ("fees", [dollars(group["fees"], signed=True) for group in profit]),
        ("profit", [dollars(group["total"], signed=True) for group in profit]),
        ("shortfall, bp", [bps(group["bps"]) for group in lost]),
        *(
            (f"markout {horizon}, bp", [bps(group["markouts"][horizon]["bps"]) for group in groups])
            for horizon in horizons
        ),
    ]
