"""`hftos image diff`: what sets two profiles apart, as tables or JSON."""

import json
from collections.abc import Sequence

import click
from rich.console import Console
from rich.table import Table

from image import progress
from image.command import build_command, json_option, reports_errors
from image.diff import FOLLOWS, Diff, Row, Size, compare

_SMALL = 10_000


@click.command()
@click.argument("first")
@click.argument("second")
@json_option
@click.option("--all", "everything", is_flag=True, help="Also symbols that follow from others, and small parts.")
@reports_errors
def diff(first: str, second: str, as_json: bool, everything: bool) -> None:
    """Show what sets the profiles FIRST and SECOND apart.

    Compared are kernel symbols as they take effect, the command line, DPDK's drivers, and the bytes of the images that
    were built last. Nothing is built.
    """
    found = compare(first, second, progress.default())
    if as_json:
        click.echo(json.dumps(found.as_dict()))
        return
    console = Console()
    for title, table in _tables(found, everything):
        console.print(title, style="bold")
        console.print(table)
    for name in found.unbuilt:
        click.echo(f"no bytes to compare: run `{build_command(name)}`")


def _tables(found: Diff, everything: bool) -> list[tuple[str, Table]]:
    follow = [row for row in found.symbols if row.why == FOLLOWS]
    symbols = found.symbols if everything else [row for row in found.symbols if row.why != FOLLOWS]
    note = "" if everything else f" ({len(follow)} more follow from these)"
    parts = [row for row in found.parts if everything or abs(row.growth) >= _SMALL]
    tables = [
        (f"Kernel symbols{note}", _rows(found, symbols)),
        ("Command line", _rows(found, found.parameters)),
        ("DPDK drivers", _rows(found, found.drivers)),
    ]
    if not found.unbuilt:
        tables += [("Files", _sizes(found, found.outputs)), ("Parts, unpacked", _sizes(found, parts))]
    return tables


def _rows(found: Diff, rows: Sequence[Row]) -> Table:
    table = Table("Name", found.first, found.second, "Why")
    for row in rows:
        table.add_row(row.name, row.first or "–", row.second or "–", row.why)
    return table


def _sizes(found: Diff, rows: Sequence[Size]) -> Table:
    table = Table("Bytes of")
    for name in (found.first, found.second, "Growth"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(row.name, f"{row.first:,}", f"{row.second:,}", f"{row.growth:+,}")
    return table
