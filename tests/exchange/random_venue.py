"""A seeded stream of ITCH messages over several symbols, with books of its own to compare with."""

import random

from exchange.itch_writer import ItchWriter
from exchange.market_data import Publisher
from protocols import itch50
from protocols.order_book import OrderBooks

Queues = dict[tuple[int, bool, int], list[tuple[int, int]]]
"""(reference, shares) in sequence of execution, by (locate, buy, price)."""

SYMBOLS = ("AAPL", "MSFT", "INTC", "CSCO", "QQQ", "NVDA")


class RandomVenue:
    """Adds, executions, cancels, deletes and replaces at random; no order of it ever crosses the book."""

    def __init__(self, publisher: Publisher, rng: random.Random) -> None:
        self.publisher = publisher
        self.time = 34_200_000_000_000
        self._rng = rng
        self._next = 1
        self._levels: dict[tuple[int, bool, int], dict[int, int]] = {}
        self._orders: dict[int, tuple[int, bool, int]] = {}
        for message in self._directory():
            publisher.publish(message)

    def step(self, now: int) -> None:
        """Publish one message."""
        self.time += now % 1000
        kind = self._rng.random()
        if kind < 0.45 or not self._orders:
            self._add()
            return
        ref = self._rng.choice(list(self._orders)[:50])
        if kind < 0.6:
            self._reduce(ref, execute=True)
        elif kind < 0.7:
            self._reduce(ref, execute=False)
        elif kind < 0.85:
            self._remove(ref)
            self.publisher.deleted(self._locate(ref), self.time, ref)
            del self._orders[ref]
        else:
            self._replace(ref)

    def queues(self) -> Queues:
        """All displayed orders."""
        return {key: list(level.items()) for key, level in self._levels.items() if level}

    def snapshot_into(self, writer: ItchWriter) -> int:
        """Describe the present state (`SnapshotSource`)."""
        for message in self._directory():
            writer.publish(message)
        for (locate, buy, price), level in self._levels.items():
            for ref, shares in level.items():
                stock = SYMBOLS[locate - 1].encode().ljust(8)
                if ref % 5:
                    writer.add_order(locate, self.time, ref, buy, shares, stock, price)
                else:
                    writer.add_attributed(locate, self.time, ref, buy, shares, stock, price, b"HFTX")
        return self.publisher.next_sequence

    def _directory(self) -> list[bytes]:
        event = itch50.SystemEvent(stock_locate=0, tracking_number=0, timestamp=self.time, event_code="Q")
        halts = [
            itch50.StockTradingAction(
                stock_locate=locate,
                tracking_number=0,
                timestamp=self.time,
                stock=symbol,
                trading_state="T",
                reserved=" ",
                reason="",
            )
            for locate, symbol in enumerate(SYMBOLS, 1)
        ]
        return [event.encode(), *(halt.encode() for halt in halts)]

    def _locate(self, ref: int) -> int:
        return self._orders[ref][0]

    def _enter(self, key: tuple[int, bool, int], shares: int) -> int:
        ref = self._next
        self._next += 1
        self._levels.setdefault(key, {})[ref] = shares
        self._orders[ref] = key
        return ref

    def _add(self) -> None:
        locate = self._rng.randrange(len(SYMBOLS)) + 1
        buy = self._rng.random() < 0.5
        price = 1_000_000 + (-100 if buy else 100) * self._rng.randint(1, 8)
        shares = self._rng.randint(1, 5) * 100
        ref = self._enter((locate, buy, price), shares)
        stock = SYMBOLS[locate - 1].encode().ljust(8)
        if ref % 5:
            self.publisher.add_order(locate, self.time, ref, buy, shares, stock, price)
        else:
            self.publisher.add_attributed(locate, self.time, ref, buy, shares, stock, price, b"HFTX")

    def _reduce(self, ref: int, execute: bool) -> None:
        level = self._levels[self._orders[ref]]
        # A cancel of all shares would be a delete; an execution of all is not followed by one.
        limit = level[ref] if execute else level[ref] - 1
        if not limit:
            return
        shares = self._rng.randint(1, limit)
        locate = self._locate(ref)
        level[ref] -= shares
        if not level[ref]:
            self._remove(ref)
            del self._orders[ref]
        if execute:
            self.publisher.executed(locate, self.time, ref, shares, self._next)
        else:
            self.publisher.cancelled(locate, self.time, ref, shares)

    def _remove(self, ref: int) -> int:
        return self._levels[self._orders[ref]].pop(ref)

    def _replace(self, ref: int) -> None:
        self._remove(ref)
        locate, buy, price = self._orders.pop(ref)
        price += 100 * self._rng.choice((-1, 0)) if buy else 100 * self._rng.choice((0, 1))
        shares = self._rng.randint(1, 500)
        new = self._enter((locate, buy, price), shares)
        self.publisher.replaced(locate, self.time, ref, new, shares, price)


def queues_of(books: OrderBooks) -> Queues:
    """The same of a receiver's books."""
    queues: Queues = {}
    for locate in range(1, len(SYMBOLS) + 1):
        book = books.book(locate)
        for side in "BS":
            for price, _, _ in book.levels(side):
                queues[locate, side == "B", price] = book.orders(side, price)
    return queues
