"""Does everything add up? The trader's record against the exchange's, order by order and share by share.

Pure functions: records and books in, a list of named differences out; empty means reconciled. The trader's record is
the office's copy of the journal, the exchange's its own order log; books are compared level by level. Both records
follow one TCP connection, so each direction's messages must be the same bytes in the same order.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qemu.ledger import Entry, Ledger, Order, Way, build

Book = Mapping[str, Sequence[Sequence[int]]]
"""`{"bids": [[price4, shares, orders], …], "asks": […]}`, best first."""


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that does not add up: its name, which order or symbol it concerns, and both sides' figures."""

    name: str
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.name}: {self.subject}: {self.detail}"


@dataclass(frozen=True, slots=True)
class Claims:
    """What the trader says of itself in its final statistics."""

    sent: int
    accepted: int
    rejected: int
    executed_shares: int
    cancelled: int
    position: Mapping[str, int]


def reconcile(journal: Iterable[Entry], log: Iterable[Entry]) -> list[Difference]:
    """Compare the trader's journal with the exchange's order log of the same login."""
    journal, log = list(journal), list(log)
    trader, exchange = build(journal), build(log)
    differences = [*_undecodable("the trader", trader), *_undecodable("the exchange", exchange)]
    for key in sorted(set(trader.messages) | set(exchange.messages), key=lambda item: (item[0], item[1].value)):
        differences += _messages(key, trader.messages.get(key, []), exchange.messages.get(key, []))
    for reference in sorted(set(trader.orders) | set(exchange.orders)):
        differences += _orders(reference, trader.orders.get(reference), exchange.orders.get(reference))
    for way in Way:
        differences += _order_of_messages(way, journal, log)
    return differences


def reconcile_claims(claims: Claims, log: Iterable[Entry]) -> list[Difference]:
    """Compare the trader's own totals with what the exchange's log says."""
    exchange = build(log)
    counts = exchange.counts
    received = sum(count for (way, _), count in counts.items() if way is Way.TO_EXCHANGE)
    accepted = sum(counts.get((Way.FROM_EXCHANGE, kind), 0) for kind in "AU")
    executed = sum(order.executed for order in exchange.orders.values())
    cancelled = sum(order.cancelled for order in exchange.orders.values())
    pairs = (
        ("messages sent", claims.sent, received),
        ("orders accepted", claims.accepted, accepted),
        ("orders rejected", claims.rejected, counts.get((Way.FROM_EXCHANGE, "J"), 0)),
        ("shares executed", claims.executed_shares, executed),
        ("shares cancelled", claims.cancelled, cancelled),
    )
    differences = [
        Difference("total", what, f"the trader says {ours}, the exchange's log says {theirs}")
        for what, ours, theirs in pairs
        if ours != theirs
    ]
    position = exchange.position()
    for symbol in sorted(set(position) | set(claims.position)):
        ours, theirs = claims.position.get(symbol, 0), position.get(symbol, 0)
        if ours != theirs:
            text = f"the trader says {ours} shares, the exchange's executions give {theirs}"
            differences.append(Difference("position", symbol, text))
    return differences


def reconcile_books(trader: Mapping[str, Book], exchange: Mapping[str, Book]) -> list[Difference]:
    """Compare books by symbol, level by level; a missing book counts as an empty one."""
    differences = []
    for symbol in sorted(set(trader) | set(exchange)):
        for side in ("bids", "asks"):
            ours = [tuple(level) for level in trader.get(symbol, {}).get(side, ())]
            theirs = [tuple(level) for level in exchange.get(symbol, {}).get(side, ())]
            differences += _levels(symbol, side, ours, theirs)
    return differences


def journal_entries(records: Iterable[Mapping[str, Any]]) -> list[Entry]:
    """Entries of the office's journal copy, in the order of their numbers."""
    ways = {"out": Way.TO_EXCHANGE, "in": Way.FROM_EXCHANGE}
    ordered = sorted(records, key=lambda record: int(record["n"]))
    return [Entry(ways[record["dir"]], record["hex"]) for record in ordered]


