"""What an operator can tell a running exchange, as a table. Requests are JSON objects with ``do`` and named fields."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from exchange.clock import SECOND
from exchange.halts import HaltError
from exchange.market import END_OF_MESSAGES
from exchange.trade_log import TradeError
from exchange.venue import Venue
from protocols.itch50_codes import TRADING_ACTION_REASONS
from protocols.ouch50_codes import BROKEN_TRADE_REASONS


class CommandError(ValueError):
    """A command that cannot be carried out; the text names the value and the remedy."""


@dataclass(frozen=True)
class Command:
    """One command: its fields with their defaults (None: must be given), and what it does to a venue."""

    fields: dict[str, str | None]
    run: Callable[[Venue, dict[str, str], int], str]


def _halt(venue: Venue, fields: dict[str, str], now: int) -> str:
    venue.supervision.halts.halt(fields["symbol"], _one_of("reason", fields["reason"], TRADING_ACTION_REASONS), now)
    return f"{fields['symbol']} is halted ({fields['reason']})"


def _quote(venue: Venue, fields: dict[str, str], now: int) -> str:
    venue.supervision.halts.quote(fields["symbol"], "T7", now, None)
    return f"{fields['symbol']} is in its quotation-only period"


def _resume(venue: Venue, fields: dict[str, str], now: int) -> str:
    cross = venue.supervision.halts.resume(fields["symbol"], "", now)
    return f"{fields['symbol']} trades again; {cross.shares:,} shares crossed"


def _halt_here(venue: Venue, fields: dict[str, str], now: int) -> str:
    venue.supervision.halts.halt_operationally(fields["symbol"], now)
    return f"{fields['symbol']} is halted on {venue.name} alone"


def _lift(venue: Venue, fields: dict[str, str], now: int) -> str:
    venue.supervision.halts.lift(fields["symbol"], now)
    return f"the operational halt of {fields['symbol']} is over"


def _ipo(venue: Venue, fields: dict[str, str], now: int) -> str:
    seconds = _whole("seconds", fields["seconds"], 1, 86_399)
    price = _whole("price", fields["price"], 1, 2_000_000_000)
    venue.supervision.halts.announce_ipo(fields["symbol"], now + seconds * SECOND, price, now)
    return f"{fields['symbol']} is halted for its IPO; quotation begins in {seconds} s"


def _break(venue: Venue, fields: dict[str, str], now: int) -> str:
    match = _whole("match", fields["match"], 1, (1 << 64) - 1)
    reason = _one_of("reason", fields["reason"], BROKEN_TRADE_REASONS)
    venue.supervision.trades.break_trade(match, reason, now)
    return f"the execution {match} is broken"


def _one_of(name: str, value: str, allowed: Any) -> str:
    if value not in allowed:
        raise CommandError(f"{name} {value!r} is unknown: give one of {', '.join(sorted(filter(None, allowed)))}")
    return value


_LONGEST = 20
"""Digits of the highest u64."""


def _whole(name: str, text: str, low: int, high: int) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) <= _LONGEST and low <= int(text) <= high):
        raise CommandError(f"{name} {text!r} is out of range: give a whole number from {low} to {high}")
    return int(text)


COMMANDS: dict[str, Command] = {
    "halt": Command({"symbol": None, "reason": "T1"}, _halt),
    "quote": Command({"symbol": None}, _quote),
    "resume": Command({"symbol": None}, _resume),
    "operational-halt": Command({"symbol": None}, _halt_here),
    "lift": Command({"symbol": None}, _lift),
    "ipo": Command({"symbol": None, "price": None, "seconds": "60"}, _ipo),
    "break": Command({"match": None, "reason": "S"}, _break),
}
STATUS = "status"


class Commands:
    """Carries commands out on the venues of one exchange."""

    def __init__(self, venues: Sequence[Venue]) -> None:
        self._venues = {venue.name: venue for venue in venues}

    @staticmethod
    def changes(request: dict[str, Any]) -> bool:
        """Whether a request changes anything, so that it belongs into the journal."""
        return request.get("do") != STATUS

    @staticmethod
    def encode(request: dict[str, Any]) -> bytes:
        """A request as the journal keeps it."""
        return json.dumps(request, sort_keys=True).encode()

    @staticmethod
    def decode(payload: bytes) -> dict[str, Any]:
        """A request out of the journal."""
        request: dict[str, Any] = json.loads(payload)
        return request

    def run(self, request: dict[str, Any], now: int) -> dict[str, Any]:
        """Carry a command out; raises CommandError, and then nothing has changed."""
        name = str(request.get("do"))
        if name == STATUS:
            return self._status(now)
        command, fields, venue = self.check(request)
        try:
            return {"ok": True, "text": command.run(venue, fields, now)}
        except (HaltError, TradeError) as error:
            raise CommandError(str(error)) from error

    def check(self, request: dict[str, Any]) -> tuple[Command, dict[str, str], Venue]:
        """What a request asks for, before it is journalled; raises CommandError."""
        name = str(request.get("do"))
        command = COMMANDS.get(name)
        if command is None:
            raise CommandError(f"unknown command {name!r}: give {', '.join((*COMMANDS, STATUS))}")
        fields = self._fields(name, command, request)
        venue = self._venue(request.get("venue"))
        if venue.market.last_system_event in ("", END_OF_MESSAGES):
            over = "is over" if venue.market.last_system_event else "has not begun"
            raise CommandError(f"the day of {venue.name} {over}: {name} is for the time in between")
        return command, fields, venue

    def _venue(self, name: object) -> Venue:
        if name is None:
            return next(iter(self._venues.values()))
        venue = self._venues.get(name) if isinstance(name, str) else None
        if venue is None:
            raise CommandError(f"unknown venue {name!r}: give {', '.join(self._venues)}")
        return venue

    def _fields(self, name: str, command: Command, request: dict[str, Any]) -> dict[str, str]:
        unknown = request.keys() - command.fields.keys() - {"do", "venue"}
        if unknown:
            raise CommandError(f"{name} has no {sorted(unknown)[0]!r}: it takes {', '.join(command.fields)}")
        fields: dict[str, str] = {}
        for key, default in command.fields.items():
            value = request.get(key, default)
            if value is None:
                raise CommandError(f"{name} needs {key!r}")
            fields[key] = str(value)
        return fields

    def _status(self, now: int) -> dict[str, Any]:
        return {"ok": True, "venues": {name: _venue_status(venue, now) for name, venue in self._venues.items()}}


def _venue_status(venue: Venue, now: int) -> dict[str, Any]:
    market = venue.market
    # After the end of messages the day stands still.
    seconds = (market.time if market.last_system_event == "C" else now) // SECOND
    return {
        "time": f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}",
        "system_event": market.last_system_event,
        "messages": len(market.publisher),
        "halted": [one.symbol for one in market.directory.listings.values() if one.trading_state != "T"],
        "received": sum(entry.account.counters.received for entry in venue.entries),
        "logins": len(venue.entries),
        "last_match": market.engine.last_match,
    }
