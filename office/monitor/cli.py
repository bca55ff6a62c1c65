"""`hftos office monitor`: positions, limits, differences and alerts in the terminal, as they are."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

import click
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from office.commands import CommandError, control_of
from office.monitor import service
from office.monitor.limits import DEFAULT, LIMITS, LimitsError, read
from office.monitor.monitor import Monitor
from office.monitor.service import DropCopy, MonitorError
from protocols.soup import LoginRequest
from rendering.terminal import visible
from store.surveillance.catalogue import RULES
from store.surveillance.engine import Surveillance
from store.surveillance.thresholds import ThresholdError
from store.surveillance.thresholds import read as read_thresholds

THRESHOLDS = Path(__file__).resolve().parents[1] / "surveillance.toml"
_REDRAW = 0.25
_PATH = click.Path(path_type=Path)


@click.command()
@click.option("--dir", "directory", type=_PATH, help="Run or collector whose telemetry is compared.")
@click.option("--ready-file", type=_PATH, help="The exchange's ready file, which names the drop copy.")
@click.option("--venue", help="Which of its venues.  [default: all]")
@click.option("--firm", help="Whose drop copy.  [default: that of the first login]")
@click.option("--limits", type=_PATH, default=DEFAULT, show_default="office/monitor/limits.toml", help="Limits, TOML.")
@click.option("--thresholds", type=_PATH, default=THRESHOLDS, show_default="office/surveillance.toml", help="Of rules.")
@click.option("--seconds", type=click.FloatRange(0.1, 1e6), help="End after so long.  [default: at Ctrl-C]")
@click.option("--json", "as_json", is_flag=True, help="Print the figures as JSON at the end, nothing before.")
def monitor(
    directory: Path | None,
    ready_file: Path | None,
    venue: str | None,
    firm: str | None,
    limits: Path,
    thresholds: Path,
    seconds: float | None,
    as_json: bool,
) -> None:
    """Show the firm's positions, profit, limits and alerts out of the exchange's drop copy, beside the trader's own.

    With --dir alone the exchange's answers are taken from the servers' journals, as the office has them.
    """
    if directory is None and ready_file is None:
        raise click.UsageError("nothing to look at: give --ready-file, --dir or both")
    try:
        watched = Monitor(read(limits), Surveillance(read_thresholds(thresholds, RULES)))
        copies = [] if ready_file is None else drop_copies(ready_file, venue, firm)
        control = None if directory is None else control_of(directory)
        journals = directory if not copies else None
        with contextlib.suppress(KeyboardInterrupt):  # the usual end
            asyncio.run(_watch(watched, service.run(watched, copies, control, journals=journals), seconds, as_json))
    except (LimitsError, ThresholdError, CommandError, MonitorError) as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps(watched.snapshot(time.time_ns())))


def drop_copies(path: Path, venue: str | None = None, firm: str | None = None) -> list[DropCopy]:
    """The drop copies that an exchange's ready file names, of one venue or all. MonitorError: it names none."""
    try:
        venues = json.loads(path.read_text(encoding="utf-8"))["venues"]
        if venue is not None and venue not in venues:
            raise MonitorError(f"{path} has no venue {venue!r}: give one of {', '.join(venues)}")
        return [_drop_copy(path, name, venues[name]["drop_copy"], firm) for name in venues if venue in (None, name)]
    except OSError as error:
        raise MonitorError(f"cannot read {path}: {error.strerror}; give a running exchange's ready file") from error
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise MonitorError(f"{path} is no ready file of an exchange with drop copies ({error!r})") from error


def _drop_copy(path: Path, venue: str, found: dict[str, Any], firm: str | None) -> DropCopy:
    if firm is not None and firm not in found["firms"]:
        raise MonitorError(f"{path} has no firm {firm!r}: give one of {', '.join(found['firms'])}")
    login = found if firm is None else found["firms"][firm]
    copy = DropCopy(venue, str(found["host"]), int(found["port"]), login["user"], login["password"])
    if not 0 < copy.port < 1 << 16:
        raise ValueError(f"port {copy.port}")
    LoginRequest(copy.user, copy.password, "", 1).encode()
    return copy


async def _watch(watched: Monitor, following: Coroutine[None, None, None], seconds: float | None, quiet: bool) -> None:
    running = asyncio.create_task(following)
    console = Console(quiet=quiet)
    try:
        with Live(console=console, auto_refresh=False, screen=False) as view:
            end = time.monotonic() + (seconds or 1e9)
            while time.monotonic() < end and not running.done():
                view.update(picture(watched.snapshot(time.time_ns())), refresh=True)
                await asyncio.wait([running], timeout=min(_REDRAW, max(0, end - time.monotonic())))
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            try:
                await running
            except* MonitorError as group:
                raise group.exceptions[0] from None


def picture(found: dict[str, Any]) -> Group:
    """The snapshot as tables."""
    held = Table("symbol", *(f"{name}" for name in _COLUMNS), title=_title(found), title_justify="left")
    for column in held.columns[1:]:
        column.justify = "right"
    for row in found["positions"]:
        held.add_row(visible(row["symbol"]), *(_cell(row[key], unit) for key, unit in _COLUMNS.values()))
    limits = Table("limit", "value", "of", "used", "state")
    for column in limits.columns[1:4]:
        column.justify = "right"
    for one in found["limits"]:
        colour = {"ok": "green", "warning": "yellow", "breach": "red"}[one["state"]]
        amounts = (f"{one[key] // _SCALES[one['name']]:,}" for key in ("value", "limit"))
        limits.add_row(one["name"], *amounts, f"{one['percent']} %", f"[{colour}]{one['state']}[/]")
    parts: list[Any] = [held, limits]
    if found["differences"]:
        wrong = Table("differs", "symbol", "drop copy", "trader", title_style="red")
        for one in found["differences"]:
            wrong.add_row(one["name"], visible(one["symbol"]), f"{one['drop_copy']:,}", f"{one['trader']:,}")
        parts.append(wrong)
    news = [
        Text.assemble((one["rule"], "red"), " ", visible(f"{one['text']} ({one['state']})"))
        for one in found["alerts"][-5:]
    ]
    return Group(*parts, *news)


_SCALES = {one.name: one.scale for one in LIMITS}
_COLUMNS = {
    "position": ("shares", "shares"),
    "trader's": ("trader_shares", "shares"),
    "bought": ("bought", "shares"),
    "sold": ("sold", "shares"),
    "open buys": ("open_buy", "shares"),
    "open sales": ("open_sell", "shares"),
    "profit $": ("profit", "money"),
}


def _title(found: dict[str, Any]) -> str:
    link = "connected" if found["connected"] else "[red]no drop copy[/]"
    profit = found["profit"] / 10_000
    return f"{link}, {found['executions']:,} executions, {found['messages']:,} messages, profit {profit:,.2f} $"


def _cell(value: int | None, unit: str) -> str:
    if value is None:
        return "-"
    return f"{value / 10_000:,.2f}" if unit == "money" else f"{value:,}"
