"""Prints an explained order: the timeline, the stages, the checks, the book, what is missing."""

from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from office.explain.timeline import price, steps
from protocols import moments
from protocols.itch_files import line

_COLOURS = {"market data": "cyan", "decision": "yellow", "risk": "yellow", "fill": "green", "rejected": "red"}


def show(document: dict[str, Any], console: Console) -> None:
    """The whole page."""
    console.print(_head(document), highlight=False, markup=False)
    console.print(_timeline(document))
    decision = document["decision"]
    if decision is not None and decision["stages_ns"]:
        console.print(_stages(decision["stages_ns"]))
    if document["market"] is not None:
        for message in document["market"]["messages"]:
            console.print(f"  {line(message)}", highlight=False, markup=False, soft_wrap=True)
    if document["book"] is not None:
        console.print(_book(document["book"]))
    if document["checks"]:
        console.print(_checks(document["checks"]))
    for text in document["missing"]:
        console.print(f"missing: {text}", style="red", highlight=False, markup=False, soft_wrap=True)


def _head(document: dict[str, Any]) -> str:
    what = f"Order {document['order']}" if document["order"] else f"Decision {document['decision']['number']}, not sent"
    links = [f"replaces {document['replaces']}"] if document["replaces"] else []
    links += [f"replaced by {document['replaced_by']}"] if document["replaced_by"] else []
    return ", ".join([f"{what} at venue {document['venue']}", *links])


def _timeline(document: dict[str, Any]) -> Table:
    """Both clocks count from what came first by each: the packet of the market data, and the decision."""
    rows = steps(document)
    captured = next((step.capture for step in rows if step.capture is not None), None)
    decided = next((step.trader for step in rows if step.part == "decision"), None)
    decided = decided or next((step.trader for step in rows if step.trader is not None), None)
    since = "" if captured is None else f"since {moments.show(captured)}"
    table = Table(title=f"Timeline {since}".rstrip(), title_justify="left", box=None, padding=(0, 1))
    table.add_column("wire, µs", justify="right")
    table.add_column("trader, µs", justify="right")
    table.add_column("")
    table.add_column("", overflow="fold")
    for step in rows:
        style = _COLOURS.get(step.part, "")
        texts = (_since(step.capture, captured), _since(step.trader, decided))
        table.add_row(*texts, Text(step.part, style=style), Text(step.text))
    return table


def _since(time: int | None, begin: int | None) -> str:
    return "" if time is None or begin is None else f"{(time - begin) / 1000:,.1f}"


def _stages(stages: dict[str, int]) -> Table:
    table = Table(title="Stages, ns since the burst", title_justify="left", box=None, padding=(0, 1))
    for name in stages:
        table.add_column(name, justify="right")
    table.add_row(*(f"{value:,}" for value in stages.values()))
    return table


def _book(book: dict[str, Any]) -> Table:
    table = Table(title="Book behind the message", title_justify="left", box=None, padding=(0, 1))
    for name in ("was", "shares", "bid", "ask", "shares", "was"):
        table.add_column(name, justify="right")
    was = {(row["side"], row["price"]): row["before"] for row in book["changes"]}
    bids, asks = book["after"]["bids"], book["after"]["asks"]
    for row in range(max(len(bids), len(asks))):
        left = _level(bids[row], "B", was) if row < len(bids) else ("", "", "")
        right = _level(asks[row], "S", was) if row < len(asks) else ("", "", "")
        table.add_row(*left, *right[::-1])
    for change in book["changes"]:
        if change["after"] == 0:
            gone = (f"{change['before']:,}", "gone", price(change["price"]))
            table.add_row(
                *(gone if change["side"] == "B" else ("", "", "")), *(gone[::-1] if change["side"] == "S" else ())
            )
    return table


def _level(level: list[int], side: str, was: dict[tuple[str, int], int]) -> tuple[str, str, str]:
    before = was.get((side, level[0]))
    return ("" if before is None else f"{before:,}", f"{level[1]:,}", price(level[0]))


def _checks(checks: list[dict[str, Any]]) -> Table:
    table = Table(title="Risk checks, in the order of the walk", title_justify="left", box=None, padding=(0, 1))
    for _ in range(3):
        table.add_column("")
    marks = {"passed": "✓", "refused": "✗", "not reached": "·"}
    cells = [
        f"{marks[row['outcome']]} {row['check']}" + (f" {row['value']:,} > {row['limit']:,}" if "value" in row else "")
        for row in checks
    ]
    for at in range(0, len(cells), 3):
        table.add_row(*cells[at : at + 3])
    return table
