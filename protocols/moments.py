"""Moments as people give them on a command line, and as programs show them. All of them ns since 1970 UTC."""

import re
from datetime import UTC, datetime

_SECOND = 1_000_000_000
_RELATIVE = re.compile(r"\+(\d+)(?:\.(\d{1,9}))?")
_ISO = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z?")


def parse(text: str, first: int) -> int:
    """A moment: ns since 1970, `+SECONDS` behind `first`, or `2026-11-26T14:30:00.123456789Z`, always UTC.

    Raises ValueError that names the text and what is allowed.
    """
    if text.isascii() and text.isdigit():
        return int(text)
    if relative := _RELATIVE.fullmatch(text):
        return first + int(relative[1]) * _SECOND + _fraction(relative[2])
    if iso := _ISO.fullmatch(text):
        try:
            moment = datetime.fromisoformat(iso[1]).replace(tzinfo=UTC)
        except ValueError as error:
            raise ValueError(f"{text!r} is no moment: {error}") from None
        return int(moment.timestamp()) * _SECOND + _fraction(iso[2])
    raise ValueError(
        f"{text!r} is no moment: give ns since 1970, +SECONDS from the beginning, or YYYY-MM-DDTHH:MM:SS[.n]"
    )


def show(time: int) -> str:
    """A moment as `2026-11-26T14:30:00.123456789Z`."""
    seconds, fraction = divmod(time, _SECOND)
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%dT%H:%M:%S}.{fraction:09d}Z"
    except (ValueError, OverflowError, OSError):
        return f"{time} ns"


def speed(text: str) -> float | None:
    """A pace: `max` is None, else times real time. Raises ValueError that names the text and what is allowed."""
    if text == "max":
        return None
    try:
        value = float(text.removesuffix("x"))
    except ValueError:
        value = 0.0
    if not 0.001 <= value <= 1e6:
        raise ValueError(f"{text!r} is no pace: give max, or a number from 0.001 to 1000000 (1 is real time)")
    return value


def _fraction(digits: str | None) -> int:
    return int((digits or "0").ljust(9, "0"))
