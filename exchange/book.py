"""Price levels and the two sides of a book, in price-time order.

At one price displayed orders stand before hidden ones, each kind first in, first out. Queues are linked through the
orders themselves, so that a cancel in the middle costs the same as one at the front.
"""

from __future__ import annotations

from collections.abc import Iterator

from exchange.orders import Order
from protocols.book_view import BookView

# Most activity is near the touch: so many levels are looked at one by one before the search is halved.
_NEAR = 4


class Queue:
    """Entries of one kind at one price, first in, first out."""

    def __init__(self) -> None:
        self.head: Order | None = None
        self.tail: Order | None = None

    def push(self, order: Order) -> None:
        """Put an entry at the back."""
        order.prev = self.tail
        order.next = None
        if self.tail is None:
            self.head = order
        else:
            self.tail.next = order
        self.tail = order

    def remove(self, order: Order) -> None:
        """Take an entry out, wherever it stands."""
        if order.prev is None:
            self.head = order.next
        else:
            order.prev.next = order.next
        if order.next is None:
            self.tail = order.prev
        else:
            order.next.prev = order.prev
        order.prev = None
        order.next = None

    def substitute(self, old: Order, new: Order) -> None:
        """Give an entry's place to another one."""
        new.prev, new.next = old.prev, old.next
        if old.prev is None:
            self.head = new
        else:
            old.prev.next = new
        if old.next is None:
            self.tail = new
        else:
            old.next.prev = new
        old.prev = None
        old.next = None

    def __iter__(self) -> Iterator[Order]:
        order = self.head
        while order is not None:
            yield order
            order = order.next


class Level(Queue):
    """All entries at one price: the queue of the displayed ones, and behind them that of the hidden ones.

    ``shares`` and ``orders`` count the displayed ones only.
    """

    def __init__(self) -> None:
        super().__init__()
        self.price = 0
        self.shares = 0
        self.orders = 0
        self.hidden: Queue | None = None

    def empty(self) -> bool:
        """Whether nothing stands here any more."""
        return self.head is None and (self.hidden is None or self.hidden.head is None)


class Side:
    """The buy or the sell side: its levels, the best one last."""

    def __init__(self, buy: bool) -> None:
        self.buy = buy
        self.levels: list[Level] = []

    def best(self) -> Level | None:
        """The level that trades first, hidden orders included; None when the side is empty."""
        return self.levels[len(self.levels) - 1] if self.levels else None

    def best_displayed(self) -> Level | None:
        """The best level that the feed shows."""
        i = len(self.levels) - 1
        while i >= 0:
            level = self.levels[i]
            if level.orders:
                return level
            i -= 1
        return None

    def position(self, price: int) -> int:
        """Where a price stands or would stand in ``levels``."""
        high = len(self.levels)
        near = high - _NEAR
        while high > 0 and high > near:
            level = self.levels[high - 1]
            if not self._better(level.price, price):
                break
            high -= 1
        low = 0
        if high > near:
            if high > 0:
                level = self.levels[high - 1]
                if level.price == price:
                    return high - 1
            return high
        while low < high:
            middle = (low + high) >> 1
            level = self.levels[middle]
            if self._better(price, level.price):
                low = middle + 1
            else:
                high = middle
        return low

    def add(self, order: Order) -> None:
        """Rest an entry at the back of its price."""
        level = self._level(order.price)
        order.level = level
        if order.displayed:
            level.push(order)
            level.shares += order.shares
            level.orders += 1
            return
        hidden = level.hidden
        if hidden is None:
            hidden = level.hidden = Queue()
        hidden.push(order)

    def remove(self, order: Order) -> None:
        """Take a resting entry off; an empty level disappears."""
        level = order.level
        assert level is not None, f"{order!r} does not rest on a book"
        order.level = None
        if order.displayed:
            level.remove(order)
            level.shares -= order.shares
            level.orders -= 1
        else:
            hidden = level.hidden
            assert hidden is not None, f"{order!r} stands in no queue"
            hidden.remove(order)
        if level.empty():
            self.levels.pop(self.position(level.price))

    def _better(self, price: int, other: int) -> bool:
        return price > other if self.buy else price < other

    def _level(self, price: int) -> Level:
        at = self.position(price)
        if at < len(self.levels):
            level = self.levels[at]
            if level.price == price:
                return level
        level = Level()
        level.price = price
        self.levels.insert(at, level)
        return level

    def __iter__(self) -> Iterator[Level]:
        """Levels, best first."""
        return reversed(self.levels)


class Book:
    """The book of one symbol, and how it may trade at present.

    ``halted``: nothing may be entered; ``quoting``: orders rest without matching, the book may cross itself.
    ``lower`` and ``upper`` are the price bands (price4), 0 = none. ``short_restricted``: Reg SHO Rule 201 is in effect.
    ``pegs`` are the live midpoint orders by reference, in the order of their entry.
    """

    def __init__(self, symbol: str, locate: int) -> None:
        self.symbol = symbol
        self.stock = symbol.encode("ascii").ljust(8)
        self.locate = locate
        self.bids = Side(buy=True)
        self.asks = Side(buy=False)
        self.halted = False
        self.quoting = False
        self.short_restricted = False
        self.lower = 0
        self.upper = 0
        self.pegs: dict[int, Order] = {}
        self.pegged_at = 0

    def side(self, buy: bool) -> Side:
        """The side on which an order of this direction rests."""
        return self.bids if buy else self.asks

    def midpoint_twice(self) -> int:
        """Best displayed bid plus best displayed ask (2 * price4).

        0 while either is missing, they cross, or the book does not trade.
        """
        if self.halted or self.quoting:
            return 0
        bid, ask = self.bids.best_displayed(), self.asks.best_displayed()
        if bid is None or ask is None or bid.price >= ask.price:
            return 0
        return bid.price + ask.price

    def view(self) -> BookView:
        """Displayed levels as ``{"bids": [[price4, shares, orders], …], "asks": […]}``, best first."""
        return {"bids": _rows(self.bids), "asks": _rows(self.asks)}


def _rows(side: Side) -> list[list[int]]:
    return [[level.price, level.shares, level.orders] for level in side if level.orders]
