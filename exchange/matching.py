"""Continuous matching: who trades with an incoming order, and what becomes of both.

Price, then displayed before hidden, then time; trades happen at the resting price. A reserve order's display is
refreshed when the incoming order is through, from its hidden part, at the back of the queue and under a new reference.
"""

from __future__ import annotations

from exchange.book import Side
from exchange.orders import FIRST_REFERENCE, Order
from exchange.self_match import CANCEL_NEWEST, CANCEL_OLDEST, DECREMENT_QUIETLY, mode_of, strategy_between
from exchange.sink import CANCEL_SELF_MATCH, Sink

# Rule 612 of Regulation NMS: whole cents from $1, below that 1/10,000 dollar.
TICK = 100
SMALL_TICK = 1
ONE_DOLLAR = 10_000
ROUND_LOT = 100


class Matcher:
    """The part of the engine that makes trades. ``now`` is the time of the present operation, ns since midnight."""

    def __init__(self, sink: Sink, seed: int = 1) -> None:
        self.sink = sink
        self.now = 0
        self.last_reference = FIRST_REFERENCE - 1
        self.last_match = FIRST_REFERENCE - 1
        self.random = (seed | 1) & 0xFFFF_FFFF_FFFF_FFFF
        self._exhausted: list[Order] = []

    def next_reference(self) -> int:
        """A new day-unique order reference number."""
        self.last_reference += 1
        return self.last_reference

    def match(self, taker: Order) -> None:
        """Trade an incoming order with whoever it meets, then refresh the reserve orders it used up."""
        while taker.shares > 0:
            maker = self.next_maker(taker)
            if maker is None:
                break
            if maker.aiq or taker.aiq:
                strategy = strategy_between(maker, taker)
                if strategy:
                    self._prevent(maker, taker, strategy)
                    continue
            self._trade(maker, taker)
        if self._exhausted:
            self.refresh()

    def next_maker(self, taker: Order) -> Order | None:
        """The entry that trades next with an incoming order, None when there is none at its price.

        An entry with a minimum quantity is passed over by an incoming order that cannot take as much.
        """
        side = taker.book.side(not taker.buy)
        levels = side.levels
        i = len(levels) - 1
        while i >= 0:
            level = levels[i]
            if level.price > taker.price if taker.buy else level.price < taker.price:
                return None
            if level.head is not None:
                return level.head
            if level.hidden is not None:
                entry = level.hidden.head
                while entry is not None:
                    if entry.min_quantity <= taker.shares or entry.shares <= taker.shares:
                        return entry
                    entry = entry.next
            i -= 1
        return None

    def fillable(self, taker: Order) -> int:
        """Shares an incoming order could trade at once, own orders that it would not trade with left out."""
        left = taker.shares
        for level in taker.book.side(not taker.buy):
            if level.price > taker.price if taker.buy else level.price < taker.price:
                break
            for queue in (level, level.hidden):
                for entry in queue or ():
                    willing = entry.min_quantity <= left or entry.shares <= left
                    if willing and not strategy_between(entry, taker):
                        left -= min(left, entry.shares)
                    if not left:
                        return taker.shares
        return taker.shares - left

    def take_off(self, entry: Order, shares: int) -> None:
        """Reduce a resting entry; at zero it leaves its queue, and a reserve order waits for `refresh`."""
        entry.shares -= shares
        level = entry.level
        assert level is not None, f"{entry!r} does not rest on a book"
        if entry.displayed:
            level.shares -= shares
        if entry.shares:
            return
        self.side_of(entry).remove(entry)
        if entry.reserve is not None:
            self._exhausted.append(entry)
        elif entry.front is not None:
            entry.front.reserve = None
        elif entry.midpoint:
            entry.book.pegs.pop(entry.ref, None)

    def take_off_order(self, order: Order, shares: int) -> int:
        """Reduce a whole order, the hidden part of a reserve first; returns how many of the shares were displayed."""
        reserve = order.reserve
        if reserve is not None:
            hidden = min(shares, reserve.shares)
            self.take_off(reserve, hidden)
            shares -= hidden
        if shares == 0:
            return 0
        if order.level is None:
            order.shares -= shares
            if order.midpoint and order.shares == 0:
                order.book.pegs.pop(order.ref, None)
            return 0
        self.take_off(order, shares)
        return shares if order.displayed else 0

    def refresh(self) -> None:
        """Show anew what was used up, in that order."""
        for order in self._exhausted:
            reserve = order.reserve
            if reserve is None:
                continue
            shares = min(self.display_size(order), reserve.shares)
            self.take_off(reserve, shares)
            order.shares = shares
            order.shown_ref = self.next_reference()
            self.side_of(order).add(order)
            self.sink.restated(order)
        self._exhausted.clear()

    def display_size(self, order: Order) -> int:
        """How much a reserve order shows next: its maximum floor, varied in round lots if it asks for that."""
        lots = order.random_floor // ROUND_LOT
        if lots == 0:
            return order.max_floor
        # Marsaglia's xorshift64: the engine's own, because the same input must give the same day.
        self.random ^= (self.random << 13) & 0xFFFF_FFFF_FFFF_FFFF
        self.random ^= self.random >> 7
        self.random ^= (self.random << 17) & 0xFFFF_FFFF_FFFF_FFFF
        step = self.random % (2 * lots + 1)
        return max(ROUND_LOT, order.max_floor + (step - lots) * ROUND_LOT)

    def side_of(self, order: Order) -> Side:
        """The side of the book on which an order rests."""
        book = order.book
        return book.bids if order.buy else book.asks

    def _trade(self, maker: Order, taker: Order) -> None:
        shares = min(taker.shares, maker.shares)
        price = maker.price
        taker.shares -= shares
        taker.executed += shares
        order = maker if maker.front is None else maker.front
        order.executed += shares
        self.last_match += 1
        self.take_off(maker, shares)
        self.sink.executed(maker, taker, shares, price, self.last_match)

    def _prevent(self, maker: Order, taker: Order, strategy: int) -> None:
        """Keep two orders of one party from trading (OUCH 5.0 §5.7)."""
        order = maker if maker.front is None else maker.front
        mode = mode_of(strategy)
        shares, price = min(taker.shares, maker.shares), maker.price
        if mode == CANCEL_OLDEST:
            self._cancel_prevented(order, maker, taker, shares, strategy)
        elif mode == CANCEL_NEWEST:
            decrement, taker.shares = taker.shares, 0
            self.sink.prevented(taker, maker, taker, decrement, 0, shares, price, strategy)
        else:
            shown = shares if maker.displayed else 0
            self.take_off(maker, shares)
            taker.shares -= shares
            if mode == DECREMENT_QUIETLY:
                self.sink.cancelled(order, shares, shown, CANCEL_SELF_MATCH)
                self.sink.cancelled(taker, shares, 0, CANCEL_SELF_MATCH)
            else:
                self.sink.prevented(order, maker, taker, shares, shown, shares, price, strategy)
                self.sink.prevented(taker, maker, taker, shares, 0, shares, price, strategy)

    def _cancel_prevented(self, order: Order, maker: Order, taker: Order, shares: int, strategy: int) -> None:
        decrement = order.open_shares()
        shown = self.take_off_order(order, decrement)
        self.sink.prevented(order, maker, taker, decrement, shown, shares, maker.price, strategy)
