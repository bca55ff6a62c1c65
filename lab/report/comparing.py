"""The variants beside each other on the page: all metrics at a glance, then each one with its runs."""

from collections.abc import Mapping, Sequence
from typing import Any

from lab.report import charts, numbers
from lab.report.pieces import (
    CLASSES,
    INTERVALS,
    family,
    interval,
    mark_class,
    paired,
    resolution,
    titled,
    with_share,
)
from lab.report.summary import Summary
from lab.verdicts import EFFECTS, FEW, MISSING, NONE, SAME
from rendering import html

Row = Mapping[str, Any]
_SIGNS = {NONE: "·", SAME: "=", FEW: "?", MISSING: numbers.NONE}


def _compared(found: Summary) -> list[str]:
    return list(dict.fromkeys(row["metric"] for row in found["comparisons"]))


def _rows(found: Summary, metric: str) -> list[Row]:
    return [row for row in found["comparisons"] if row["metric"] == metric]


def overview(found: Summary) -> str:
    """All variants and metrics in one table: effects as changes, and signs for the rest."""
    metrics = _compared(found)
    if not metrics:
        return ""
    by_variant: dict[str, list[Row]] = {}
    for row in found["comparisons"]:
        by_variant.setdefault(row["variant"], []).append(row)
    classes: dict[str, str] = {}
    rows = [[variant, *(_cell(row, classes) for row in own)] for variant, own in by_variant.items()]
    reference = found["experiment"]["reference"]
    note = (
        f"Changes of the median from the reference, {reference}, where there is an effect: blue is better, orange is "
        "worse. Other signs: · for no difference shown, = for the same in every run, ? for too few repeats to tell."
    )
    return html.section(
        "At a glance", note, html.card("", html.table(["", *metrics], rows, coloured=False, classes=classes), wide=True)
    )


def _cell(row: Row, classes: dict[str, str]) -> str:
    """A change or a sign; two spaces that differ keep cells of the same text and another colour apart."""
    if row["verdict"] not in EFFECTS:
        sign = _SIGNS[row["verdict"]]
        classes[sign] = "soft"
        return sign
    text = numbers.percent(row["percent"]) if row["percent"] is not None else numbers.change(row["difference"])
    kind = CLASSES[row["verdict"]]
    if classes.get(text, kind) != kind:
        text += "\u2009"
    classes[text] = kind
    return text


def metrics(found: Summary) -> str:
    """A card for each metric that was compared."""
    names = _compared(found)
    reference, tested = found["experiment"]["reference"], family(found["comparisons"])
    note = (
        f"A dot is a run, a bar the median. Differences are those of medians from that of the reference, {reference}; "
        f"{INTERVALS}. p is corrected for the comparisons that were tested, {tested} of {len(found['comparisons'])}: "
        "in at most 5 % of reports any effect among them is a false one."
    )
    cards = "".join(_card(found, name) for name in names)
    return html.section("Metric by metric", note, f'<div class="stack">{cards}</div>' if cards else "")


def _card(found: Summary, name: str) -> str:
    metric, rows = found["metrics"][name], _rows(found, name)
    unit = metric["unit"]
    values = found["values"][name]
    reference = found["experiment"]["reference"]
    strips = [(reference, "plain", values.get(reference, []))]
    strips += [(row["variant"], mark_class(row["verdict"]), values.get(row["variant"], [])) for row in rows]
    right = table(rows, unit, values.get(reference, []))
    return paired(titled(name, unit), metric["what"], metric["mark"], charts.strips(name, strips, unit), right)


def table(rows: Sequence[Row], unit: str, reference: Sequence[float]) -> str:
    """The comparisons of one metric."""
    head = ["", "median", "difference", "", "95 % interval", "p", "runs", "can be seen"]
    first = rows[0]
    cells = [[first["reference"], numbers.figure(first["medians"][0], unit), *[""] * 4, str(len(reference)), ""]]
    cells += [
        [
            row["variant"],
            numbers.figure(row["medians"][1], unit),
            with_share(row, unit),
            row["verdict"],
            interval(row, unit) if row["interval"] or row["exact"] else "",
            numbers.chance(row["corrected"]) if row["corrected"] is not None else "",
            str(row["counts"][1]),
            resolution(row, unit),
        ]
        for row in rows
    ]
    if not any(row[-1] for row in cells):
        head, cells = head[:-1], [row[:-1] for row in cells]
    return html.table(head, cells, coloured=False, classes=CLASSES)
