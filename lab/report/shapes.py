"""Distributions on the page: histograms and percentile plots of several variants in one picture."""

from collections.abc import Iterator, Mapping
from typing import Any

from lab.report.distributions import Lines, histogram, percentiles, unit_of
from lab.report.style import LINES
from lab.report.summary import Summary
from rendering import html


def shapes(found: Summary) -> str:
    """Two cards for each histogram that variants have, for as many at a time as there are colours."""
    variants = found["variants"]
    names = list(dict.fromkeys(name for one in variants.values() for name in one["histograms"]))
    cards = []
    for name in names:
        title, unit = unit_of(name)
        for lines in _groups(variants, name):
            legend = html.legend((f"k{kind}", variant) for variant, kind, _ in lines)
            cards.append(html.card(f"{title}: how often", histogram(title, lines, unit), legend))
            cards.append(html.card(f"{title} by percentile", percentiles(title, lines, unit), legend))
    return html.section("Distributions", "All runs of a variant together.", html.columns(*cards))


def _groups(variants: Mapping[str, Mapping[str, Any]], name: str) -> Iterator[Lines]:
    """The variants that have a histogram; the first one is in every group."""
    have = [(variant, one["histograms"][name]) for variant, one in variants.items() if name in one["histograms"]]
    for start in range(1, max(len(have), 2), LINES - 1):
        group = [have[0], *have[start : start + LINES - 1]]
        yield [(variant, f"v{place}", rows) for place, (variant, rows) in enumerate(group)]
