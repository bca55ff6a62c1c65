"""The report as one HTML page that needs nothing else: no script, no font, no picture from anywhere."""

from html import escape

from rendering import html
from rendering.style import STYLE
from store.analytics.analysis import Analysis
from store.analytics.report import costs, fates, frame, profit
from store.analytics.report.pieces import Summary


def page(analysis: Analysis, found: Summary) -> str:
    """The whole page of an analysis and its summary."""
    content = (
        frame.header(found),
        html.warning("Not everything is there:", found["missing"]),
        frame.tiles(found),
        profit.profit(analysis, found),
        costs.quality(analysis, found),
        costs.shortfall(analysis, found),
        fates.orders(analysis, found),
        profit.breakdowns(found),
        frame.excluded(found),
        frame.definitions(),
        _footer(found),
    )
    return html.document(f"{found['run']} – trading analysis", STYLE, *content)


def _footer(found: Summary) -> str:
    rows = ", ".join(f"{number:,} {name}" for name, number in found["rows"].items())
    clock = "the exchange's time stamps" if found["market_clock"] == "exchange" else "the time of capture"
    return f"<footer>From {escape(rows)}. Times in the market are {clock}.</footer>"
