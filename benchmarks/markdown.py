"""Reports as Markdown, so that the figures of the documents come from the measurement and from nowhere else."""

from __future__ import annotations

import importlib
from typing import Any

from rich.table import Table


def table_lines(table: Table) -> list[str]:
    """One table, its title in front of it."""
    headers = [str(column.header) for column in table.columns]
    rule = [":--" if column.justify == "left" else "--:" for column in table.columns]
    rows = zip(*(list(column.cells) for column in table.columns), strict=True)
    lines = [f"**{table.title}**", "", _row(headers), _row(rule)]
    return [*lines, *(_row([str(cell) for cell in row]) for row in rows), ""]


def report_lines(report: dict[str, Any], module: str) -> list[str]:
    """All tables of a report, and what it was measured on."""
    lines: list[str] = []
    for table in importlib.import_module(module).tables(report["results"]):
        lines += table_lines(table)
    facts = report["machine"]
    quotable = "not quotable: a virtual machine, compare rows with each other only" if facts["virtual"] else "quotable"
    if report["results"].get("quotable"):
        quotable = "quotable: a count of instructions, the same on every machine"
    lines += [
        f"`hftos bench {report['benchmark']}`, {facts['cpu']}, {facts['cores']} cores, Linux {facts['kernel']}, Python "
        f"{facts['python']}, {facts['compiler']}, {facts['date']}; {quotable}.",
        "",
    ]
    return lines


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"
