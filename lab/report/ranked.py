"""The ranking of factors on the page."""

from collections.abc import Mapping, Sequence
from typing import Any

from lab.report import charts, numbers
from lab.report.pieces import CLASSES, INTERVALS, family, interval, mark_class, paired, titled, with_share
from lab.report.summary import Summary
from lab.verdicts import CONFOUNDED
from rendering import html

_TOGETHER = 90.0
"""Percent of the differences that the factors must explain one by one, or it is said that they act together."""


def factors(found: Summary) -> str:
    """A card for each metric: what each factor does, the largest effect first."""
    names = list(dict.fromkeys(row["metric"] for row in found["effects"]))
    rows = found["effects"]
    note = (
        f"What moving one factor does, with the others as they come in the design. Lines are intervals; {INTERVALS}. p "
        f"is corrected for the effects of factors that were tested, {family(rows)} of {len(rows)}, which are a family "
        "apart from the comparisons above. Share: of the effects of all factors together."
    )
    first, *rest = [_card(found, name) for name in names] or [""]
    more = f"<details><summary>By other metrics</summary>{html.stack(*rest)}</details>" if rest else ""
    return html.section("Which factor matters", note, first, more)


def _card(found: Summary, name: str) -> str:
    metric = found["metrics"][name]
    unit = metric["unit"]
    rows = [row for row in found["effects"] if row["metric"] == name]
    known = [row for row in rows if row["difference"] is not None]
    bars = [
        (row["factor"], f"bar-{mark_class(row['verdict'])}", row["difference"], row["interval"], _hint(row, unit))
        for row in known
    ]
    right = _table(rows, unit) + _together(found, name)
    return paired(titled(name, unit), "", metric["mark"], charts.effects(name, bars), right)


def _hint(row: Mapping[str, Any], unit: str) -> str:
    change = numbers.with_unit(numbers.change(row["difference"], unit), unit)
    return f"{row['factor']}, {row['low']} to {row['high']}: {change}"


def _table(rows: Sequence[Mapping[str, Any]], unit: str) -> str:
    head = ["factor", "effect", "share", "", "95 % interval", "p", "from", "to"]
    cells = [
        [
            row["factor"],
            with_share(row, unit),
            f"{row['share']:.0f} %" if row["share"] is not None else "",
            row["verdict"],
            interval(row, unit) if row["interval"] or row["exact"] else "",
            numbers.chance(row["corrected"]) if row["corrected"] is not None else "",
            row["low"],
            row["high"],
        ]
        for row in rows
    ]
    return html.table(head, cells, coloured=False, classes={**CLASSES, CONFOUNDED: "soft"})


def _together(found: Summary, name: str) -> str:
    """Says when factors do something together that none does alone."""
    share = found["explained"].get(name)
    if share is None or share >= _TOGETHER:
        return ""
    return (
        f'<p class="note below">One by one they explain {share:.0f} % of the differences: what one factor does depends '
        "on the others. Compare the variants above.</p>"
    )
