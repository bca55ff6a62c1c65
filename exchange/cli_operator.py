"""The commands that look into a running exchange or operate it. They find it by its ready file."""

from __future__ import annotations

import asyncio
import errno
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from exchange.cli_values import InputError
from exchange.commands import CommandError
from exchange.control import answers, send_command
from exchange.live_book import LiveBookError, show
from exchange.ready_wait import wait_for

DEFAULT_READY_FILE = Path("build/exchange.json")

Decorator = Callable[[Any], Any]
_WAIT = "exchange.wait"


def _patience(context: click.Context, _option: click.Parameter, seconds: float) -> None:
    context.meta[_WAIT] = seconds


def _waited(context: click.Context, _option: click.Parameter, path: Path) -> Path:
    """An exchange that was started a moment ago writes its file once it serves; until then a killed one's is there."""
    wait_for(path, context.meta[_WAIT])
    return path


def _ready(command: Any) -> Any:
    """The options of everything that finds an exchange by its ready file."""
    command = click.option(
        "--wait",
        type=click.FloatRange(0, 86_400),
        default=10.0,
        show_default=True,
        is_eager=True,
        expose_value=False,
        callback=_patience,
        help="Seconds to wait for an exchange that does not serve yet.",
    )(command)
    return click.option(
        "--ready-file",
        type=click.Path(path_type=Path),
        default=DEFAULT_READY_FILE,
        show_default=True,
        callback=_waited,
        help="The ready file of the running exchange.",
    )(command)


_VENUE: Decorator = click.option("--venue", help="The venue, where there are several.  [default: the first]")
_JSON: Decorator = click.option("--json", "as_json", is_flag=True, help="As one line of JSON.")


def read_ready(path: Path) -> dict[str, Any]:
    """What a running exchange says of itself; InputError when the file is not there or not one."""
    try:
        ready = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(
            f"cannot read {path}: {error.strerror}; start `hftos exchange --ready-file {path}`, or name its ready file"
        ) from error
    except ValueError as error:
        raise InputError(f"{path} is not a ready file: {error}; give the one of a running exchange") from error
    if not isinstance(ready, dict) or not {"control", "venues"} <= ready.keys():
        raise InputError(f"{path} is not a ready file: no 'control' or 'venues' in it")
    return ready


def pick_venue(ready: dict[str, Any], name: str | None) -> dict[str, Any]:
    """One venue's part of the ready file; InputError for an unknown name."""
    venues: dict[str, dict[str, Any]] = ready["venues"]
    if name is None:
        return next(iter(venues.values()))
    if name not in venues:
        raise InputError(f"--venue {name!r} is not served: give {', '.join(venues)}")
    return venues[name]


@click.command()
@click.argument("symbol")
@_ready
@_VENUE
@click.option("--depth", type=click.IntRange(1, 1000), default=10, show_default=True, help="Levels a side.")
@click.option("--once", is_flag=True, help="Print the book once and exit.")
@click.option("--json", "as_json", is_flag=True, help="Print the book once, as one line of JSON.")
def book(symbol: str, ready_file: Path, venue: str | None, depth: int, once: bool, as_json: bool) -> None:
    """Show the live book of SYMBOL, taken from the feed: snapshot, both lines, re-requests."""
    ready = read_ready(ready_file)
    part = pick_venue(ready, venue)
    if not answers(ready):
        raise _dead(ready_file, ready, ConnectionRefusedError(errno.ECONNREFUSED, os.strerror(errno.ECONNREFUSED)))
    try:
        asyncio.run(show(part, symbol, depth, once, as_json))
    except LiveBookError as error:
        raise InputError(str(error)) from error


def _send(ready_file: Path, venue: str | None, request: dict[str, Any]) -> dict[str, Any]:
    ready = read_ready(ready_file)
    if venue is not None:
        pick_venue(ready, venue)
        request["venue"] = venue
    try:
        return send_command(ready["control"]["port"], request)
    except CommandError as error:
        raise InputError(str(error)) from error
    except OSError as error:
        raise _dead(ready_file, ready, error) from error


def _dead(path: Path, ready: dict[str, Any], error: OSError) -> InputError:
    reason = error.strerror or error
    return InputError(
        f"the exchange of {path} (pid {ready.get('pid')}) does not answer: {reason}; "
        "start it again, or name the ready file of a running one"
    )


@click.command()
@_ready
@_JSON
def status(ready_file: Path, as_json: bool) -> None:
    """Show where every venue's day stands, and the hash of the exchange's state."""
    answer = _send(ready_file, None, {"do": "status"})
    if as_json:
        click.echo(json.dumps(answer))
        return
    table = Table(title=_state(answer), title_justify="left")
    for name in ("venue", "time", "event", "feed", "halted", "orders in", "logins"):
        table.add_column(name)
    for name, venue in answer["venues"].items():
        halted = ", ".join(venue["halted"]) or "-"
        table.add_row(
            name,
            venue["time"],
            venue["system_event"] or "-",
            f"{venue['messages']:,}",
            halted,
            f"{venue['received']:,}",
            str(venue["logins"]),
        )
    Console().print(table)


def _state(answer: dict[str, Any]) -> str:
    inputs = answer["inputs"]
    return f"state {answer['state_hash']}, " + ("no journal" if inputs is None else f"{inputs:,} inputs journalled")


def _operator(name: str, text: str, argument: str, extras: tuple[Decorator, ...] = ()) -> click.Command:
    """A command that sends one request and prints the answer."""

    @click.argument(argument)
    @_ready
    @_VENUE
    @_JSON
    def command(ready_file: Path, venue: str | None, as_json: bool, **fields: Any) -> None:
        given = {key: value for key, value in fields.items() if value is not None}
        answer = _send(ready_file, venue, {"do": name, **given})
        click.echo(json.dumps(answer) if as_json else answer.get("text", "done"))

    for extra in extras:
        command = extra(command)
    return click.command(name, help=text)(command)


_REASON = click.option("--reason", help="Reason code.")
_PRICE = click.option("--price", required=True, help="Price of the offer, in 1/10,000 dollar.")
_SECONDS = click.option("--seconds", help="Exchange seconds until quotation begins.  [default: 60]")

COMMANDS: dict[str, click.Command] = {
    command.name or "": command
    for command in (
        book,
        status,
        _operator("halt", "Halt SYMBOL: orders are refused, cancels work.", "symbol", (_REASON,)),
        _operator("quote", "Begin the quotation-only period of a halted SYMBOL.", "symbol"),
        _operator("resume", "Cross SYMBOL and let it trade again.", "symbol"),
        _operator("operational-halt", "Halt SYMBOL on this venue alone.", "symbol"),
        _operator("lift", "End the operational halt of SYMBOL.", "symbol"),
        _operator("ipo", "Halt SYMBOL for its IPO at PRICE (1/10,000 dollar).", "symbol", (_PRICE, _SECONDS)),
        _operator("break", "Break the execution with match number MATCH.", "match", (_REASON,)),
    )
}
