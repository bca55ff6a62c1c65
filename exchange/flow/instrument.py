"""One symbol as the house sees it: where its price walks, and which of the house's orders rest in its book."""

from __future__ import annotations

from exchange.book import Book
from exchange.flow.random64 import Random64
from exchange.flow.universe import ONE_DOLLAR, traits
from exchange.orders import Order

# Depth behind the reference, in steps of half the half spread: its mean and its end.
_MEAN_DEPTH = 4.0
_DEEPEST = 40.0
# Pull of the walk back to where it started, a step of the walk.
_PULL = 0.004
_OUT = -1


class Pool:
    """Resting orders with random choice and removal in constant time: an order's ``token`` is its place here."""

    def __init__(self) -> None:
        self.orders: list[Order] = []

    def add(self, order: Order) -> None:
        """Put an order in."""
        order.token = len(self.orders)
        self.orders.append(order)

    def discard(self, order: Order) -> None:
        """Take an order out, if it is in."""
        place = order.token
        if place < 0 or place >= len(self.orders) or self.orders[place] is not order:
            return
        last = self.orders.pop()
        if last is not order:
            self.orders[place] = last
            last.token = place
        order.token = _OUT

    def choose(self, rng: Random64) -> Order:
        """A random order; the pool must not be empty."""
        return self.orders[rng.below(len(self.orders))]


class Instrument:
    """The reference price (price4, a mean-reverting random walk in ticks) and the house's orders of one symbol.

    ``rank`` is the symbol's place in activity (0 = most active): spread, depth and number of orders follow from it.
    """

    def __init__(self, book: Book, price: int, rank: int) -> None:
        how = traits(rank, price)
        self.book = book
        self.tick = how.tick
        self.half_spread = how.half_spread
        self.target = how.orders
        self.weight = how.weight
        self.bids = Pool()
        self.asks = Pool()
        self._step = (how.half_spread + 1) // 2 * how.tick
        # A symbol above a dollar stays there: its tick would change below.
        self._lowest = max(2 * how.tick, ONE_DOLLAR if price >= ONE_DOLLAR else 0)
        self.reference = max(self._lowest, price // how.tick * how.tick)
        self._anchor = self.reference

    def resting(self) -> int:
        """Resting orders of the house."""
        return len(self.bids.orders) + len(self.asks.orders)

    def walk(self, rng: Random64) -> None:
        """Move the reference by one step, up or down, with a pull back to where it started."""
        up = 0.5 - _PULL * (self.reference - self._anchor) / self._step
        self.reference += self._step if rng.random() < up else -self._step
        self.reference = max(self._lowest, self.reference)

    def jump(self, fraction: float) -> None:
        """Move the reference for good, by a fraction of itself."""
        moved = int(self.reference * (1.0 + fraction)) // self.tick * self.tick
        self.reference = max(self._lowest, moved)
        self._anchor = self.reference

    def passive_price(self, buy: bool, rng: Random64) -> int:
        """A price for a resting order: behind the reference at a random depth, never through the other side.

        0 when the other side leaves no room above zero.
        """
        tick = self.tick
        depth = int(min(_DEEPEST, rng.exponential() * _MEAN_DEPTH) * self._step) // tick * tick
        away = self.half_spread * tick
        opposite = self.book.side(not buy).best()
        if buy:
            price = self.reference - away
            if opposite is not None:
                price = min(price, (opposite.price - 1) // tick * tick)
            return max(0, price - depth)
        price = self.reference + away
        if opposite is not None:
            price = max(price, (opposite.price // tick + 1) * tick)
        return price + depth
