"""`hftos exchange`: run the simulated exchange on ordinary sockets."""

from __future__ import annotations

import asyncio
import json
import logging
import math
import sys
import time
from ipaddress import AddressValueError, IPv4Address
from pathlib import Path

import click

from exchange.account import Login, LoginError
from exchange.clock import SECOND
from exchange.directory import DEFAULT_PRICES, DirectoryError, check_symbol
from exchange.service import Service
from exchange.session import Endpoint, ServiceError, Settings

DEFAULT_LOGIN = "HFT1:secret1:HFTX"
WRONG_INPUT = 2
DAY = 86_400
"""Seconds."""


class InputError(click.ClickException):
    """A wrong input: one line that names the value and the remedy, exit status 2."""

    exit_code = WRONG_INPUT


@click.command()
@click.option("--bind", default="127.0.0.1", show_default=True, help="IPv4 address to serve on and to send from.")
@click.option("--ouch-port", type=int, default=0, show_default=True, help="TCP port for OUCH orders; 0 = any free.")
@click.option("--feed-a", default="239.20.0.1:26401", show_default=True, help="Line A, multicast GROUP:PORT.")
@click.option("--feed-b", default="239.20.0.2:26402", show_default=True, help="Line B, multicast GROUP:PORT.")
@click.option(
    "--ready-file",
    type=click.Path(path_type=Path),
    help="JSON with all a client needs, once it serves: a file, or a FIFO that somebody reads.",
)
@click.option("--symbols", help=f"Symbols of the generated flow, A,B,…  [default: {','.join(DEFAULT_PRICES)}]")
@click.option("--no-flow", is_flag=True, help="Nobody trades but the clients.")
@click.option("--login", "logins", multiple=True, metavar="USER:PASSWORD:FIRM", help="A login; repeatable.")
@click.option("--replay", type=click.Path(path_type=Path), help="ITCH 5.0 file (BinaryFILE) whose orders come first.")
@click.option("--speed", default="1", show_default=True, help="Pace of the replay: times real time, or max.")
@click.option("--seconds", type=float, help="Length of the flow; then the day ends.  [default: until SIGTERM]")
@click.option("--rate", type=float, default=500, show_default=True, help="Generated messages a second.")
@click.option("--seed", type=int, default=1, show_default=True, help="64-bit seed of the generated flow.")
@click.option("--start-on-login", is_flag=True, help="The day begins when the first client has logged in.")
@click.option(
    "--cancel-on-disconnect",
    default="5",
    show_default=True,
    metavar="SECONDS|off",
    help="Open orders are cancelled this long after a login's connection ended, unless it is back.",
)
@click.option("--session", help="Session name, 1 to 10 letters or digits.  [default: seconds since 1970]")
@click.option("--log-dir", type=click.Path(path_type=Path), help="Folder for orders.jsonl, books.json, counters.json.")
@click.option("--json", "as_json", is_flag=True, help="Counters as one line of JSON (they always are).")
@click.option("-v", "--verbose", is_flag=True, help="Log logins, phases and rejects too, not warnings only.")
def exchange(
    bind: str,
    ouch_port: int,
    feed_a: str,
    feed_b: str,
    ready_file: Path | None,
    symbols: str | None,
    no_flow: bool,
    logins: tuple[str, ...],
    replay: Path | None,
    speed: str,
    seconds: float | None,
    rate: float,
    seed: int,
    start_on_login: bool,
    cancel_on_disconnect: str,
    session: str | None,
    log_dir: Path | None,
    as_json: bool,
    verbose: bool,
) -> None:
    """Run the simulated exchange: ITCH 5.0 on two multicast lines, OUCH 5.0 over SoupBinTCP.

    Serves until SIGTERM or SIGINT, then ends its sessions and prints its counters as one line of JSON.
    """
    del as_json
    level = logging.INFO if verbose else logging.WARNING
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    try:
        settings = Settings(
            bind=_address("--bind", bind),
            ouch_port=_in_range("--ouch-port", ouch_port, 0, 65535),
            feed_a=_endpoint("--feed-a", feed_a),
            feed_b=_endpoint("--feed-b", feed_b),
            session=_session(session),
            logins=_logins(logins),
            symbols=_symbols(symbols),
            flow=_flow(no_flow, replay),
            replay=replay,
            speed=_speed(speed),
            seconds=None if seconds is None else _number("--seconds", seconds, 0.001, DAY),
            rate=_number("--rate", rate, 0.001, 1_000_000),
            seed=_in_range("--seed", seed, 0, 2**64 - 1),
            start_on_login=start_on_login,
            cancel_on_disconnect=_grace(cancel_on_disconnect),
            ready_file=ready_file,
            log_dir=log_dir,
        )
        if settings.feed_a == settings.feed_b:
            raise InputError(f"--feed-a and --feed-b are both {feed_a}: give each line its own group or port")
        counters = asyncio.run(_run(settings))
    except (ServiceError, LoginError, DirectoryError) as error:
        raise InputError(str(error)) from error
    click.echo(json.dumps(counters))


