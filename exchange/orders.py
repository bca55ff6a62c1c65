"""The order as the matching engine keeps it.

Units: prices are price4 integers (1/10,000 dollar), quantities whole shares, times nanoseconds since midnight.
Plain classes with typed slots: the module compiles unchanged in Cython's pure mode.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from exchange.book import Level

# References the exchange assigns start here, so that they never meet those of a replayed file.
FIRST_REFERENCE = 1 << 32

# The account number of the exchange's own order flow; clients' accounts count from 1.
HOUSE = 0


class Order:
    """One order: what was asked, what is still open, and its place in the queue of its price level.

    ``ref`` is day-unique (u64). ``token`` is the owner's own number (OUCH UserRefNum; 0 for the house).
    ``shares`` are still open, ``executed`` counts the whole replace chain. ``attribution`` is an MPID shown on the
    feed (ITCH `F`) or empty. ``level`` is set while the order rests on a book.
    """

    __slots__ = (
        "attribution",
        "buy",
        "displayed",
        "executed",
        "ioc",
        "level",
        "next",
        "owner",
        "post_only",
        "prev",
        "price",
        "ref",
        "shares",
        "symbol",
        "token",
    )

    def __init__(
        self,
        ref: int,
        symbol: str,
        buy: bool,
        shares: int,
        price: int,
        owner: int = HOUSE,
        token: int = 0,
        displayed: bool = True,
        ioc: bool = False,
        post_only: bool = False,
        attribution: str = "",
        executed: int = 0,
    ) -> None:
        self.ref: int = ref
        self.symbol: str = symbol
        self.buy: bool = buy
        self.shares: int = shares
        self.price: int = price
        self.owner: int = owner
        self.token: int = token
        self.displayed: bool = displayed
        self.ioc: bool = ioc
        self.post_only: bool = post_only
        self.attribution: str = attribution
        self.executed: int = executed
        self.level: Level | None = None
        self.prev: Order | None = None
        self.next: Order | None = None

    def __repr__(self) -> str:
        side = "buy" if self.buy else "sell"
        return f"Order({self.ref}, {side} {self.shares} {self.symbol} @ {self.price}, owner={self.owner})"
