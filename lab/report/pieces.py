"""What several parts of the page share."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any, Final

from lab.report import numbers
from lab.verdicts import BETTER, EFFECTS, FEW, MISSING, NONE, SAME, WORSE

CLASSES: Final = {BETTER: "good", WORSE: "bad", NONE: "soft", SAME: "soft", FEW: "soft", MISSING: "soft"}
"""Of cells with a verdict."""
EXACT: Final = "exact"
INTERVALS: Final = "95 % intervals hold each by itself, not corrected for many"


def mark_class(verdict: str) -> str:
    """The class of a mark in a picture."""
    return CLASSES[verdict] if verdict in EFFECTS else "plain"


def family(rows: Sequence[Mapping[str, Any]]) -> int:
    """How many of the rows were tested, which is what their p is corrected for."""
    return sum(row["corrected"] is not None for row in rows)


def interval(row: Mapping[str, Any], unit: str) -> str:
    """A difference's interval, or why there is none."""
    return EXACT if row["exact"] else numbers.span(row["interval"], unit)


def with_share(row: Mapping[str, Any], unit: str) -> str:
    """A difference, and what it is of the reference."""
    text = numbers.change(row["difference"], unit)
    return f"{text} ({numbers.percent(row['percent'])})" if row["percent"] else text


def titled(name: str, unit: str) -> str:
    """A metric with its unit."""
    return f"{name}, {unit}" if unit else name


def paired(title: str, what: str, mark: str, picture: str, table: str) -> str:
    """A wide box: a picture, and beside it, on a phone below it, a table. `mark`: what must be known of the figures."""
    what = f' <span class="what">{escape(what)}</span>' if what else ""
    mark = f'<span class="mark">{escape(mark)}</span>' if mark else ""
    inner = f'<div class="pair"><div>{picture}</div><div>{table}</div></div>'
    return f'<section class="card wide"><h3>{escape(title)}{what}{mark}</h3>{inner}</section>'


def resolution(row: Mapping[str, Any], unit: str) -> str:
    """What could have been seen where no effect is."""
    if row["smallest"] is None:
        needed = row["repeats"]
        return f"{needed:,} repeats or more" if row["verdict"] == FEW and needed else ""
    share = row["smallest_percent"]
    text = f"from {numbers.with_unit(numbers.figure(_rounded(row['smallest'])), unit)}"
    text += f" ({_rounded(share):g} %)" if share is not None else ""
    if row["hidden"] and row["repeats"]:
        text += f"; 5 % need {row['repeats']:,} repeats"
    return text


def _rounded(value: float) -> float:
    return float(f"{value:.2g}")
