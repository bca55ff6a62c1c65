"""One account of an agent: enters orders into the market and keeps track of them and of what traded."""

# ruff: noqa: ARG002 - a sink is told more than it needs

from __future__ import annotations

from collections.abc import Callable

from exchange.book import Book
from exchange.market import Market
from exchange.orders import Order, Party, limit_order
from exchange.participant import Participant


class AgentAccount(Participant):
    """``firm`` is its code (4 characters at most), ``party`` what self-match prevention knows it by.

    ``orders``, ``matches`` (shares by match number) and ``filled`` are of the present episode; ``position`` (shares,
    negative when short) is of the day. ``on_fill`` is called within the trade with its time, ``on_close`` at the end of
    market hours.
    """

    def __init__(
        self,
        market: Market,
        firm: str,
        party: Party,
        on_fill: Callable[[int], None],
        on_close: Callable[[int], None],
    ) -> None:
        self.firm = firm
        self.party = party
        self.orders: list[int] = []
        self.matches: dict[int, int] = {}
        self.filled = 0
        self.position = 0
        self.resting: dict[int, Order] = {}
        self._market = market
        self._on_fill = on_fill
        self._on_close = on_close
        self.owner = market.join(self)

    def begin(self) -> None:
        """Begin an episode."""
        self.orders, self.matches, self.filled = [], {}, 0

    def enter(
        self, book: Book, buy: bool, shares: int, price: int, now: int, ioc: bool = False, prevention: int = 0
    ) -> Order:
        """Enter a limit order; ``prevention``: code of a self-match prevention (OUCH 5.0 §5.7), 0 = none."""
        order = self._order(book, buy, shares, price)
        order.ioc = ioc
        order.aiq = prevention
        if not self._market.enter(order, now):
            self.orders.remove(order.ref)
        return order

    def cancel(self, order: Order, now: int) -> None:
        """Take an order off; one that is done stays as it is."""
        self._market.cancel(order, 0, now)

    def move(self, order: Order, price: int, now: int) -> Order:
        """Replace what is open of an order at another price; returns the new order, or the old one if it was done."""
        new = self._order(order.book, order.buy, order.open_shares(), price)
        if self._market.replace(order, new, now):
            return new
        self.orders.remove(new.ref)
        return order

    def cancel_all(self, now: int) -> None:
        """Take all orders off, oldest first."""
        for order in list(self.resting.values()):
            self.cancel(order, now)

    def rested(self, order: Order, replaces: int) -> None:
        """It stands on the book."""
        self.resting[order.ref] = order

    def executed(self, maker: Order, taker: Order, shares: int, price: int, match: int) -> None:
        """A trade: of one order or, with oneself, of two."""
        self.matches[match] = shares
        self.filled += shares
        for order in (maker, taker):
            if order.owner == self.owner:
                self.position += shares if order.buy else -shares
                self._check(order)
        self._on_fill(self._market.engine.now)

    def auctioned(self, order: Order, shares: int, shown: int, price: int, match: int, cross: int) -> None:
        """A part in a cross."""
        self.matches[match] = shares
        self.filled += shares
        self.position += shares if order.buy else -shares
        self._check(order)
        self._on_fill(self._market.engine.now)

    def cancelled(self, order: Order, shares: int, shown: int, reason: str) -> None:
        """Something is off it."""
        self._check(order)

    def prevented(
        self,
        order: Order,
        maker: Order,
        taker: Order,
        decrement: int,
        shown: int,
        shares: int,
        price: int,
        strategy: int,
    ) -> None:
        """Something is off it."""
        self._check(order)

    def replaced(self, old: Order, new: Order, withdrawn: bool) -> None:
        """The old one is gone; the new one may have taken its place already."""
        self.resting.pop(old.ref, None)
        if new.level is not None:
            self.resting[new.ref] = new

    def on_system_event(self, code: str, now: int) -> None:
        """The end of market hours is the end of what an agent does."""
        if code == "M":
            self._on_close(now)

    def _order(self, book: Book, buy: bool, shares: int, price: int) -> Order:
        order = limit_order(book, buy, shares, price, self._market.engine.next_reference(), self.owner)
        order.party = self.party
        self.orders.append(order.ref)
        return order

    def _check(self, order: Order) -> None:
        if not order.open_shares():
            self.resting.pop(order.ref, None)