def log_entries(records: Iterable[Mapping[str, Any]], login: str) -> list[Entry]:
    """Entries of one login in the exchange's order log; there "in" is what the client sent."""
    ways = {"in": Way.TO_EXCHANGE, "out": Way.FROM_EXCHANGE}
    return [Entry(ways[record["dir"]], record["hex"]) for record in records if record["login"] == login]


def _undecodable(owner: str, ledger: Ledger) -> list[Difference]:
    found = [
        Difference("undecodable", f"{owner}'s record", f"{entry.hex} ({entry.way.value}): {reason}")
        for entry, reason in ledger.undecodable
    ]
    found += [
        Difference("execution repeated", f"order {order}", f"{owner} has match {match} twice")
        for order, match in ledger.repeated_matches
    ]
    return found


def _messages(key: tuple[int, Way], ours: list[str], theirs: list[str]) -> list[Difference]:
    """Messages of one order in one direction: each on both sides, as often."""
    reference, way = key
    subject = f"order {reference}" if reference else "session"
    missing = Counter(ours) - Counter(theirs)
    extra = Counter(theirs) - Counter(ours)
    lost, invented = (
        ("not received", "not sent") if way is Way.TO_EXCHANGE else ("answer not sent", "answer not received")
    )
    found = [Difference(lost, subject, f"only the trader has {text}") for text in missing.elements()]
    return found + [Difference(invented, subject, f"only the exchange has {text}") for text in extra.elements()]


def _order_of_messages(way: Way, journal: Sequence[Entry], log: Sequence[Entry]) -> list[Difference]:
    """The messages of one direction that both sides have, in the same order over all."""
    ours, theirs = ([entry.hex.lower() for entry in record if entry.way is way] for record in (journal, log))
    ours, theirs = _common(ours, theirs), _common(theirs, ours)
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=True), 1):
        if mine != other:
            text = f"message {number} that both have is {mine} for the trader, {other} for the exchange"
            return [Difference("message order", way.value, text)]
    return []


def _common(texts: list[str], others: list[str]) -> list[str]:
    """The texts that the others have too, each at most as often, in their own order."""
    left = Counter(others)
    kept = []
    for text in texts:
        if left[text] > 0:
            left[text] -= 1
            kept.append(text)
    return kept


def _orders(reference: int, ours: Order | None, theirs: Order | None) -> list[Difference]:
    """One order's facts on both sides."""
    subject = f"order {reference}"
    if ours is None or theirs is None:
        owner = "exchange" if ours is None else "trader"
        return [Difference("order", subject, f"only the {owner} knows it")]
    found = []
    for match in sorted(set(ours.executions) | set(theirs.executions)):
        mine, other = ours.executions.get(match), theirs.executions.get(match)
        if mine != other:
            text = f"match {match}: the trader has {_execution(mine)}, the exchange {_execution(other)}"
            found.append(Difference("execution", subject, text))
    for what in ("symbol", "side", "price", "left", "cancelled", "state"):
        mine, other = getattr(ours, what), getattr(theirs, what)
        if mine != other:
            found.append(Difference(what, subject, f"the trader has {_text(mine)}, the exchange {_text(other)}"))
    return found


def _levels(symbol: str, side: str, ours: list[tuple[int, ...]], theirs: list[tuple[int, ...]]) -> list[Difference]:
    found = []
    for depth in range(max(len(ours), len(theirs))):
        mine = ours[depth] if depth < len(ours) else None
        other = theirs[depth] if depth < len(theirs) else None
        if mine != other:
            text = f"level {depth + 1}: the trader has {mine}, the exchange {other} (price4, shares, orders)"
            found.append(Difference("book", f"{symbol} {side}", text))
    return found


def _execution(value: tuple[int, int] | None) -> str:
    return "none" if value is None else f"{value[0]} shares at {value[1]} price4"


def _text(value: object) -> str:
    return str(getattr(value, "value", value))
