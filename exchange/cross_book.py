"""Who takes part in a cross, with what, and who gets how much of it.

Decisions: a cross ignores minimum quantities and self-match prevention, and does not look at price bands or short sale
restrictions, which were applied to orders when they came in. Midpoint orders take no part. Of a reserve order the
displayed shares count as displayed, the rest as hidden.
"""

from __future__ import annotations

from collections.abc import Iterable

from exchange.book import Book, Queue
from exchange.cross_price import Interest
from exchange.orders import Order

# PROTOCOLS §5.1: $200,000 and the OUCH code for a market order, which is above it.
MARKET_PRICE = 2_000_000_000


def is_market(order: Order) -> bool:
    """Whether an order for a cross has no limit."""
    return order.limit >= MARKET_PRICE


class Share:
    """One entry's part in a cross. ``price`` 0 = any; ``rank`` orders a side: the lowest is served first."""

    __slots__ = ("buy", "imbalance_only", "order", "price", "rank", "shares")

    def __init__(self, order: Order, shares: int, price: int, displayed: bool, time: int) -> None:
        self.order = order
        self.shares = shares
        self.buy = order.buy
        self.price = price
        self.imbalance_only = order.imbalance_only
        eager = 0 if price == 0 else (-price if order.buy else price)
        self.rank = (order.imbalance_only, price != 0, eager, not displayed, time)

    def takes(self, price: int) -> bool:
        """Whether it trades at a price."""
        return self.price == 0 or (self.price >= price if self.buy else self.price <= price)


def touch(book: Book) -> tuple[int, int]:
    """Best displayed bid and ask, 0 where there is none."""
    bid, ask = book.bids.best_displayed(), book.asks.best_displayed()
    return 0 if bid is None else bid.price, 0 if ask is None else ask.price


def held_shares(book: Book, orders: Iterable[Order]) -> list[Share]:
    """The parts of orders that stand in no book.

    An imbalance-only order works at the touch at best: a buy at or below the best bid, a sell at or above the best ask.
    """
    bid, ask = touch(book)
    shares = []
    for order in orders:
        price = 0 if is_market(order) else order.limit
        if order.imbalance_only and price:
            price = min(price, bid or price) if order.buy else max(price, ask)
        shares.append(Share(order, order.shares, price, order.displayed, order.time))
    return shares


def resting_shares(book: Book) -> list[Share]:
    """The parts of what rests in a book, in queue order."""
    shares: list[Share] = []
    for side in (book.bids, book.asks):
        for level in side:
            _queue(level, True, shares)
            if level.hidden is not None:
                _queue(level.hidden, False, shares)
    return shares


def interest(shares: Iterable[Share]) -> Interest:
    """All parts summed up by price."""
    total = Interest()
    for share in shares:
        if share.price:
            total.add(share.buy, share.price, share.shares, share.imbalance_only)
        else:
            total.add_market(share.buy, share.shares)
    return total


def add_resting(total: Interest, book: Book) -> None:
    """Add what rests in a book, as `resting_shares` has it, but level by level."""
    for side in (book.bids, book.asks):
        for level in side.levels:
            shares = level.shares
            if level.hidden is not None:
                shares += sum(entry.shares for entry in level.hidden if not (entry.front or entry).midpoint)
            if shares:
                total.add(side.buy, level.price, shares)


def allocate(shares: Iterable[Share], buy: bool, price: int, paired: int) -> list[tuple[Order, int]]:
    """Deal ``paired`` shares out to one side: market orders first, then by price, displayed before hidden, then by
    time; imbalance-only orders get what the others leave. Each order once, in that order."""
    dealt: dict[int, tuple[Order, int]] = {}
    for share in sorted((s for s in shares if s.buy == buy and s.takes(price)), key=_rank):
        if paired == 0:
            break
        taken = min(share.shares, paired)
        paired -= taken
        order = share.order
        dealt[order.ref] = order, dealt.get(order.ref, (order, 0))[1] + taken
    assert paired == 0, f"{paired} shares of a cross at {price} found nobody"
    return list(dealt.values())


def _rank(share: Share) -> tuple[bool, bool, int, bool, int]:
    return share.rank


def _queue(queue: Queue, displayed: bool, shares: list[Share]) -> None:
    # A refreshed reserve order stands behind those that came after it, so the queue says when, not its own time.
    time = 0
    for entry in queue:
        order = entry.front or entry
        if order.midpoint:
            continue
        time = max(time, order.time)
        shares.append(Share(order, entry.shares, entry.price, displayed, time))
