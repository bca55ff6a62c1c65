"""`hftos audit`: shows and verifies the audit log."""

from __future__ import annotations

import json
import re
import sys
from collections import deque
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table

from rendering.terminal import visible
from store.audit.record import AuditError, AuditRecord
from store.audit.verify import Verdict, records
from store.audit.verify import verify as check

_WIDE = 200
DEFAULT = Path("build/audit/audit.jsonl")

_log = click.option(
    "--log",
    "path",
    type=click.Path(path_type=Path),
    default=DEFAULT,
    show_default=True,
    help="The log, or a folder with audit.jsonl in it.",
)
_json = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group()
def audit() -> None:
    """Show and verify the audit log: who did what, in a file in which no change goes unnoticed."""


@audit.command()
@_log
@click.option("--who", help="Only what this person or program did.")
@click.option("--action", help="Only actions that begin with this text, such as `surveillance.`.")
@click.option("--subject", help="Only what was done to this subject.")
@click.option("--last", type=click.IntRange(1), default=50, show_default=True, help="So many of the last records.")
@_json
def show(path: Path, who: str | None, action: str | None, subject: str | None, last: int, as_json: bool) -> None:
    """Show records, oldest first; exits with 1 when the log is not as it was written."""
    path = file_of(path)
    try:
        found: deque[AuditRecord] = deque(maxlen=last)
        for record in records(path):
            wanted = (who in (None, record.who)) and (subject in (None, record.subject))
            if wanted and record.action.startswith(action or ""):
                found.append(record)
        verdict = check(path)
    except AuditError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps({"records": [one.as_json() for one in found], "verdict": verdict.as_json()}))
    else:
        Console(width=None if sys.stdout.isatty() else _WIDE).print(_table(found))
        _say(verdict)
    sys.exit(not verdict.ok)


@audit.command()
@_log
@click.option("--anchor", help="NUMBER:HASH of a record, kept elsewhere; it has to be in the log still.")
@_json
def verify(path: Path, anchor: str | None, as_json: bool) -> None:
    """Check that nothing was changed, removed, inserted or moved; exits with 1 when something was.

    Prints an anchor: kept where nobody who can write to the log can write, it proves later that the log, up to there,
    was not made anew.
    """
    given = None
    if anchor is not None:
        match = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", anchor.strip())
        if match is None:
            raise click.BadParameter(
                f"{anchor!r}: give NUMBER:HASH, as `hftos audit verify` prints it", param_hint="--anchor"
            )
        given = int(match[1]), match[2]
    try:
        verdict = check(file_of(path), given)
    except AuditError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(verdict.as_json()))
    else:
        _say(verdict)
    sys.exit(not verdict.ok)


def file_of(path: Path) -> Path:
    """The log that a path names: itself, or `audit.jsonl` in that folder."""
    return path / DEFAULT.name if path.is_dir() else path


def _say(verdict: Verdict) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for fault in verdict.faults:
        console.print(f"[red]{fault.kind}[/red] at byte {fault.offset}:", visible(fault.text))
    what = "as it was written" if verdict.ok else "NOT as it was written"
    pending = ", the last one of them not yet noted in the head" if verdict.pending else ""
    console.print(visible(f"{verdict.path}: {verdict.records} records{pending}, {what}"))
    console.print(f"anchor {verdict.anchor}")


def _table(found: deque[AuditRecord]) -> Table:
    table = Table("number", "time (UTC)", "who", "role", "action", "subject", "detail")
    for one in found:
        detail = ", ".join(f"{key}={value}" for key, value in one.detail.items())
        told = (one.who, one.role, one.action, one.subject, detail)
        table.add_row(str(one.number), _time(one.time), *(visible(text) for text in told))
    return table


def _time(time: int) -> str:
    """A time in ns UTC, to the millisecond. Years end in 9999, ns do not."""
    seconds, ns = divmod(time, 1_000_000_000)
    when = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
    return f"{when:%Y-%m-%d %H:%M:%S}.{ns // 1_000_000:03}"
