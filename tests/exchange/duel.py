"""The engine and the oracle side by side: the same operations for both, and what must be the same afterwards.

An operation is a tuple, its name first, so that a run can be written down, cut down and repeated.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from exchange.book import Side
from exchange.engine import Engine
from exchange.orders import Order, Party, limit_order
from tests.exchange.oracle import Oracle
from tests.exchange.oracle_book import PlainBook, PlainOrder
from tests.exchange.recorder import (
    Accepted,
    Cancelled,
    Event,
    Executed,
    Modified,
    Prevented,
    Recorder,
    Replaced,
)

Operation = tuple[Any, ...]
Place = tuple[int, bool, int, int, int]
"""Price, whether hidden, reference, the feed's reference, shares: one entry of a queue."""


class DifferenceError(AssertionError):
    """Engine and oracle disagree, or a promise of the rules is broken."""


class Duel:
    """One engine and one oracle over the same symbols. Orders are known by numbers of the caller's."""

    def __init__(self, symbols: Sequence[str], *, keeps_priority: bool) -> None:
        self.recorder = Recorder()
        self.engine = Engine(self.recorder, seed=1, keeps_priority=keeps_priority)
        self.books = {symbol: self.engine.add_symbol(symbol, i) for i, symbol in enumerate(symbols, 1)}
        self.oracle = Oracle(list(symbols), keeps_priority)
        self.pairs: dict[int, tuple[Order, PlainOrder]] = {}
        self.open: Counter[int] = Counter()
        self.limits: dict[int, tuple[bool, int]] = {}
        self.totals: Counter[str] = Counter()
        self.now = 0

    def apply(self, operation: Operation, check: bool = True) -> None:
        """Do it on both sides and compare; ``check``: the book it was done on, and the shares, too."""
        self.now += 1
        name, target, *arguments = operation
        if isinstance(target, int) and target not in self.pairs:
            return  # a run that was cut down has lost the order
        symbol = target if isinstance(target, str) else self.pairs[target][1].symbol
        returned, expected = getattr(self, f"_{name}")(target, *arguments)
        events, foretold = self.recorder.take(), self.oracle.take()
        if events != foretold:
            raise DifferenceError(f"events differ\n{_side_by_side(events, foretold)}")
        self._same(returned, expected, "returned")
        self._count(events)
        if check:
            self.check(symbol)

    def check(self, symbol: str) -> None:
        """The promises about one book."""
        book, plain = self.books[symbol], self.oracle.books[symbol]
        for buy in (True, False):
            self._same(queue_of(book.side(buy)), plain_queue_of(plain, buy), "queue of " + ("bids" if buy else "asks"))
            _check_levels(book.side(buy))
        if not book.quoting and not book.halted:
            bid, ask = plain.best_displayed(True), plain.best_displayed(False)
            if bid and ask and bid >= ask:
                raise DifferenceError(f"{symbol} trades with a bid of {bid} and an ask of {ask}")
            self._same(book.midpoint_twice(), plain.midpoint_twice(), "twice the midpoint")
        self._same(sorted(book.pegs), sorted(order.ref for order in plain.midpoints), "midpoint orders")

    def check_shares(self) -> None:
        """Every share that was entered is open, executed, cancelled or prevented; numbers are the same."""
        for number, (order, plain) in list(self.pairs.items()):
            self._same(order.open_shares(), plain.open, f"open shares of {order.ref}")
            self._same(plain.open, self.open[order.ref], f"shares of {order.ref} by its events")
            self._same(order.executed, plain.executed, f"executed shares of {order.ref}")
            if not plain.open:
                del self.pairs[number]
                del self.open[order.ref], self.limits[order.ref]
        ended = self.totals["executed"] + self.totals["cancelled"] + self.totals["prevented"]
        self._same(self.totals["entered"] - ended, sum(self.open.values()), "shares neither open nor ended")
        self._same(self.engine.last_reference, self.oracle.last_reference, "last reference")
        self._same(self.engine.last_match, self.oracle.last_match, "last match number")

    # The operations; each gives what the engine returned, and the oracle.

    def _enter(self, symbol: str, number: int, fields: dict[str, Any]) -> tuple[Any, Any]:
        order, plain = self._twins(symbol, fields)
        self.pairs[number] = order, plain
        return self.engine.enter(order, self.now), self.oracle.enter(plain)

    def _replace(self, replaced: int, number: int, fields: dict[str, Any]) -> tuple[Any, Any]:
        old, plain_old = self.pairs[replaced]
        order, plain = self._twins(plain_old.symbol, {"buy": plain_old.buy, **fields})
        self.pairs[number] = order, plain
        return self.engine.replace(old, order, self.now), self.oracle.replace(plain_old, plain)

    def _cancel(self, number: int, keep: int) -> tuple[Any, Any]:
        order, plain = self.pairs[number]
        return self.engine.cancel(order, keep, self.now), self.oracle.cancel(plain, keep)

    def _modify(self, number: int, keep: int) -> tuple[Any, Any]:
        order, plain = self.pairs[number]
        return self.engine.modify(order, keep, self.now), self.oracle.modify(plain, keep)

    def _band(self, symbol: str, lower: int, upper: int) -> tuple[Any, Any]:
        self.engine.set_band(self.books[symbol], lower, upper, self.now)
        self.oracle.set_band(symbol, lower, upper)
        return None, None

    def _trading(self, symbol: str, halted: bool, quoting: bool) -> tuple[Any, Any]:
        if not quoting:
            self._uncross(symbol)
        self.engine.set_trading(self.books[symbol], halted, quoting, self.now)
        self.oracle.set_trading(symbol, halted, quoting)
        return None, None

    def _restrict(self, symbol: str, restricted: bool) -> tuple[Any, Any]:
        self.books[symbol].short_restricted = restricted
        self.oracle.books[symbol].restricted = restricted
        return None, None

    def _entry(self, symbol: str, open_: bool) -> tuple[Any, Any]:
        self.engine.open = self.oracle.open = open_
        return None, None

    def _uncross(self, symbol: str) -> None:
        """No cross is in the oracle, so the orders that would have traded are cancelled."""
        plain = self.oracle.books[symbol]
        orders = {plain.ref: order for order, plain in self.pairs.values()}
        while True:
            bids, asks = plain.queue(True), plain.queue(False)
            if not bids or not asks or bids[0].price < asks[0].price:
                return
            self.oracle.hits["uncrossed"] += 1
            for plain_order in (bids[0].order, asks[0].order):
                taken = self.engine.cancel(orders[plain_order.ref], 0, self.now)
                self._same(taken, self.oracle.cancel(plain_order, 0), "taken off")

    def _twins(self, symbol: str, fields: dict[str, Any]) -> tuple[Order, PlainOrder]:
        reference = self.engine.next_reference()
        self._same(reference, self.oracle.next_reference(), "new reference")
        plain = PlainOrder(reference, symbol, **fields)
        order = limit_order(self.books[symbol], plain.buy, plain.shares, plain.limit, reference)
        for name in _PLAIN_FIELDS:
            setattr(order, name, getattr(plain, name))
        order.displayed = fields.get("displayed", True)
        order.aiq = ord(plain.aiq) if plain.aiq else 0
        order.party = Party(*plain.party) if plain.party else None
        self.open[reference] = 0
        self.limits[reference] = plain.buy, plain.limit
        return order, plain

    def _count(self, events: Iterable[Event]) -> None:
        """Follow the open shares of every order from the engine's events alone."""
        for event in events:
            match event:
                case Accepted():
                    self._add("entered", event.ref, event.shares)
                case Replaced():
                    self._add("cancelled", event.old, -self.open[event.old])
                    self._add("entered", event.ref, event.shares)
                case Executed():
                    self._check_price(event)
                    self._add("executed", event.maker, -event.shares)
                    self._add("executed", event.taker, -event.shares)
                case Cancelled() | Modified():
                    self._add("cancelled", event.ref, -event.shares)
                case Prevented():
                    self._add("prevented", event.ref, -event.decrement)

    def _check_price(self, event: Executed) -> None:
        for ref in (event.maker, event.taker):
            buy, limit = self.limits[ref]
            if (event.price > limit) if buy else (event.price < limit):
                raise DifferenceError(f"{event} is beyond the limit {limit} of {ref}")

    def _add(self, total: str, ref: int, shares: int) -> None:
        self.open[ref] += shares
        self.totals[total] += abs(shares)

    def _same(self, engine: object, oracle: object, what: str) -> None:
        if engine != oracle:
            raise DifferenceError(f"{what}:\n  engine {engine}\n  oracle {oracle}")


