"""`hftos report`: shows the report of a finished run again."""

import io
import json
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from qemu import table

_WIDTH = 104


@click.command()
@click.argument(
    "path", type=click.Path(exists=True, dir_okay=False, path_type=Path), default=Path("build/run/report.json")
)
@click.option("--json", "as_json", is_flag=True, help="Print the report as it is stored.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Also save the table as a picture.")
def report(path: Path, as_json: bool, svg: Path | None) -> None:
    """Show the report of a finished run (PATH: its report.json, by default of the last run)."""
    found = _load(path)
    if as_json:
        click.echo(json.dumps(found))
    else:
        _show(path, found, Console())
    if svg is not None:
        console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
        _show(path, found, console)
        console.save_svg(str(svg), title="hftos run")


def _load(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except (OSError, ValueError) as error:
        raise click.ClickException(f"{path}: not a report of hftos run ({error})") from error
    if not isinstance(found, dict):
        raise click.ClickException(f"{path}: not a report of hftos run (holds a {type(found).__name__})")
    return found


def _show(path: Path, found: dict[str, Any], console: Console) -> None:
    try:
        table.show(found, console)
    except (KeyError, TypeError, AttributeError) as error:
        raise click.ClickException(f"{path}: not a report of hftos run (lacks or misshapes {error})") from error