async def _run(settings: Settings) -> dict[str, object]:
    return await Service(settings).run()


def _address(option: str, text: str) -> IPv4Address:
    try:
        return IPv4Address(text)
    except AddressValueError:
        raise InputError(f"{option} {text!r} is not an IPv4 address: give one of this host, like 127.0.0.1") from None


def _endpoint(option: str, text: str) -> Endpoint:
    remedy = "give GROUP:PORT with a group of 224.0.0.0/4, like 239.20.0.1:26401"
    group, colon, port = text.rpartition(":")
    try:
        address = IPv4Address(group)
    except AddressValueError:
        raise InputError(f"{option} {text!r} is not a multicast endpoint: {remedy}") from None
    if not colon or not address.is_multicast:
        raise InputError(f"{option} {text!r}: {address} is not a multicast group: {remedy}")
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise InputError(f"{option} {text!r}: port {port!r} is not 1 to 65535: {remedy}")
    return Endpoint(address, int(port))


def _in_range(option: str, value: int, low: int, high: int) -> int:
    if not low <= value <= high:
        raise InputError(f"{option} {value} is out of range: give {low} to {high}")
    return value


def _number(option: str, value: float, low: float, high: float) -> float:
    # Not a number (nan) is not between any two.
    if not low <= value <= high:
        raise InputError(f"{option} {value} is out of range: give a number from {low:g} to {high:.0f}")
    return value


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    value = _float(text)
    if not 1e-6 <= value <= 1e6:
        raise InputError(f"--speed {text!r} is not a pace: give a number from 0.000001 to 1000000, like 0.001, or max")
    return value


def _grace(text: str) -> int | None:
    if text == "off":
        return None
    value = _float(text)
    if not 0 <= value <= DAY:
        raise InputError(f"--cancel-on-disconnect {text!r} is no time: give 0 to {DAY} seconds, or off")
    return int(value * SECOND)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan


def _session(text: str | None) -> str:
    if text is None:
        return str(int(time.time()))[:10]
    if not 1 <= len(text) <= 10 or not text.isascii() or not text.isalnum():
        raise InputError(f"--session {text!r} is malformed: give 1 to 10 letters or digits")
    return text


def _logins(texts: tuple[str, ...]) -> tuple[Login, ...]:
    logins = tuple(Login.parse(text) for text in texts or (DEFAULT_LOGIN,))
    users = [login.user.upper() for login in logins]
    for user in users:
        if users.count(user) > 1:
            raise InputError(f"--login {user} is given twice: give each user once")
    return logins


def _symbols(text: str | None) -> tuple[str, ...]:
    if text is None:
        return tuple(DEFAULT_PRICES)
    return tuple(dict.fromkeys(check_symbol(symbol) for symbol in text.split(",")))


def _flow(no_flow: bool, replay: Path | None) -> bool:
    if no_flow and replay is not None:
        raise InputError(f"--no-flow and --replay {replay} contradict each other: leave one out")
    return not no_flow
