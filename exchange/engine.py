"""The matching engine: price-time priority, sans-I/O, deterministic.

Every operation takes the time (ns since midnight) and returns its events in the order they happened. The engine reads
no clock, draws no random number and touches no socket: the same operations give the same events.
"""

from __future__ import annotations

from exchange.book import Book
from exchange.events import (
    CANCEL_IOC,
    CANCEL_POST_ONLY,
    CANCEL_USER,
    Accepted,
    Cancelled,
    Event,
    Executed,
    Modified,
    Reject,
    Rejected,
    Replaced,
    Rested,
)
from exchange.orders import FIRST_REFERENCE, Order

# ITCH 5.0 §4.1: the highest price the feed can show, $200,000; OUCH clients are held to less by the gateway.
MAX_PRICE = 2_000_000_000
# Replayed files hold orders above OUCH's 999,999 shares; the field in ITCH is u32.
MAX_SHARES = 0xFFFF_FFFF


class Engine:
    """All books and all resting orders of one venue.

    ``open`` is False when entry is closed: new orders and replaces are rejected, cancels still work.
    """

    def __init__(self) -> None:
        self.books: dict[str, Book] = {}
        self.orders: dict[int, Order] = {}
        self.open: bool = True
        self._last_reference: int = FIRST_REFERENCE - 1
        self._last_match: int = FIRST_REFERENCE - 1

    def add_symbol(self, symbol: str, locate: int) -> Book:
        """Make a symbol tradable under a stock locate."""
        book = self.books[symbol] = Book(symbol, locate)
        return book

    def next_reference(self) -> int:
        """A new day-unique order reference number."""
        self._last_reference += 1
        return self._last_reference

    def reserve_references(self, highest: int) -> None:
        """Assign only references above ``highest`` from now on (a replayed file uses those up to it)."""
        self._last_reference = max(self._last_reference, highest)

    def enter(self, order: Order, now: int) -> list[Event]:
        """Accept an order, match it, and rest or cancel what is left of it."""
        reason = self._refusal(order)
        if reason is not None:
            return [Rejected(now, order, reason)]
        events: list[Event] = [Accepted(now, order, order.shares)]
        self._work(order, 0, now, events)
        return events

    def cancel(self, ref: int, keep: int, now: int, reason: str = CANCEL_USER) -> list[Event]:
        """Leave at most ``keep`` open shares of a resting order; the place in the queue stays.

        An unknown reference, or nothing to take off, gives no event.
        """
        order = self.orders.get(ref)
        if order is None or keep >= order.shares:
            return []
        taken = self._reduce(order, keep)
        return [Cancelled(now, order, taken, order.shares, reason, order.displayed)]

    def modify(self, ref: int, keep: int, now: int) -> list[Event]:
        """Like a partial cancel, but reported as a modify; ``keep`` must be above 0. Increases are ignored."""
        order = self.orders.get(ref)
        if order is None or keep <= 0:
            return []
        taken = self._reduce(order, keep) if keep < order.shares else 0
        return [Modified(now, order, taken, order.shares, order.displayed)]

    def replace(self, ref: int, new: Order, now: int) -> list[Event]:
        """Take the order ``ref`` off and enter ``new`` in its place, at the back of its queue.

        ``new`` inherits the executed shares of the chain. A reference that does not rest gives no event; a new order
        that would be refused leaves the old one as it was and gives Rejected.
        """
        old = self.orders.get(ref)
        if old is None:
            return []
        reason = self._refusal(new)
        if reason is not None:
            return [Rejected(now, new, reason)]
        new.executed = old.executed
        self._remove(old)
        old.shares = 0
        takes_over = self._takes_over(old, new)
        events: list[Event] = [Replaced(now, old, new, new.shares, old.displayed and not takes_over)]
        self._work(new, old.ref if takes_over else 0, now, events)
        return events

    def _refusal(self, order: Order) -> Reject | None:
        if not self.open:
            return Reject.CLOSED
        if order.symbol not in self.books:
            return Reject.INVALID_SYMBOL
        if not 0 < order.shares <= MAX_SHARES:
            return Reject.INVALID_QUANTITY
        if not 0 < order.price <= MAX_PRICE:
            return Reject.INVALID_PRICE
        return None

    def _takes_over(self, old: Order, new: Order) -> bool:
        """Whether the feed may show the replace as one `U`: both displayed alike, and the new one rests whole."""
        if not (old.displayed and new.displayed and old.attribution == new.attribution):
            return False
        return not new.ioc and not self._crosses(new)

    def _crosses(self, order: Order) -> bool:
        level = self.books[order.symbol].side(not order.buy).best()
        if level is None:
            return False
        return level.price <= order.price if order.buy else level.price >= order.price

    def _work(self, order: Order, replaces: int, now: int, events: list[Event]) -> None:
        if order.post_only and self._crosses(order):
            self._drop(order, CANCEL_POST_ONLY, now, events)
            return
        self._match(order, now, events)
        if not order.shares:
            return
        if order.ioc:
            self._drop(order, CANCEL_IOC, now, events)
            return
        self.books[order.symbol].side(order.buy).add(order)
        self.orders[order.ref] = order
        events.append(Rested(now, order, order.shares, replaces))

    def _match(self, taker: Order, now: int, events: list[Event]) -> None:
        side = self.books[taker.symbol].side(not taker.buy)
        while taker.shares and self._crosses(taker):
            level = side.best()
            maker = level.first() if level is not None else None
            assert maker is not None, f"empty level in the book of {taker.symbol}"
            shares = min(taker.shares, maker.shares)
            taker.shares -= shares
            taker.executed += shares
            maker.executed += shares
            self._reduce(maker, maker.shares - shares)
            self._last_match += 1
            events.append(Executed(now, maker, taker, shares, maker.price, self._last_match, maker.shares))

    def _drop(self, order: Order, reason: str, now: int, events: list[Event]) -> None:
        shares = order.shares
        order.shares = 0
        events.append(Cancelled(now, order, shares, 0, reason, False))

    def _reduce(self, order: Order, keep: int) -> int:
        """Set a resting order's open shares to ``keep``; returns the shares taken off."""
        taken = order.shares - keep
        if keep == 0:
            self._remove(order)
            order.shares = 0
            return taken
        if order.displayed:
            level = order.level
            assert level is not None, f"{order!r} does not rest on a book"
            level.shares -= taken
        order.shares = keep
        return taken

    def _remove(self, order: Order) -> None:
        del self.orders[order.ref]
        self.books[order.symbol].side(order.buy).remove(order)
