"""The report as one HTML page that needs nothing else: no script, no font, no picture from anywhere."""

from html import escape

from lab.report import comparing, frame, interrupts, ranked, shapes
from lab.report.style import PAGE
from lab.report.summary import Summary
from rendering import html


def page(found: Summary) -> str:
    """The whole page of a summary."""
    title = found["experiment"]["title"]
    return html.document(
        f"{title} – lab report",
        PAGE,
        frame.header(found),
        html.warning("Read this first:", found["warnings"]),
        frame.tiles(found),
        comparing.overview(found),
        comparing.metrics(found),
        ranked.factors(found),
        interrupts.interrupts(found),
        shapes.shapes(found),
        frame.variants(found),
        frame.runs(found),
        frame.method(),
        f"<footer>{escape(frame.source(found))}</footer>",
    )
