"""`hftos image size`: what takes how much room in an image, as tables, JSON or a page with a treemap."""

import json
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from image import build as builder
from image import sizes
from image.command import build_command, json_option, profile_option, reports_errors
from image.size_page import page
from image.sizes import Part

_DEPTH = 2


@click.command()
@profile_option
@json_option
@click.option(
    "--html",
    "html",
    type=click.Path(dir_okay=False, writable=True, path_type=Path),
    help="Write a page with a treemap into this file.",
)
@click.option("--least", type=click.IntRange(0), default=100_000, show_default=True, help="Leave out what is smaller.")
@reports_errors
def size(name: str, as_json: bool, html: Path | None, least: int) -> None:
    """Show what takes how much room in the image that was built last.

    The sections of the EFI program are bytes on the disk. The kernel's objects and the files of userspace are counted
    unpacked.
    """
    found = sizes.measure(builder.output_of(name), build_command(name))
    if html is not None:
        html.write_text(page(found), encoding="utf-8")
    if as_json:
        click.echo(json.dumps(found.as_dict()))
        return
    console = Console()
    for title, whole, depth, smallest in (
        (f"hftos {found.version}, profile {found.profile}: the EFI program, as stored", found.uki, 1, 0),
        ("The kernel's objects, unpacked", found.kernel, _DEPTH, least),
        ("Userspace, unpacked", found.userspace, _DEPTH, least),
    ):
        console.print(title, style="bold")
        console.print(_table(whole, depth, smallest))
    if html is not None:
        click.echo(f"treemap: {html}")


def _table(whole: Part, depth: int, least: int) -> Table:
    table = Table("Part")
    table.add_column("Bytes", justify="right")
    table.add_column("Share", justify="right")
    _add_rows(table, whole, whole.bytes, depth, least, "")
    table.add_section()
    table.add_row("all", f"{whole.bytes:,}", "")
    return table


def _add_rows(table: Table, part: Part, whole: int, depth: int, least: int, indent: str) -> None:
    for below in part.parts:
        if below.bytes < least:
            break
        table.add_row(indent + below.name, f"{below.bytes:,}", f"{below.bytes / whole:.1%}")
        if depth > 1:
            _add_rows(table, below, whole, depth - 1, least, indent + "  ")
