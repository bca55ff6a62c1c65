"""Makes the operations: a flow around a moving price, with the engine itself as referee of which orders are alive.

The mix is that of MSFT on 2019-12-30 (docs/exchange.md): 47.2 % adds, 45.0 % cancels, 4.5 % replaces, and orders that
trade at once, 2 %, of which some sweep several orders. New orders stand near the touch: the distance is geometric.
"""

from __future__ import annotations

import random

from benchmarks.operations import ADD, CANCEL, REPLACE, TAKE, Operations
from exchange.book import Book
from exchange.engine import Engine
from exchange.orders import Order, limit_order
from exchange.sink import Sink

WEIGHTS = {ADD: 0.472, CANCEL: 0.450, REPLACE: 0.045, TAKE: 0.020}
_CENT = 100  # price4
_START = 10_000  # cents
_NEARER = 0.25  # chance that an order stands at the next price rather than farther away
_LOTS = (1, 1, 1, 2, 2, 3, 5, 10)


class _Fills(Sink):
    """Counts what trades, and forgets orders that are done."""

    def __init__(self, alive: list[_Alive]) -> None:
        self.traded = 0
        self._alive = alive

    def executed(self, maker: Order, taker: Order, shares: int, price: int, match: int) -> None:
        del taker, price, match
        self.traded += shares
        if maker.shares == 0:
            self._alive[maker.book.locate].remove(maker)


class _Alive:
    """The orders of one symbol that can be cancelled; a random one is found in constant time."""

    def __init__(self) -> None:
        self.orders: list[Order] = []
        self._places: dict[int, int] = {}

    def add(self, order: Order) -> None:
        self._places[order.token] = len(self.orders)
        self.orders.append(order)

    def remove(self, order: Order) -> None:
        place, last = self._places.pop(order.token), self.orders.pop()
        if last is not order:
            self.orders[place] = last
            self._places[last.token] = place


class OrderFlow:
    """Writes operations; the same seed gives the same ones."""

    def __init__(self, symbols: int, seed: int) -> None:
        self._random = random.Random(seed)
        self._alive = [_Alive() for _ in range(symbols)]
        self._fills = _Fills(self._alive)
        self._engine = Engine(self._fills)
        self._books = [self._engine.add_symbol(f"S{number}", number) for number in range(symbols)]
        self._made = Operations(symbols, 0)
        self._now = 0

    def make(self, depth: int, count: int) -> Operations:
        """`depth` resting orders a symbol, which are not measured, then `count` operations."""
        for _ in range(depth):
            for symbol in range(len(self._books)):
                self._enter(symbol, ADD)
        self._made.warm_up = len(self._made)
        kinds, weights = list(WEIGHTS), list(WEIGHTS.values())
        for kind in self._random.choices(kinds, weights, k=count):
            self._step(kind)
        self._made.traded = self._fills.traded
        return self._made

    def _step(self, kind: int) -> None:
        symbol = self._random.randrange(len(self._books))
        if kind == ADD or not self._alive[symbol].orders:
            self._enter(symbol, ADD)
        elif kind == TAKE:
            self._enter(symbol, TAKE)
        else:
            order = self._random.choice(self._alive[symbol].orders)
            if kind == CANCEL:
                self._cancel(symbol, order)
            else:
                self._replace(symbol, order)

    def _enter(self, symbol: int, kind: int) -> None:
        order = self._order(symbol, self._random.random() < 0.5, kind)
        self._made.append(kind, symbol, order.token, 0, order.buy, order.limit // _CENT, order.shares)
        self._now += 1
        self._engine.enter(order, self._now)
        self._keep(symbol, order)

    def _cancel(self, symbol: int, order: Order) -> None:
        self._made.append(CANCEL, symbol, 0, order.token, order.buy, order.limit // _CENT, 0)
        self._alive[symbol].remove(order)
        self._now += 1
        self._engine.cancel(order, 0, self._now)

    def _replace(self, symbol: int, old: Order) -> None:
        new = self._order(symbol, old.buy, REPLACE)
        self._made.append(REPLACE, symbol, new.token, old.token, new.buy, new.limit // _CENT, new.shares)
        self._alive[symbol].remove(old)
        self._now += 1
        self._engine.replace(old, new, self._now)
        self._keep(symbol, new)

    def _keep(self, symbol: int, order: Order) -> None:
        if order.open_shares():
            self._alive[symbol].add(order)

    def _order(self, symbol: int, buy: bool, kind: int) -> Order:
        book = self._books[symbol]
        price = self._touch(book, buy) if kind == TAKE else self._near(book, buy)
        number, self._made.orders = self._made.orders, self._made.orders + 1
        shares = 100 * self._random.choice(_LOTS)
        return limit_order(book, buy, shares, price * _CENT, self._engine.next_reference(), 1, number)

    def _touch(self, book: Book, buy: bool) -> int:
        """The price of the other side's best order; of the start when there is none."""
        level = book.side(not buy).best()
        return int(level.price) // _CENT if level is not None else _START

    def _near(self, book: Book, buy: bool) -> int:
        away = 1
        while self._random.random() > _NEARER and away < 40:
            away += 1
        return max(1, self._touch(book, buy) + (-away if buy else away))
