"""The order as the matching engine keeps it.

Units: prices are price4 integers (1/10,000 dollar), quantities whole shares, times nanoseconds since midnight.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import cython

if TYPE_CHECKING:
    from exchange.book import Book, Level

# References the exchange assigns start here, so that they never meet those of a replayed file.
FIRST_REFERENCE = 1 << 32

# The account number of the exchange's own order flow; clients' accounts count from 1.
HOUSE = 0


class Party:
    """Whom an order belongs to, for self-match prevention: numbers are equal where firms, organisations, … are.

    An organisation or affiliate of 0 is none.
    """

    def __init__(self, firm: int, organisation: int = 0, affiliate: int = 0) -> None:
        self.firm = firm
        self.organisation = organisation
        self.affiliate = affiliate


# Orders come and go by the million: their memory is kept, and the cyclic collector, to which a full book is one huge
# cycle of queue links, does not track them. Whoever takes an order off a queue clears its links.
@cython.final
@cython.freelist(65_536)
@cython.no_gc
@cython.cclass
class Order:
    """One order: what was asked, what is still open, and its place in the queue of its price level.

    Identity: ``ref`` is day-unique (u64); ``shown_ref`` is the one the feed shows, another one after a reserve order's
    display was refreshed. ``token`` is the owner's own number (OUCH UserRefNum; 0 for the house), ``party`` the firm
    behind it (None for the house), ``ticket`` whatever the owner keeps with the order.

    Price: ``limit`` is what was asked; ``price`` is where it works: inside price bands, above the bid for a restricted
    short sale, at the midpoint for a peg.

    Quantity: ``shares`` stand in this entry's queue, ``executed`` counts the whole replace chain. A reserve order shows
    at most ``max_floor`` (varied by up to ``random_floor``) and keeps the rest in a second, hidden entry ``reserve``,
    which points back with ``front``. ``min_quantity``: trades with nobody who takes less.

    ``mpid`` (4 bytes) is shown on the feed (ITCH `F`), or empty. ``aiq`` is the code of a self-match prevention
    strategy (OUCH 5.0 §5.7), 0 = off, in effect among orders of the same ``aiq_group``. ``auction`` is the code of the
    cross that the order waits for (ITCH cross type), 0 = none. ``level`` is set while the entry stands in a book.
    """

    def __init__(self) -> None:
        self.ref = 0
        self.shown_ref = 0
        self.owner = HOUSE
        self.token = 0
        self.book: Book = None  # type: ignore[assignment]  # set by whoever makes the order
        self.party: Party | None = None
        self.ticket: Any = None
        self.buy = False
        self.limit = 0
        self.price = 0
        self.shares = 0
        self.executed = 0
        self.time = 0
        self.displayed = True
        self.ioc = False
        self.post_only = False
        self.short_sale = False
        self.midpoint = False
        self.imbalance_only = False
        self.auction = 0
        self.min_quantity = 0
        self.max_floor = 0
        self.random_floor = 0
        self.aiq = 0
        self.aiq_group = 0
        self.mpid = b""
        self.reserve: Order | None = None
        self.front: Order | None = None
        self.level: Level | None = None
        self.prev: Order | None = None
        self.next: Order | None = None

    def open_shares(self) -> int:
        """Shares that can still trade, the hidden ones of a reserve order included."""
        if self.reserve is None:
            return self.shares
        return self.shares + self.reserve.shares

    def __repr__(self) -> str:
        side = "buy" if self.buy else "sell"
        return f"Order({self.ref}, {side} {self.open_shares()} @ {self.price}, owner={self.owner})"


def warm(count: int = 65_536) -> None:
    """Make the memory of so many orders ready, so that no page fault falls into trading hours."""
    orders = [Order() for _ in range(count)]
    orders.clear()


def limit_order(book: Book, buy: bool, shares: int, price: int, ref: int, owner: int = HOUSE, token: int = 0) -> Order:
    """A displayed day order; whatever else it is to be is set on it before it is entered."""
    order = Order()
    order.ref = ref
    order.shown_ref = ref
    order.book = book
    order.buy = buy
    order.shares = shares
    order.limit = price
    order.price = price
    order.owner = owner
    order.token = token
    return order
