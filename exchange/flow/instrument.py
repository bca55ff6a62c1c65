"""One symbol as the generator sees it: where its price walks, and which of the house's orders rest in its book."""

from __future__ import annotations

from random import Random

from exchange.book import Book

# Regulation NMS Rule 612: quotes from $1 are in whole cents.
TICK = 100
_MEAN_DEPTH = 4.0
_DEEPEST = 40
_PULL = 0.004


class OrderPool:
    """References of resting orders, with random choice and removal in constant time."""

    def __init__(self) -> None:
        self._refs: list[int] = []
        self._places: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._refs)

    def add(self, ref: int) -> None:
        """Put a reference in."""
        self._places[ref] = len(self._refs)
        self._refs.append(ref)

    def discard(self, ref: int) -> None:
        """Take a reference out, if it is in."""
        place = self._places.pop(ref, None)
        if place is None:
            return
        last = self._refs.pop()
        if last != ref:
            self._refs[place] = last
            self._places[last] = place

    def choose(self, rng: Random) -> int:
        """A random reference; the pool must not be empty."""
        return self._refs[int(rng.random() * len(self._refs))]


class Instrument:
    """The reference price (price4, a mean-reverting random walk in ticks) and the house's orders of one symbol."""

    def __init__(self, book: Book, price: int) -> None:
        self.book = book
        self.reference: int = max(2 * TICK, price // TICK * TICK)
        self.bids = OrderPool()
        self.asks = OrderPool()
        self._anchor: int = self.reference

    @property
    def orders(self) -> int:
        """Resting orders of the house."""
        return len(self.bids) + len(self.asks)

    def pool(self, buy: bool) -> OrderPool:
        """The resting orders of one side."""
        return self.bids if buy else self.asks

    def walk(self, rng: Random) -> None:
        """Move the reference by one tick, up or down, with a pull back to where it started."""
        up = 0.5 - _PULL * (self.reference - self._anchor) / TICK
        self.reference += TICK if rng.random() < up else -TICK
        self.reference = max(2 * TICK, self.reference)

    def passive_price(self, buy: bool, rng: Random) -> int | None:
        """A price for a resting order: behind the reference at a random depth, never through the other side.

        None when the other side leaves no room above zero.
        """
        depth = min(_DEEPEST, int(rng.expovariate(1 / _MEAN_DEPTH))) * TICK
        opposite = self.book.side(not buy).best()
        if buy:
            nearest = self.reference - TICK
            limit = nearest if opposite is None else (opposite.price - 1) // TICK * TICK
            price = min(nearest, limit) - depth
        else:
            nearest = self.reference + TICK
            limit = nearest if opposite is None else (opposite.price // TICK + 1) * TICK
            price = max(nearest, limit) + depth
        return price if price > 0 else None

    def touch(self) -> tuple[int, int] | None:
        """Best displayed bid and ask, None while either side is empty."""
        bid, ask = self.book.bids.best_displayed(), self.book.asks.best_displayed()
        return None if bid is None or ask is None else (bid.price, ask.price)
