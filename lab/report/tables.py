"""The report in short, for a terminal."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from lab.report import numbers
from lab.report.pieces import INTERVALS, interval, resolution, titled, with_share
from lab.report.summary import Summary
from lab.verdicts import BETTER, WORSE
from rendering.terminal import visible

_STYLES = {BETTER: "green", WORSE: "red"}


ROOMY: Final = 100
"""Columns of a terminal that has room for intervals."""
WIDE: Final = 140
"""Columns of one that has room for what could be seen too."""


def console() -> Console:
    """Of standard output; into a file or pipe as wide as the tables need."""
    found = Console()
    return found if found.is_terminal else Console(width=160)


def show(found: Summary, console: Console) -> None:
    """Print the comparisons metric by metric, the ranking of factors, and what must be known of them."""
    experiment, runs = found["experiment"], found["runs"]
    console.print(visible(experiment["title"]), style="bold")
    console.print(f"{runs['succeeded']} of {runs['planned']} runs, {len(found['variants'])} variants", highlight=False)
    comparisons(found["comparisons"], found["metrics"], console)
    effects(found, console)
    warn(found["warnings"], console)


def comparisons(rows: Sequence[Mapping[str, Any]], metrics: Mapping[str, Any], console: Console) -> None:
    """A table for each metric, the reference in its first row."""
    roomy = console.width >= ROOMY
    for name in dict.fromkeys(row["metric"] for row in rows):
        metric, own = metrics[name], [row for row in rows if row["metric"] == name]
        unit = metric["unit"]
        table = _table(f"{titled(name, unit)}", metric["mark"])
        for head in ("runs", "median", "difference", "", *(("95 % interval", "p") if roomy else ())):
            table.add_column(head, justify="right" if head else "left", no_wrap=bool(head))
        for reference in dict.fromkeys(row["reference"] for row in own):
            group = [row for row in own if row["reference"] == reference]
            if len(group) > 1 or group[0]["variant"] != reference:
                table.add_row(visible(reference), *_side(group[0], 0, unit))
            for row in group:
                cells = _difference(row, unit, console.width >= WIDE)
                table.add_row(visible(row["variant"]), *_side(row, 1, unit), *cells[: None if roomy else 2])
        console.print(table)
    if rows and roomy:
        console.print(f"{INTERVALS}; p is corrected", style="dim", highlight=False)


def _table(title: str, mark: str) -> Table:
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, title_justify="left", title_style="bold")
    table.title = Text.assemble(title, (f"  ({mark})" if mark else "", "yellow"))
    table.add_column("", overflow="fold", min_width=14)
    return table


def _side(row: Mapping[str, Any], place: int, unit: str) -> Iterable[str]:
    return str(row["counts"][place]), numbers.figure(row["medians"][place], unit)


def _difference(row: Mapping[str, Any], unit: str, wide: bool) -> Sequence[str | Text]:
    more = resolution(row, unit) if wide else ""
    verdict = Text(row["verdict"], _STYLES.get(row["verdict"], "dim"))
    seen = "can be seen " if row["smallest"] is not None else ""
    verdict.append(f"; {seen}{more}" if more else "", "dim")
    return with_share(row, unit), verdict, interval(row, unit), numbers.chance(row["corrected"])


def effects(found: Summary, console: Console) -> None:
    """The factors' ranking, of the first metric that has one."""
    rows = found["effects"]
    if not rows:
        return
    name, roomy = rows[0]["metric"], console.width >= ROOMY
    metric = found["metrics"][name]
    unit = metric["unit"]
    table = _table(f"factors by their effect on {titled(name, unit)}", metric["mark"])
    for head in ("effect", "share", "", *(("95 % interval", "p") if roomy else ())):
        table.add_column(head, justify="right" if head else "left", no_wrap=bool(head))
    for row in rows:
        if row["metric"] == name:
            moved = visible(f" {row['low']} → {row['high']}")
            table.add_row(Text.assemble(visible(row["factor"]), moved), *_effect(row, unit)[: None if roomy else 3])
    console.print(table)


def _effect(row: Mapping[str, Any], unit: str) -> Sequence[str | Text]:
    share = numbers.NONE if row["share"] is None else f"{row['share']:.0f} %"
    verdict = Text(row["verdict"], _STYLES.get(row["verdict"], "dim"))
    return (
        with_share(row, unit),
        share,
        verdict,
        interval(row, unit),
        numbers.chance(row["corrected"]),
    )


def warn(lines: Sequence[str], console: Console) -> None:
    """What must be known."""
    for line in lines:
        console.print(visible(f"warning: {line}"), style="yellow", soft_wrap=True)
