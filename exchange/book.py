"""Price levels and the two sides of a book, in price-time order.

At one price displayed orders stand before hidden ones, each kind first in, first out. Queues are linked through the
orders themselves, so that a cancel in the middle costs the same as one at the front.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator

from exchange.orders import Order
from protocols.book_view import BookView


class Queue:
    """Orders of one kind at one price, first in, first out."""

    __slots__ = ("head", "tail")

    def __init__(self) -> None:
        self.head: Order | None = None
        self.tail: Order | None = None

    def push(self, order: Order) -> None:
        """Put an order at the back."""
        order.prev = self.tail
        order.next = None
        if self.tail is None:
            self.head = order
        else:
            self.tail.next = order
        self.tail = order

    def remove(self, order: Order) -> None:
        """Take an order out, wherever it stands."""
        if order.prev is None:
            self.head = order.next
        else:
            order.prev.next = order.next
        if order.next is None:
            self.tail = order.prev
        else:
            order.next.prev = order.prev
        order.prev = order.next = None

    def __iter__(self) -> Iterator[Order]:
        order = self.head
        while order is not None:
            yield order
            order = order.next


class Level:
    """All orders at one price. ``shares`` and ``orders`` count the displayed ones only."""

    __slots__ = ("displayed", "hidden", "orders", "price", "shares")

    def __init__(self, price: int) -> None:
        self.price: int = price
        self.displayed = Queue()
        self.hidden = Queue()
        self.shares: int = 0
        self.orders: int = 0

    def first(self) -> Order | None:
        """The order that trades next at this price, None when the level is empty."""
        head = self.displayed.head
        return head if head is not None else self.hidden.head


class Side:
    """The buy or the sell side: levels by price and their sorted keys, the best one last."""

    __slots__ = ("_keys", "_sign", "levels")

    def __init__(self, buy: bool) -> None:
        self.levels: dict[int, Level] = {}
        self._sign: int = 1 if buy else -1
        self._keys: list[int] = []

    def best(self) -> Level | None:
        """The level that trades first, hidden orders included; None when the side is empty."""
        if not self._keys:
            return None
        return self.levels[self._keys[-1] * self._sign]

    def best_displayed(self) -> Level | None:
        """The best level that the feed shows."""
        for level in self:
            if level.orders:
                return level
        return None

    def add(self, order: Order) -> None:
        """Rest an order at the back of its price."""
        level = self.levels.get(order.price)
        if level is None:
            level = self.levels[order.price] = Level(order.price)
            insort(self._keys, order.price * self._sign)
        order.level = level
        if order.displayed:
            level.displayed.push(order)
            level.shares += order.shares
            level.orders += 1
        else:
            level.hidden.push(order)

    def remove(self, order: Order) -> None:
        """Take a resting order off; an empty level disappears."""
        level = order.level
        assert level is not None, f"{order!r} does not rest on a book"
        order.level = None
        if order.displayed:
            level.displayed.remove(order)
            level.shares -= order.shares
            level.orders -= 1
        else:
            level.hidden.remove(order)
        if level.first() is None:
            del self.levels[level.price]
            del self._keys[bisect_left(self._keys, level.price * self._sign)]

    def __iter__(self) -> Iterator[Level]:
        """Levels, best first."""
        for key in reversed(self._keys):
            yield self.levels[key * self._sign]


class Book:
    """The book of one symbol."""

    __slots__ = ("asks", "bids", "locate", "symbol")

    def __init__(self, symbol: str, locate: int) -> None:
        self.symbol: str = symbol
        self.locate: int = locate
        self.bids = Side(buy=True)
        self.asks = Side(buy=False)

    def side(self, buy: bool) -> Side:
        """The side on which an order of this direction rests."""
        return self.bids if buy else self.asks

    def view(self) -> BookView:
        """Displayed levels as ``{"bids": [[price4, shares, orders], …], "asks": […]}``, best first."""
        return {"bids": _rows(self.bids), "asks": _rows(self.asks)}


def _rows(side: Side) -> list[list[int]]:
    return [[level.price, level.shares, level.orders] for level in side if level.orders]
