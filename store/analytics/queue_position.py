"""Where own orders stood in the queue of their price level, from the order-by-order events.

Shares ahead: displayed shares at the order's venue, side and price that were there before it (Nasdaq Rule 4757:
price, display, time). At entry, just behind the order's own add message; at its first execution, just before it; at
its end, just before what ended it. Only displayed orders are on the feed, so hidden ones are not counted, and an order
that was never displayed (executed or dead at once) has no place in a queue. It needs the order's reference on the feed:
the order's own row has it, else a maker's execution tells it by the match number.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

import polars as pl

from store.analytics.executions import ORDER

ADDS: Final = frozenset("AF")
EXECUTIONS: Final = frozenset("EC")
SCHEMA: Final = {
    "venue": pl.String,
    "order_ref": pl.Int64,
    "ahead_at_entry": pl.Int64,
    "orders_ahead": pl.Int64,
    "ahead_at_fill": pl.Int64,
    "behind_at_fill": pl.Int64,
    "ahead_at_end": pl.Int64,
}


class _Resting:
    """An order in the book: its level, shares that remain, and its place in time."""

    __slots__ = ("level", "place", "shares")

    def __init__(self, level: "_Level", shares: int, place: int) -> None:
        self.level = level
        self.shares = shares
        self.place = place


class _Level:
    """A price level: displayed shares and orders, and the own orders in it."""

    __slots__ = ("orders", "own", "shares")

    def __init__(self) -> None:
        self.shares = 0
        self.orders = 0
        self.own: list[_Own] = []


class _Own:
    """An own order: what is ahead of it now, and what was."""

    __slots__ = ("ahead", "ahead_at_end", "ahead_at_fill", "behind_at_fill", "entry", "order_ref", "orders", "place")

    def __init__(self, order_ref: int, place: int, level: _Level) -> None:
        self.order_ref = order_ref
        self.place = place
        self.ahead = self.entry = level.shares
        self.orders = level.orders
        self.ahead_at_fill: int | None = None
        self.behind_at_fill: int | None = None
        self.ahead_at_end: int | None = None


class Event(NamedTuple):
    """A row of `l3_events`, less what is not needed."""

    event: str
    order_ref: int
    new_ref: int
    side: str
    price: int
    shares: int
    symbol: str


class Queues:
    """One venue's books, order by order, as far as queues need them. Unknown references are left out."""

    def __init__(self, own: frozenset[int]) -> None:
        self._own = own
        self._orders: dict[int, _Resting] = {}
        self._sides: dict[int, tuple[str, str]] = {}
        self._levels: dict[tuple[str, str, int], _Level] = {}
        self._found: dict[int, _Own] = {}
        self._place = 0

    def apply(self, row: Event) -> None:
        """Take the next event of the feed."""
        if row.event in ADDS:
            self._add(row.order_ref, row.symbol, row.side, row.price, row.shares)
        elif row.event in EXECUTIONS:
            self._take(row.order_ref, row.shares, executed=True)
        elif row.event == "X":
            self._take(row.order_ref, row.shares, executed=False)
        elif row.event in ("D", "U"):
            symbol, side = self._sides.get(row.order_ref, ("", ""))
            self._take(row.order_ref, None, executed=False)
            if row.event == "U" and symbol:
                self._add(row.new_ref, symbol, side, row.price, row.shares)

    def found(self) -> Iterator[tuple[int, int, int, int | None, int | None, int | None]]:
        """Own orders: a row of `SCHEMA` each, less the venue."""
        for own in self._found.values():
            yield own.order_ref, own.entry, own.orders, own.ahead_at_fill, own.behind_at_fill, own.ahead_at_end

    def _add(self, ref: int, symbol: str, side: str, price: int, shares: int) -> None:
        if ref in self._orders:
            return
        level = self._levels.setdefault((symbol, side, price), _Level())
        self._place += 1
        if ref in self._own:
            self._found[ref] = own = _Own(ref, self._place, level)
            level.own.append(own)
        self._orders[ref] = _Resting(level, shares, self._place)
        self._sides[ref] = (symbol, side)
        level.shares += shares
        level.orders += 1

    def _take(self, ref: int, shares: int | None, *, executed: bool) -> None:
        """Take shares off an order; None: all that remain."""
        order = self._orders.get(ref)
        if order is None:
            return
        level = order.level
        taken = order.shares if shares is None else min(shares, order.shares)
        if level.own:
            self._note(level, order, taken, ref, executed=executed)
        order.shares -= taken
        level.shares -= taken
        if not order.shares:
            level.orders -= 1
            del self._orders[ref]
            del self._sides[ref]

    def _note(self, level: _Level, order: _Resting, taken: int, ref: int, *, executed: bool) -> None:
        gone = taken == order.shares
        for own in level.own:
            if own.order_ref != ref:
                own.ahead -= taken if order.place < own.place else 0
                continue
            if executed and own.ahead_at_fill is None:
                own.ahead_at_fill = own.ahead
                own.behind_at_fill = level.shares - own.ahead - order.shares
            if gone:
                own.ahead_at_end = own.ahead
        if gone:
            level.own = [own for own in level.own if own.order_ref != ref]


def references(orders: pl.DataFrame, executions: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """login, venue, reference, order_ref of own orders that the feed has shown."""
    told = orders.filter(pl.col("order_ref") > 0).select(*ORDER, "order_ref")
    makers = executions.filter((pl.col("role") == "added") & (pl.col("match") > 0)).select(*ORDER, "match")
    prints = events.filter(pl.col("event").is_in(list(EXECUTIONS))).select("venue", "match", "order_ref")
    by_match = makers.join(prints, on=["venue", "match"]).select(*ORDER, "order_ref")
    return pl.concat([told, by_match]).unique(ORDER, keep="first", maintain_order=True)


def queue_positions(orders: pl.DataFrame, executions: pl.DataFrame, events: pl.DataFrame) -> pl.DataFrame:
    """Own orders that were displayed: login, venue, reference and the columns of `SCHEMA`."""
    known = references(orders, executions, events)
    rows: list[tuple[object, ...]] = []
    for venue in sorted(set(known["venue"])):
        own = known.filter(pl.col("venue") == venue)
        symbols = orders.filter(pl.col("venue") == venue)["symbol"].unique()
        queues = Queues(frozenset(own["order_ref"]))
        there = events.filter(pl.col("venue") == venue)
        followed = there.filter(pl.col("symbol").is_in(symbols.implode()))
        columns = [followed[name].to_list() for name in Event._fields]
        for values in zip(*columns, strict=True):
            queues.apply(Event(*values))
        rows += [(venue, *found) for found in queues.found()]
    places = pl.DataFrame(rows, schema=SCHEMA, orient="row")
    return known.join(places, on=["venue", "order_ref"], how="inner", maintain_order="left")
