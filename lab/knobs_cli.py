"""`hftos lab knobs`: what was requested and what is effective in a guest; or the catalogue's rows themselves."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from image import catalogue as catalogues
from image.catalogue import UNSET, Catalogue, Knob
from image.knob import LAYERS, SOURCES
from lab import boot_record, catalogue_page
from lab.boot_record import BootRecord
from lab.cli_errors import explained

_FIELDS = ("requested", "effective", "reason")


@click.command()
@click.argument("name", required=False)
@click.option(
    "--run",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("build/run"),
    show_default=True,
    help="Folder of a run, on or over, or of a collector.",
)
@click.option(
    "--all", "everything", is_flag=True, help="Knobs that are left alone too, with what the kernel has there."
)
@click.option("--catalogue", is_flag=True, help="The rows of the catalogue, or the row NAME, instead of a guest's.")
@click.option("--markdown", is_flag=True, help="With --catalogue: the page docs/catalogue.md.")
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON.")
@explained
def knobs(name: str | None, folder: Path, everything: bool, catalogue: bool, markdown: bool, as_json: bool) -> None:
    """Print each knob of a guest, or the knob NAME: requested and effective.

    The guest is that of `hftos run`, while it is on or after it. Exits with 1 when a knob has not taken effect.
    """
    if catalogue or markdown:
        _catalogue(catalogues.load(), name, markdown, as_json)
        return
    record = boot_record.find(folder)
    rows = _chosen(record, name, everything or name is not None)
    if as_json:
        table = {"host": record.host, "session": record.session, "ended": record.ended, "knobs": rows}
        click.echo(json.dumps(table))
    else:
        _show(record, rows)
    if any(not row["ok"] for row in rows):
        raise SystemExit(1)


def _chosen(record: BootRecord, name: str | None, everything: bool) -> list[dict[str, Any]]:
    rows = [row for row in record.knobs if everything or row["requested"] != UNSET]
    if name is None:
        return rows
    found = [row for row in rows if row["name"] == name]
    if not found:
        knob = catalogues.load()[name]  # an unknown name is an error that lists near ones
        raise boot_record.NoRecordError(f"the guest says nothing of {knob.name}: its image has another catalogue")
    return found


def _show(record: BootRecord, rows: list[dict[str, Any]]) -> None:
    console = Console()
    state = record.ended or "running, or ended without a word"
    console.print(f"{record.host}, session {record.session}: {state}", highlight=False, markup=False)
    table = Table(pad_edge=False)
    for column in ("Knob", "Layer", "Requested", "Effective", ""):
        table.add_column(column, no_wrap=column == "Knob", overflow="fold")
    for row in rows:
        mark = "[red]failed[/]" if not row["ok"] else ""
        requested, effective, reason = (_plain(row[field]) for field in _FIELDS)
        table.add_row(_plain(row["name"]), row["layer"], requested, effective, f"{mark} {reason}".strip())
    console.print(table)
    left = len(record.knobs) - len(rows)
    console.print(f"{len(rows)} knobs, {len(record.failed)} failed{f'; {left} left alone: --all' if left else ''}")


def _plain(text: object) -> str:
    return str(text).replace("[", "\\[")


def _catalogue(found: Catalogue, name: str | None, markdown: bool, as_json: bool) -> None:
    if markdown:
        click.echo(catalogue_page.page(found), nl=False)
        return
    rows = [found[name]] if name else list(found)
    if as_json:
        click.echo(json.dumps([asdict(knob) | {"rebuild": knob.rebuild} for knob in rows]))
    elif name:
        _describe(rows[0])
    else:
        _list(rows)


def _list(rows: list[Knob]) -> None:
    table = Table(pad_edge=False)
    for column in ("Knob", "Value", "Why"):
        table.add_column(column, no_wrap=column == "Knob", overflow="fold")
    layer = rows[0].layer if rows else ""
    for knob in rows:
        if knob.layer != layer:
            table.add_section()
            layer = knob.layer
        values = ", ".join(f"{profile} {value}" for profile, value in knob.values.items()) or "none"
        if len(set(knob.values.values())) == 1:
            values = f"{next(iter(knob.values.values()))} ({', '.join(knob.values)})"
        table.add_row(*map(_plain, (knob.name, values, knob.why)))
    console = Console()
    console.print(table)
    console.print(f"{len(rows)} knobs; all of one: hftos lab knobs --catalogue NAME")


def _describe(knob: Knob) -> None:
    table = Table(show_header=False, box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    values = ", ".join(f"{profile} {value}" for profile, value in knob.values.items())
    sources = "; ".join(SOURCES[letter] for letter in knob.sources)
    lines = {
        "knob": knob.name,
        "layer": f"{knob.layer}: {LAYERS[knob.layer]}",
        "key": knob.key,
        "profiles": values or "none sets it",
        "levels": ", ".join(knob.allowed),
        "why": knob.why,
        "not set because": knob.against,
        "may be absent": knob.absent,
        "sources": sources,
        "not with": ", ".join(knob.conflicts),
        "read back": knob.readback or f"no: {knob.not_readable}",
        **{f"read back, {value}": place for value, place in knob.readbacks.items()},
        "another value": "needs another kernel" if knob.rebuild else "needs no other kernel",
        "file": f"kernel-config/{knob.file}.toml",
    }
    for name, text in lines.items():
        if text:
            table.add_row(name, _plain(text))
    Console().print(table)
