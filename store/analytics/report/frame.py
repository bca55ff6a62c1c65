"""The beginning and the end of the page: headline figures, what was left out, definitions."""

from collections.abc import Sequence
from html import escape
from typing import Final

from rendering import html
from store.analytics.markouts import label
from store.analytics.metrics import METRICS, SYMBOLS
from store.analytics.report import numbers
from store.analytics.report.numbers import bps, count, dollars, percent
from store.analytics.report.pieces import Summary


def header(found: Summary) -> str:
    """Title and period of the run."""
    first, last = found["first_t"], found["last_t"]
    period = f"{numbers.clock(first)} to {numbers.clock(last)} UTC" if first is not None else "nothing was traded"
    return f"<header><h1>Trading analysis: {escape(found['run'])}</h1><p>{period}</p></header>"


def tiles(found: Summary) -> str:
    """The headline figures."""
    total = found["total"]
    orders, profit, lost = total["orders"], total["pnl"], total["shortfall"]
    slipped = total["slippage"]["arrival"]
    name = label(found["settings"]["realised_ns"])
    name = name if name in total["markouts"] else next(iter(total["markouts"]))
    markout = total["markouts"][name]
    cells = (
        html.tile(
            "Profit after fees",
            dollars(profit["total"], signed=True),
            f"{bps(profit['bps'])} bp of notional",
            coloured=True,
        ),
        html.tile(
            "Traded",
            numbers.compact(total["notional"]),
            f"{count(total['shares'])} shares, {count(total['executions'])} executions",
        ),
        html.tile("Fees", dollars(-total["fees"], signed=True), "rebates are positive", coloured=True),
        html.tile("Orders", count(orders["sent"]), f"{percent(orders['fill_ratio'])} of shares filled"),
        html.tile("Shortfall", f"{bps(lost['bps'])} bp", f"cost; arrival slippage {bps(slipped['bps'])} bp"),
        html.tile(
            f"Markout, {name}",
            f"{bps(markout['bps'])} bp",
            f"± {bps(markout['ci95_bps'], signed=False)} (95 %)",
            coloured=True,
        ),
    )
    return f'<div class="tiles">{"".join(cells)}</div>'


_NOTHING: Final = '<p class="note">Nothing.</p>'


def excluded(found: Summary) -> str:
    """What was left out and why; how moments were found."""
    rows = [
        [metric, reason, count(number)]
        for metric, reasons in found["excluded"].items()
        for reason, number in reasons.items()
    ]
    ways = [
        [what, way, count(number)] for what, found_by in found["moments"].items() for way, number in found_by.items()
    ]
    return html.section(
        "What was left out, and what it stands on",
        "Rows without the quote that a metric needs are not counted as zero: they are not in it, and are here.",
        html.columns(
            html.card(
                "Left out", html.table(["metric", "reason", "rows"], rows, kind="left count") if rows else _NOTHING
            ),
            html.card(
                "How moments in the market were found", html.table(["rows", "by", "number"], ways, kind="left count")
            ),
        ),
    )


def definitions() -> str:
    """The metrics' formulas and sources."""
    rows: Sequence[Sequence[str]] = [[row.name, row.formula, row.unit, row.source] for row in METRICS]
    symbols = [[name, meaning] for name, meaning in SYMBOLS]
    return (
        "<details><summary>Definitions</summary>"
        + html.columns(
            html.card("Metrics", html.table(["metric", "formula", "unit", "source"], rows, kind="left"), wide=True),
            html.card("Symbols", html.table(["symbol", "meaning"], symbols, kind="left"), wide=True),
        )
        + "</details>"
    )
