"""An alert: what a rule found, with the evidence as it was at that moment."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from typing import Any, Final

from store.surveillance.events import LIMIT, Event, OrderEvent, Quote, Trade, can_be_written, is_sound

OPEN: Final = "open"
CLOSED: Final = "closed"
ESCALATED: Final = "escalated"
DISPOSITIONS: Final = (CLOSED, ESCALATED)
MAX_REFS: Final = 512


@dataclass(slots=True)
class Evidence:
    """The owner's order events around the alert, and the symbol's quotes and trades, oldest first."""

    orders: list[OrderEvent] = field(default_factory=list)
    quotes: list[Quote] = field(default_factory=list)
    trades: list[Trade] = field(default_factory=list)


@dataclass(slots=True)
class Alert:
    """``t``: time of the decisive event, ``last`` of the latest one that says the same; ``repeats`` counts those.

    ``id`` follows from rule, owner, symbol, time and first order: the same events give the same ids.
    """

    id: str
    rule: str
    severity: str
    t: int
    last: int
    owner: str
    accounts: list[str]
    symbol: str
    text: str
    repeats: int = 0
    refs: list[int] = field(default_factory=list)
    matches: list[int] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)
    evidence: Evidence = field(default_factory=Evidence)

    def extend(self, t: int, refs: list[int], matches: list[int]) -> None:
        """The same thing goes on."""
        self.last = t
        self.repeats += 1
        for mine, more in ((self.refs, refs), (self.matches, matches)):
            known = set(mine)
            mine.extend(one for one in more[: max(0, MAX_REFS - len(mine))] if one not in known)

    def as_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        row = {name: getattr(self, name) for name in self.__slots__ if name != "evidence"}
        row["evidence"] = {
            "orders": [one._asdict() for one in self.evidence.orders],
            "quotes": [one._asdict() for one in self.evidence.quotes],
            "trades": [one._asdict() for one in self.evidence.trades],
        }
        return row

    @classmethod
    def from_json(cls, row: dict[str, Any]) -> Alert:
        """The alert of such data. Raises ValueError, TypeError, KeyError for anything else."""
        given = dict(row["evidence"])
        evidence = Evidence(
            [OrderEvent(**one) for one in given["orders"]],
            [Quote(**one) for one in given["quotes"]],
            [Trade(**one) for one in given["trades"]],
        )
        alert = cls(**(row | {"evidence": evidence}))
        for name, kind in _FIELDS.items():
            if not _is(getattr(alert, name), kind):
                raise ValueError(f"{name} = {getattr(alert, name)!r}")
        if re.fullmatch(r"[0-9a-f]{10}", alert.id) is None:  # pages are called by it
            raise ValueError(f"id = {alert.id!r}")
        events: list[Event] = [*evidence.orders, *evidence.quotes, *evidence.trades]
        for event in events:
            if not is_sound(event):
                raise ValueError(f"evidence {event!r}")
        return alert


_FIELDS: Final = {
    **dict.fromkeys(("id", "rule", "severity", "owner", "symbol", "text"), "text"),
    **dict.fromkeys(("t", "last", "repeats"), "number"),
    "accounts": "texts",
    "refs": "numbers",
    "matches": "numbers",
    "figures": "figures",
}


def _is(value: Any, kind: str) -> bool:
    """Whether a value that was read is what a field of an alert has."""
    if kind == "text":
        return type(value) is str and can_be_written(value)
    if kind == "number":
        return type(value) is int and 0 <= value < LIMIT
    if kind == "figures":
        return type(value) is dict and all(type(one) in (str, int, float) for one in value.values())
    return type(value) is list and all(_is(one, kind.removesuffix("s")) for one in value)


def identity(rule: str, owner: str, symbol: str, t: int, refs: list[int]) -> str:
    """Ten characters that tell an alert."""
    text = "\0".join((rule, owner, symbol, str(t), str(refs[0] if refs else 0)))
    return hashlib.blake2b(text.encode(), digest_size=5).hexdigest()
