"""Profit on the page: its parts, its course, and by strategy, symbol, venue and hour."""

from collections.abc import Mapping
from typing import Final

from rendering import html
from store.analytics.analysis import Analysis
from store.analytics.report import charts
from store.analytics.report.numbers import NONE, bps, count, dollars, duration
from store.analytics.report.pieces import Summary, named, with_legend

_PNL: Final = (
    ("spread_captured", "spread captured"),
    ("adverse_selection", "adverse selection"),
    ("inventory", "inventory"),
    ("unsplit", "not split"),
    ("fees", "fees"),
)

_TITLES: Final = {
    "strategy": "By strategy",
    "symbol": "By symbol",
    "venue": "By venue number",
    "hour": "By hour (UTC)",
}

_MOST: Final = 16


def profit(analysis: Analysis, found: Summary) -> str:
    """Profit, its parts, its course, by strategy."""
    total = found["total"]["pnl"]
    parts = [(name, total[key]) for key, name in _PNL if key != "unsplit" or total[key]]
    horizon = duration(analysis.settings.realised)
    key = html.legend([("kt", "after fees"), ("kg", "before fees")])
    return html.section(
        "Profit and where it came from",
        f"Spread captured is what prices were better than the mid before each execution; adverse selection is how far "
        f"the mid moved within {horizon}; inventory is what happened after that, until the last mid of the data. "
        f"The parts add up to the profit to the last unit.",
        html.columns(
            html.card("Parts of the profit", charts.bridge("Parts of the profit", parts, "profit")),
            html.card("Over time since the first execution", with_legend(charts.profit_curve(analysis.curve), key)),
            html.card("By strategy", _pnl_table(found, "strategy"), wide=True) if total["executions"] else "",
        ),
    )


def _pnl_table(found: Summary, dimension: str) -> str:
    head = [dimension, "shares", "notional", *(name for _, name in _PNL), "profit", "bp"]
    groups: Mapping[str, Summary] = found[f"by_{dimension}"]
    rows = [_pnl_row(named(dimension, name), group) for name, group in groups.items() if group["executions"]]
    keep = [place for place, name in enumerate(head) if name != "not split" or found["total"]["pnl"]["unsplit"]]
    rows = [[row[place] for place in keep] for row in rows]
    last = _pnl_row("all", found["total"])
    return html.table([head[place] for place in keep], rows, last=[last[place] for place in keep])


def _pnl_row(name: str, group: Summary) -> list[str]:
    parts = [dollars(group["pnl"][key], signed=True) for key, _ in _PNL]
    money = dollars(group["pnl"]["total"], signed=True)
    return [name, count(group["shares"]), dollars(group["notional"]), *parts, money, bps(group["pnl"]["bps"])]


def breakdowns(found: Summary) -> str:
    """Profit by symbol, venue and hour."""
    if not found["total"]["executions"]:
        return ""
    symbols = [
        (name, group["pnl"]["total"]) for name, group in found["by_symbol"].items() if group["pnl"]["executions"]
    ]
    symbols.sort(key=lambda entry: (-abs(entry[1]), entry[0]))
    shown = sorted(symbols[:_MOST], key=lambda entry: (-entry[1], entry[0]))
    title = "Profit by symbol" if len(symbols) <= _MOST else f"Profit by symbol, the {_MOST} largest of {len(symbols)}"
    tables = [
        html.card(_TITLES[name], _pnl_table(found, name), wide=True)
        for name in ("symbol", "venue", "hour")
        if len(found[f"by_{name}"]) > 1
    ]
    return html.section(
        "By symbol, venue and hour",
        "The same figures for parts of the run; each column adds up to its last row.",
        html.columns(
            html.card(title, charts.diverging(title, shown)),
            html.card("Positions at the end", _positions(found)),
            *tables,
        ),
    )


def _positions(found: Summary) -> str:
    held = found["positions"]
    gaps = found["position_gaps"]
    names = sorted({*held, *gaps})
    if not names:
        return '<p class="note">Flat.</p>'
    unknown = not found["rows"]["positions"]
    rows = [[name, count(held.get(name, 0)), NONE if unknown else count(gaps.get(name, 0))] for name in names]
    return html.table(["symbol", "shares by executions", "the trader's own, less that"], rows, coloured=False)
