"""The firm's own trading out of the store, as events: its strategies are the accounts, the firm owns them all.

All times are the exchange's, ns since midnight: own order messages carry them, quotes and trades have that of the feed
event that they come from.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from protocols.ouch50_codes import REMOVED_FLAGS
from store.surveillance.events import ENTERED, EXECUTED, REDUCED, REJECTED, REPLACED, Event, OrderEvent, Quote, Trade

if TYPE_CHECKING:
    import polars as pl

    from store.client import Store

OWNER: Final = "firm"
# Event names of the store's table `orders`, those that change an order.
_EVENTS: Final = {
    "accepted": ENTERED,
    "replaced": REPLACED,
    "executed": EXECUTED,
    "cancelled": REDUCED,
    "prevented": REDUCED,
    "rejected": REJECTED,
}
_SELF_MATCH: Final = "Q"
_SALES: Final = ("S", "T", "E")

_ORDERS: Final = """
SELECT o.venue, o.number, o.event, o.reference, o.replaces, o.symbol, o.side, o.price, o.shares, o.strategy, o.reason,
       o.exchange_ns, o.match, e.liquidity
FROM hftos.orders o LEFT JOIN hftos.executions e ON e.run = o.run AND e.number = o.number
WHERE o.run = {run:String} AND o.exchange_ns > 0 ORDER BY o.exchange_ns, o.number
"""
_QUOTES: Final = """
SELECT e.exchange_ns AS exchange_ns, q.symbol AS symbol, q.bid AS bid, q.bid_shares AS bid_shares, q.ask AS ask,
       q.ask_shares AS ask_shares
FROM hftos.quotes q JOIN hftos.l3_events e ON e.run = q.run AND e.venue = q.venue AND e.sequence = q.sequence
WHERE q.run = {run:String} AND q.venue = 0 ORDER BY exchange_ns, q.sequence
"""
_TRADES: Final = """
SELECT e.exchange_ns AS exchange_ns, t.symbol AS symbol, t.price AS price, t.shares AS shares, t.match AS match
FROM hftos.trades t JOIN hftos.l3_events e ON e.run = t.run AND e.venue = t.venue AND e.sequence = t.sequence
WHERE t.run = {run:String} ORDER BY exchange_ns, t.sequence
"""


def events(store: Store, run: str) -> Iterator[Event]:
    """A run's events in the order of the exchange's time; of one moment, orders before trades before quotes."""
    parameters = {"run": run}
    return merge(store.frame(_ORDERS, parameters), store.frame(_QUOTES, parameters), store.frame(_TRADES, parameters))


def merge(orders: pl.DataFrame, quotes: pl.DataFrame, trades: pl.DataFrame) -> Iterator[Event]:
    """The same from frames with the columns of the queries, each in the order of time."""
    streams: list[Iterator[Event]] = [
        (event for row in orders.iter_rows(named=True) if (event := _order(row)) is not None),
        (Trade(*row) for row in trades.iter_rows()),
        (Quote(*row) for row in quotes.iter_rows()),
    ]
    return heapq.merge(*streams, key=lambda event: event.t)


def _order(row: dict[str, Any]) -> OrderEvent | None:
    event = _EVENTS.get(row["event"])
    if event is None:
        return None
    return OrderEvent(
        t=row["exchange_ns"],
        event=event,
        venue=str(row["venue"]),
        symbol=row["symbol"],
        account=row["strategy"] or "?",
        owner=OWNER,
        ref=row["reference"],
        # OUCH has short sales as sides of their own.
        side="S" if row["side"] in _SALES else row["side"],
        price=row["price"],
        shares=row["shares"],
        match=row["match"],
        replaces=row["replaces"],
        aggressive=row["liquidity"] in REMOVED_FLAGS,
        reason=_SELF_MATCH if row["event"] == "prevented" else row["reason"] or "U",
    )
