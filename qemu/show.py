"""`hftos report`: shows the report of a finished run again."""

import io
import json
import re
import sys
from pathlib import Path
from typing import Any

import click
from rich.console import Console

from qemu import table

_DEFAULT = Path("build/run")
_FILE = "report.json"
_WIDTH = 104
_FONTS = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', 'Liberation Mono', monospace"


@click.command()
@click.argument("path", type=click.Path(path_type=Path), default=_DEFAULT)
@click.option("--json", "as_json", is_flag=True, help="Print the report as it is stored.")
@click.option("--svg", type=click.Path(dir_okay=False, path_type=Path), help="Also save the table as a picture.")
def report(path: Path, as_json: bool, svg: Path | None) -> None:
    """Show the report of a finished run (PATH: its directory or its report.json, by default those of the last run).

    Exits with 1 for a run that was not ok, as `hftos run` did.
    """
    path = path / _FILE if path.is_dir() or path == _DEFAULT else path
    found = _load(path)
    picture = _picture(path, found)
    if svg is not None:
        try:
            svg.write_text(picture)
        except OSError as error:
            raise click.ClickException(f"{svg}: {error.strerror}: give a path in a folder you may write to") from error
    if as_json:
        click.echo(json.dumps(found))
    else:
        table.show(found, Console())
    if not found["ok"]:
        sys.exit(1)


def without_network(picture: str) -> str:
    """An SVG picture of rich's that fetches nothing: no fonts from elsewhere, no address but that of the SVG format."""
    picture = re.sub(r"@font-face\s*\{[^}]*\}\s*", "", picture)
    picture = re.sub(r"<!--.*?-->\s*", "", picture, flags=re.DOTALL)
    return re.sub(r"font-family:[^;]*;", f"font-family: {_FONTS};", picture)


def _load(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text())
    except FileNotFoundError as error:
        raise click.ClickException(f"{path} does not exist: run `hftos run` first, or give a run's --dir") from error
    except (OSError, ValueError, RecursionError) as error:
        raise click.ClickException(f"{path}: not a report of hftos run ({error})") from error
    if not isinstance(found, dict) or not isinstance(found.get("ok"), bool):
        raise click.ClickException(f"{path}: not a report of hftos run (has no ok: true or false)")
    return found


def _picture(path: Path, found: dict[str, Any]) -> str:
    """The table as SVG; to draw it is also the proof that all the report's parts are there."""
    console = Console(record=True, width=_WIDTH, file=io.StringIO(), force_terminal=True)
    try:
        table.show(found, console)
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise click.ClickException(f"{path}: not a report of hftos run (lacks or misshapes {error})") from error
    return without_network(console.export_svg(title="hftos run"))