_PLAIN_FIELDS = (
    "ioc",
    "post_only",
    "midpoint",
    "short_sale",
    "min_quantity",
    "max_floor",
    "mpid",
    "aiq_group",
)


def queue_of(side: Side) -> list[Place]:
    """The engine's queue, best first."""
    places = []
    for level in sorted(side.levels, key=lambda level: level.price, reverse=side.buy):
        for queue, hidden in ((level, False), (level.hidden, True)):
            entry = queue.head if queue is not None else None
            while entry is not None:
                order = entry.front or entry
                places.append((level.price, hidden, order.ref, order.shown_ref, entry.shares))
                entry = entry.next
    return places


def plain_queue_of(book: PlainBook, buy: bool) -> list[Place]:
    """The oracle's queue, best first."""
    return [
        (entry.price, entry.hidden, entry.order.ref, entry.order.shown_ref, entry.shares) for entry in book.queue(buy)
    ]


def _check_levels(side: Side) -> None:
    for level in side.levels:
        entry, shares, orders = level.head, 0, 0
        while entry is not None:
            if entry.level is not level or entry.price != level.price:
                raise DifferenceError(f"{entry} stands at {level.price}")
            shares, orders, entry = shares + entry.shares, orders + 1, entry.next
        if (shares, orders) != (level.shares, level.orders):
            raise DifferenceError(f"level {level.price}: {level.shares} in {level.orders}, has {shares} in {orders}")
        if level.empty():
            raise DifferenceError(f"level {level.price} is empty")


def _side_by_side(events: list[Event], foretold: list[Event]) -> str:
    lines = [f"  engine {event}" for event in events] + [f"  oracle {event}" for event in foretold]
    return "\n".join(lines)
