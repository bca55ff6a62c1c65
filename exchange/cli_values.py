"""Reads the values of the exchange's options; each error names the option, the value and the remedy."""

from __future__ import annotations

import math
from ipaddress import AddressValueError, IPv4Address

import click

from exchange.account import Login
from exchange.clock import SECOND
from exchange.directory import DEFAULT_PRICES, check_symbol
from exchange.settings import Endpoint
from exchange.venue import VENUES

DEFAULT_LOGIN = "HFT1:secret1:HFTX"
WRONG_INPUT = 2
DAY = 86_400
"""Seconds."""


class InputError(click.ClickException):
    """A wrong input: one line that names the value and the remedy, exit status 2."""

    exit_code = WRONG_INPUT


def address(option: str, text: str) -> IPv4Address:
    """An IPv4 address."""
    try:
        return IPv4Address(text)
    except AddressValueError:
        raise InputError(f"{option} {text!r} is not an IPv4 address: give one of this host, like 127.0.0.1") from None


def endpoint(option: str, text: str) -> Endpoint:
    """A multicast ``GROUP:PORT``."""
    remedy = "give GROUP:PORT with a group of 224.0.0.0/4, like 239.20.0.1:26401"
    group, colon, port = text.rpartition(":")
    try:
        found = IPv4Address(group)
    except AddressValueError:
        raise InputError(f"{option} {text!r} is not a multicast endpoint: {remedy}") from None
    if not colon or not found.is_multicast:
        raise InputError(f"{option} {text!r}: {found} is not a multicast group: {remedy}")
    if not port.isascii() or not port.isdigit() or not 1 <= int(port) <= 65535:
        raise InputError(f"{option} {text!r}: port {port!r} is not 1 to 65535: {remedy}")
    return Endpoint(found, int(port))


def in_range(option: str, value: int, low: int, high: int) -> int:
    """A whole number between two."""
    if not low <= value <= high:
        raise InputError(f"{option} {value} is out of range: give {low} to {high}")
    return value


def number(option: str, value: float, low: float, high: float) -> float:
    """A number between two."""
    # Not a number (nan) is not between any two.
    if not low <= value <= high:
        raise InputError(f"{option} {value} is out of range: give a number from {low:g} to {high:.0f}")
    return value


def pace(text: str) -> float | None:
    """A multiple of real time, None for ``max``."""
    if text == "max":
        return None
    value = _float(text)
    if not 1e-6 <= value <= 1e6:
        raise InputError(f"--speed {text!r} is not a pace: give a number from 0.000001 to 1000000, like 0.001, or max")
    return value


def grace(text: str) -> int | None:
    """Seconds as ns, None for ``off``."""
    if text == "off":
        return None
    value = _float(text)
    if not 0 <= value <= DAY:
        raise InputError(f"--cancel-on-disconnect {text!r} is no time: give 0 to {DAY} seconds, or off")
    return int(value * SECOND)


def session_name(text: str) -> str:
    """A session's name."""
    if not 1 <= len(text) <= 10 or not text.isascii() or not text.isalnum():
        raise InputError(f"--session {text!r} is malformed: give 1 to 10 letters or digits")
    return text


def logins(texts: tuple[str, ...]) -> tuple[Login, ...]:
    """All logins, each user once."""
    found = tuple(Login.parse(text) for text in texts or (DEFAULT_LOGIN,))
    users = [login.user.upper() for login in found]
    for user in users:
        if users.count(user) > 1:
            raise InputError(f"--login {user} is given twice: give each user once")
    return found


def symbols(text: str | None) -> tuple[str, ...]:
    """Symbols separated by commas, each once."""
    if text is None:
        return tuple(DEFAULT_PRICES)
    return tuple(dict.fromkeys(check_symbol(symbol) for symbol in text.split(",")))


def venues(names: tuple[str, ...]) -> tuple[str, ...]:
    """Names of venues, each once; the first one if none is named."""
    for name in names:
        if name not in VENUES:
            raise InputError(f"--venue {name!r} is unknown: give {', '.join(VENUES)}")
        if names.count(name) > 1:
            raise InputError(f"--venue {name} is given twice: give each venue once")
    return names or (next(iter(VENUES)),)


def _float(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return math.nan
