"""The oracle's matching: what becomes of one order that comes in (docs/matching.md, rules 2 to 15).

As naive as possible, written from the rules without the engine. Numbers in parentheses are the rules.
"""

from collections import Counter
from collections.abc import Iterable

from tests.exchange.oracle_book import (
    DECREMENT,
    MODE,
    NEWEST,
    OLDEST,
    Entry,
    PlainBook,
    PlainOrder,
    strategy_between,
    working_price,
)
from tests.exchange.recorder import Cancelled, Event, Executed, Prevented, Restated, Rested

FIRST = 1 << 32
"""The first reference and the first match number."""


class PlainMatcher:
    """Books, counters and events of one venue. ``hits`` counts the special paths of the rules that were taken."""

    def __init__(self, symbols: Iterable[str]) -> None:
        self.events: list[Event] = []
        self.hits: Counter[str | tuple[str, ...]] = Counter()
        self.books = {symbol: PlainBook(hits=self.hits) for symbol in symbols}
        self.last_reference = FIRST - 1
        self.last_match = FIRST - 1
        self._arrival = 0

    def take(self) -> list[Event]:
        """The events since the last call."""
        events, self.events = self.events, []
        return events

    def next_reference(self) -> int:
        self.last_reference += 1
        return self.last_reference

    def _price(self, order: PlainOrder, shares: int) -> None:
        book = self.books[order.symbol]
        order.loose = shares
        order.price = working_price(book, order)
        if order.midpoint:
            order.placed_at = book.midpoint_twice()
            if order not in book.midpoints:
                book.midpoints.append(order)
            self.hits["midpoint" if order.price else "parked"] += 1

    def _go_on(self, order: PlainOrder, replaces: int) -> None:
        """(7 and 8)"""
        book = self.books[order.symbol]
        if not book.quoting and order.price:
            if order.post_only and book.maker_for(order):
                self._drop(order, "G")
            elif order.min_quantity and book.could_trade(order) < order.min_quantity:
                self.hits["minimum not met"] += 1
            else:
                self._match_all(order)
        if not order.loose:
            return
        if order.ioc:
            self._drop(order, "I")
        elif order.midpoint:
            if order.price:
                self._rest(order)
        elif order.price <= 0:
            self._drop(order, "I")
            self.hits["priced away"] += 1
        else:
            self._rest(order)
            standing = order.entries[0]
            self.events.append(Rested(order.ref, order.shown_ref, replaces, standing.shares, order.open, order.price))

    def _drop(self, order: PlainOrder, reason: str) -> None:
        shares, order.loose = order.loose, 0
        self.hits[f"dropped {reason}"] += 1
        self.events.append(Cancelled(order.ref, shares, 0, reason, 0))

    def _rest(self, order: PlainOrder) -> None:
        """(9)"""
        shares, order.loose = order.loose, 0
        hidden = not order.displayed
        if order.is_reserve and shares > order.max_floor:
            self._stand(order, order.max_floor, hidden=False, reserve=False)
            self._stand(order, shares - order.max_floor, hidden=True, reserve=True)
        else:
            self._stand(order, shares, hidden=hidden, reserve=False)

    def _stand(self, order: PlainOrder, shares: int, *, hidden: bool, reserve: bool) -> None:
        self._arrival += 1
        entry = Entry(order, shares, order.price, hidden, reserve, self._arrival)
        order.entries.append(entry)
        self.books[order.symbol].side(order.buy).append(entry)

    def _match_all(self, taker: PlainOrder) -> None:
        """(10 to 14)"""
        book = self.books[taker.symbol]
        used_up: list[PlainOrder] = []
        while taker.loose and (maker := book.maker_for(taker)):
            shares = min(taker.loose, maker.shares)
            if code := strategy_between(maker.order, taker):
                self._prevent(maker, taker, shares, code)
            else:
                self._trade(maker, taker, shares)
            if maker.shares == 0 and not maker.hidden:
                used_up.append(maker.order)
        for order in used_up:
            self._refresh(order)

    def _trade(self, maker: Entry, taker: PlainOrder, shares: int) -> None:
        """(12)"""
        order = maker.order
        self._take(maker, shares)
        taker.loose -= shares
        order.executed += shares
        taker.executed += shares
        self.last_match += 1
        self.hits[_kind_of(maker)] += 1
        self.events.append(
            Executed(
                order.ref,
                order.shown_ref,
                maker.reserve,
                taker.ref,
                shares,
                maker.price,
                self.last_match,
                maker.shares,
                order.open,
                taker.loose,
                order.executed,
                taker.executed,
            )
        )

    def _prevent(self, maker: Entry, taker: PlainOrder, shares: int, code: str) -> None:
        """(14)"""
        order, mode = maker.order, MODE[code]
        self._count_prevention(maker, taker, code)
        if mode == OLDEST:
            taken, shown = self._take_off(order, 0)
            maker.shares = 0
            self.events.append(Prevented(order.ref, taken, shown, shares, maker.price, code, 0))
        elif mode == NEWEST:
            taken, taker.loose = taker.loose, 0
            self.events.append(Prevented(taker.ref, taken, 0, shares, maker.price, code, 0))
        else:
            self._take(maker, shares)
            taker.loose -= shares
            shown = 0 if maker.hidden else shares
            for one, off in ((order, shown), (taker, 0)):
                self.events.append(
                    Prevented(one.ref, shares, off, shares, maker.price, code, one.open)
                    if mode == DECREMENT
                    else Cancelled(one.ref, shares, off, "Q", one.open)
                )

    def _refresh(self, order: PlainOrder) -> None:
        """(13)"""
        if not order.open:
            return
        reserve = order.entries[0]
        shares = min(order.max_floor, reserve.shares)
        self._take(reserve, shares)
        self._stand(order, shares, hidden=False, reserve=False)
        order.entries.sort(key=lambda entry: entry.reserve)
        order.shown_ref = self.next_reference()
        self.hits["refreshed"] += 1
        self.events.append(Restated(order.ref, order.shown_ref, shares, order.open, order.price))

    def _take(self, entry: Entry, shares: int) -> None:
        entry.shares -= shares
        if not entry.shares:
            entry.order.entries.remove(entry)
            self.books[entry.order.symbol].side(entry.order.buy).remove(entry)

    def _take_off(self, order: PlainOrder, keep: int) -> tuple[int, int]:
        """(15) The shares taken off, and those of them that were displayed."""
        before, shown = order.open, order.shown
        if keep and len(order.entries) == 2:
            self.hits["reserve cut" if keep >= shown else "display cut"] += 1
        order.loose = min(order.loose, keep)
        for entry in reversed(order.entries.copy()):
            self._take(entry, min(entry.shares, max(0, order.open - keep)))
        return before - order.open, shown - order.shown

    def _count_prevention(self, maker: Entry, taker: PlainOrder, code: str) -> None:
        kind = "reserve" if maker.order.is_reserve else "plain"
        self.hits[MODE[code], kind, "chain" if maker.order.chained or taker.chained else "new"] += 1
        self.hits["code", code] += 1
        self.hits["decided by the " + ("maker" if maker.order.aiq == code else "taker")] += 1


def _kind_of(maker: Entry) -> str:
    if maker.reserve:
        return "traded with a reserve"
    if maker.order.midpoint:
        return "traded with a midpoint order"
    return "traded with a hidden order" if maker.hidden else "traded with a displayed order"
