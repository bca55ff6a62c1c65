"""Costs on the page: quality of executions, implementation shortfall, slippage."""

from typing import Final

from rendering import html
from store.analytics import breakdown
from store.analytics.analysis import Analysis
from store.analytics.report import charts
from store.analytics.report.numbers import bps, count, dollars, duration
from store.analytics.report.pieces import Summary, named, plain, with_legend

_SHORTFALL: Final = (
    ("delay", "delay"),
    ("trading", "trading"),
    ("opportunity", "opportunity"),
    ("fees", "fees"),
)

_SIDES: Final = (("added", "a"), ("removed", "b"))


def quality(analysis: Analysis, found: Summary) -> str:
    """Markouts and spreads of executions."""
    executions = analysis.executions
    series = []
    for role, kind in _SIDES:
        rows = executions.filter(executions["role"] == role)
        if rows.height:
            series.append((f"{role} liquidity", kind, breakdown.markouts(rows, analysis.settings.horizons)))
    picture = charts.intervals("Markouts by horizon", series) if series else ""
    key = html.legend([(f"k{kind}", name) for name, kind, _ in series])
    horizon = duration(analysis.settings.realised)
    return html.section(
        "Quality of executions",
        "Markouts are gains: how far the mid moved in the firm's favour from the price it traded at. Bars are 95 % "
        "intervals of the mean, weighted by notional. Effective spread is what was paid (negative: earned) against the "
        f"mid before; after {horizon} it is price impact and realised spread.",
        html.columns(
            html.card("Markout in basis points, by horizon", with_legend(picture, key)),
            html.card("Spreads and markouts in basis points", _spreads(found), _markouts(found))
            if found["total"]["executions"]
            else "",
        ),
    )


def _spreads(found: Summary) -> str:
    rows = []
    for role, name in (("added", "added"), ("removed", "removed"), ("all", "all")):
        spreads = found["total"]["spreads"][role]
        cells = [plain(bps(spreads[part]["bps"])) for part in ("effective", "impact", "realised")]
        rows.append([name, count(spreads["effective"]["executions"]), *cells])
    return html.table(
        ["liquidity", "executions", "effective", "impact", "realised"], rows[:-1], last=rows[-1], coloured=False
    )


def _markouts(found: Summary) -> str:
    names = list(found["total"]["markouts"])
    rows = [_markout_row(name, group) for name, group in found["by_strategy"].items() if group["executions"]]
    return html.table(["strategy", "executions", *names], rows, last=_markout_row("all", found["total"]))


def _markout_row(name: str, group: Summary) -> list[str]:
    cells = [bps(figure["bps"]) for figure in group["markouts"].values()]
    return [named("strategy", name), count(group["executions"]), *cells]


def shortfall(analysis: Analysis, found: Summary) -> str:
    """Implementation shortfall and slippage."""
    total = found["total"]["shortfall"]
    if not total["orders"]:
        return ""
    parts = [(name, total[key]) for key, name in _SHORTFALL]
    horizon = duration(analysis.settings.opportunity)
    rows = [_shortfall_row(name, group) for name, group in found["by_strategy"].items() if group["shortfall"]["orders"]]
    costs = [(named("strategy", name), group["shortfall"]["total"]) for name, group in found["by_strategy"].items()]
    head = ["strategy", "orders", *(name for _, name in _SHORTFALL), "shortfall", "bp"]
    table = html.table(head, rows, coloured=False, last=_shortfall_row("all", found["total"]))
    return html.section(
        "Implementation shortfall",
        "Costs against a paper portfolio that had traded all at the mid of the decision; positive is lost. What was "
        f"not executed is valued {horizon} after the order ended, and the VWAP is of all prints until then. Shares "
        "that a replacement took over count there.",
        html.columns(
            html.card("Parts of the shortfall", charts.bridge("Parts of the shortfall", parts, "shortfall", cost=True)),
            html.card(
                "Shortfall and slippage by strategy",
                charts.diverging("Shortfall by strategy", costs, cost=True),
                _slippage(found),
            ),
            html.card("By strategy", table, wide=True),
        ),
    )


def _shortfall_row(name: str, group: Summary) -> list[str]:
    lost = group["shortfall"]
    parts = [dollars(lost[key]) for key, _ in _SHORTFALL]
    money = [plain(text) for text in (*parts, dollars(lost["total"]), bps(lost["bps"]))]
    return [named("strategy", name), count(lost["orders"]), *money]


def _slippage(found: Summary) -> str:
    rows = [
        _slippage_row(name, group)
        for name, group in found["by_strategy"].items()
        if group["slippage"]["arrival"]["orders"]
    ]
    head = ["slippage in bp", "orders executed", "against arrival", "against VWAP"]
    return html.table(head, rows, coloured=False, last=_slippage_row("all", found["total"]))


def _slippage_row(name: str, group: Summary) -> list[str]:
    slipped = group["slippage"]
    ratios = [plain(bps(slipped[benchmark]["bps"])) for benchmark in ("arrival", "vwap")]
    return [named("strategy", name), count(slipped["arrival"]["orders"]), *ratios]
