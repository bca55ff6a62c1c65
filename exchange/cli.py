"""`hftos exchange`: run the simulated exchange on ordinary sockets, look into a running one, operate it."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

import click

from exchange import cli_values as values
from exchange.account import LoginError
from exchange.cli_operator import COMMANDS
from exchange.cli_values import InputError
from exchange.directory import DEFAULT_PRICES, MAX_LOCATE, DirectoryError
from exchange.flow.agents import AgentError
from exchange.journal import JournalError, session_of
from exchange.risk_limits import LimitsError
from exchange.service import Service
from exchange.settings import Ports, ServiceError, Settings

REFUSED = (ServiceError, LoginError, DirectoryError, JournalError, LimitsError, AgentError)
MICROSECOND = 1_000
MAX_SKEW = 1_000_000
"""Microseconds."""

_PATH = click.Path(path_type=Path)
_SERVE = (
    click.option("--bind", default="127.0.0.1", show_default=True, help="IPv4 address to serve on and to send from."),
    click.option("--ouch-port", type=int, default=0, help="TCP port for OUCH orders; 0 = any free.  [default: 0]"),
    click.option("--rerequest-port", type=int, default=0, help="UDP port of the re-request server."),
    click.option("--glimpse-port", type=int, default=0, help="TCP port for GLIMPSE snapshots."),
    click.option("--drop-copy-port", type=int, default=0, help="TCP port for drop copies."),
    click.option("--control-port", type=int, default=0, help="TCP port for operator commands, on loopback."),
    click.option("--feed-a", default="239.20.0.1:26401", show_default=True, help="Line A, multicast GROUP:PORT."),
    click.option("--feed-b", default="239.20.0.2:26402", show_default=True, help="Line B, multicast GROUP:PORT."),
    click.option("--skew-b", type=float, default=0, help="Line B lags line A by so many microseconds.  [default: 0]"),
    click.option(
        "--ready-file", type=_PATH, help="JSON with all a client needs, once it serves: a file, or a FIFO that is read."
    ),
)
_MARKET = (
    click.option("--venue", "venues", multiple=True, help="NSDQ, BX or PSX; repeatable.  [default: NSDQ]"),
    click.option("--symbols", help=f"Symbols, A,B,…  [default: {','.join(DEFAULT_PRICES)}]"),
    click.option("--universe", type=int, help="So many symbols with prices and activity like a real day's instead."),
    click.option("--login", "logins", multiple=True, metavar="USER:PASSWORD:FIRM", help="A login; repeatable."),
    click.option("--limits", type=_PATH, help="TOML file with risk limits of firms and ports."),
    click.option(
        "--cancel-on-disconnect",
        default="5",
        show_default=True,
        metavar="SECONDS|off",
        help="Open orders are cancelled this long after a login's connection ended, unless it is back.",
    ),
)
_FLOW = (
    click.option("--no-flow", is_flag=True, help="Nobody trades but the clients."),
    click.option("--replay", type=_PATH, help="ITCH 5.0 file (BinaryFILE) whose orders come first."),
    click.option("--day", is_flag=True, help="A whole trading day by the clock, 03:00 to 20:05, with its crosses."),
    click.option("--early-close", is_flag=True, help="With --day: the market closes at 13:00."),
    click.option(
        "--short-restricted", help="With --day: symbols A,B,… whose short sale restriction is from yesterday."
    ),
    click.option("--speed", default="1", show_default=True, help="Pace of replay or day: times real time, or max."),
    click.option("--seconds", type=float, help="Length of the flow; then the day ends.  [default: until SIGTERM]"),
    click.option("--rate", type=float, default=500, show_default=True, help="Generated messages a second."),
    click.option("--seed", type=int, default=1, show_default=True, help="64-bit seed of the generated flow."),
    click.option(
        "--agent", "agents", multiple=True, metavar="KIND[:KEY=VALUE,…]", help="A labelled participant; repeatable."
    ),
    click.option("--start-on-login", is_flag=True, help="The day begins when the first client has logged in."),
)
_KEEP = (
    click.option("--session", help="Session name, 1 to 10 letters or digits.  [default: seconds since 1970]"),
    click.option("--log-dir", type=_PATH, help="Folder for orders.jsonl, labels.jsonl, books.json, counters.json."),
    click.option(
        "--attribution",
        is_flag=True,
        help="With --log-dir: attribution.jsonl, every event of every order with its owner.",
    ),
    click.option("--journal", type=_PATH, help="Folder of the journal; started again with it, the session resumes."),
    click.option("--journal-sync", is_flag=True, help="Wait for the disk at every commit, against loss of power."),
    click.option("--journal-checks", type=int, default=0, help="Journal a hash of the state every N inputs."),
    click.option("--json", "as_json", is_flag=True, help="Counters as one line of JSON (they always are)."),
    click.option("-v", "--verbose", is_flag=True, help="Log logins, phases and rejects too, not warnings only."),
)


def _all_options(command: Any) -> Any:
    for option in reversed((*_SERVE, *_MARKET, *_FLOW, *_KEEP)):
        command = option(command)
    return command


@click.group(invoke_without_command=True, commands=COMMANDS)
@_all_options
@click.pass_context
def exchange(context: click.Context, /, **options: Any) -> None:
    """Run the simulated exchange: ITCH 5.0 on two multicast lines, OUCH 5.0 over SoupBinTCP.

    Serves until SIGTERM or SIGINT, then ends its sessions and prints its counters as one line of JSON. The commands
    below look into a running exchange, or operate it: they find it by its ready file.
    """
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return
    level = logging.INFO if options["verbose"] else logging.WARNING
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        settings = _settings(options)
        counters = asyncio.run(Service(settings).run())
    except REFUSED as error:
        raise InputError(str(error)) from error
    click.echo(json.dumps(counters))


def _refuse_options(context: click.Context) -> None:
    """Options of the exchange in front of a command would be dropped in silence."""
    for name in context.params:
        if context.get_parameter_source(name) is not click.core.ParameterSource.DEFAULT:
            option = next(one.opts[0] for one in context.command.params if one.name == name)
            raise InputError(f"{option} does not go with {context.invoked_subcommand}: give its options behind it")


def _settings(options: dict[str, Any]) -> Settings:
    _check_contradictions(options)
    journal = options["journal"]
    settings = Settings(
        bind=values.address("--bind", options["bind"]),
        ports=_ports(options),
        feed_a=values.endpoint("--feed-a", options["feed_a"]),
        feed_b=values.endpoint("--feed-b", options["feed_b"]),
        session=_session(options["session"], journal),
        logins=values.logins(options["logins"]),
        venues=values.venues(options["venues"]),
        symbols=values.symbols(options["symbols"]),
        universe=_optional(values.in_range, "--universe", options["universe"], 1, MAX_LOCATE),
        flow=not options["no_flow"],
        agents=options["agents"],
        replay=options["replay"],
        day=options["day"],
        early_close=options["early_close"],
        short_restricted=values.symbols(options["short_restricted"]) if options["short_restricted"] else (),
        speed=values.pace(options["speed"]),
        seconds=_optional(values.number, "--seconds", options["seconds"], 0.001, values.DAY),
        rate=values.number("--rate", options["rate"], 0.001, 1_000_000),
        seed=values.in_range("--seed", options["seed"], 0, 2**64 - 1),
        skew=int(values.number("--skew-b", options["skew_b"], 0, MAX_SKEW) * MICROSECOND),
        start_on_login=options["start_on_login"],
        cancel_on_disconnect=values.grace(options["cancel_on_disconnect"]),
        limits=options["limits"],
        ready_file=options["ready_file"],
        log_dir=options["log_dir"],
        attribution=options["attribution"],
        journal=journal,
        journal_sync=options["journal_sync"],
        checks=values.in_range("--journal-checks", options["journal_checks"], 0, 1_000_000_000),
    )
    if settings.feed_a == settings.feed_b:
        raise InputError(f"--feed-a and --feed-b are both {options['feed_a']}: give each line its own group or port")
    return settings


def _check_contradictions(options: dict[str, Any]) -> None:
    if options["no_flow"] and options["replay"] is not None:
        raise InputError(f"--no-flow and --replay {options['replay']} contradict each other: leave one out")
    if options["day"] and options["replay"] is not None:
        raise InputError(f"--day and --replay {options['replay']} contradict each other: the file brings its own times")
    if options["early_close"] and not options["day"]:
        raise InputError("--early-close says when a trading day ends: give --day too")
    if options["short_restricted"] and not options["day"]:
        raise InputError("--short-restricted belongs to a trading day: give --day too")
    if options["attribution"] and options["log_dir"] is None:
        raise InputError("--attribution is written to the folder of the logs: give --log-dir too")
    if options["journal"] is None and (options["journal_sync"] or options["journal_checks"]):
        raise InputError("--journal-sync and --journal-checks are about a journal: give --journal too")
    if values.pace(options["speed"]) != 1 and not options["day"] and options["replay"] is None:
        raise InputError(f"--speed {options['speed']} is the pace of a replay or a day: give --replay or --day too")
    if options["symbols"] is not None and options["universe"] is not None:
        raise InputError(f"--symbols and --universe {options['universe']} contradict each other: leave one out")
    if options["day"] and options["speed"] == "max":
        raise InputError("--day needs a pace that clients can follow: give --speed a number, like 60")


def _ports(options: dict[str, Any]) -> Ports:
    names = ("ouch", "rerequest", "glimpse", "drop_copy", "control")
    return Ports(
        *(values.in_range(f"--{name.replace('_', '-')}-port", options[f"{name}_port"], 0, 65535) for name in names)
    )


def _session(text: str | None, journal: Path | None) -> str:
    """The session's name: the given one, that of the journal to resume, or a new one."""
    if text is not None:
        return values.session_name(text)
    resumed = None if journal is None else session_of(journal)
    return resumed or str(int(time.time()))[:10]


def _optional(check: Any, option: str, value: Any, low: Any, high: Any) -> Any:
    return None if value is None else check(option, value, low, high)
