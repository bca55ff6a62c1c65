"""What a strategy is, and what it may do.

A strategy is a class with `on_book`, `on_trade`, `on_fill` and `on_timer`. It is called at the end of each datagram,
once for every symbol it follows whose book changed: it never sees a book between two messages of one datagram. It acts
through its context; every order passes the risk gate there.
"""

from collections.abc import Mapping
from typing import Protocol

from hftapp.trader.market import Instrument
from hftapp.trader.order import Order


class Context(Protocol):
    """The only door from a strategy to the market."""

    now: int
    """Time of the event that is being handled, ns."""

    def quote(self, instrument: Instrument, side: str, shares: int, price: int, min_move: int) -> None:
        """Have one day order of `shares` at `price` resting on a side; 0 shares: have none.

        Enters, replaces or cancels as needed. An order closer than `min_move` (price4) to the wanted price stays
        where it is and keeps its priority, unless less than half of the wanted shares is left of it.
        """

    def take(self, instrument: Instrument, side: str, shares: int, price: int) -> bool:
        """Send an immediate-or-cancel order; False when the risk gate refused it."""

    def cancel(self, order: Order) -> None:
        """Cancel one order."""

    def pull(self, instrument: Instrument) -> None:
        """Cancel every order of this strategy in a symbol."""

    def inventory(self, instrument: Instrument) -> int:
        """Shares this strategy has bought less those it has sold."""

    def best_without_own(self, instrument: Instrument, side: str) -> tuple[int, int] | None:
        """(price4, shares) of the best level of a side once the trader's own orders are taken out; None when empty."""


class Strategy:
    """Base class: follows nothing, does nothing."""

    def __init__(self, context: Context, params: Mapping[str, int]) -> None:
        self.context = context
        self.params = params

    def on_book(self, instrument: Instrument) -> None:
        """A followed book changed, or an own order in it did."""

    def on_trade(self, instrument: Instrument, price: int, shares: int) -> None:
        """A trade was printed."""

    def on_fill(self, instrument: Instrument, order: Order, shares: int, price: int) -> None:
        """An own order was executed (negative shares: an execution was broken)."""

    def on_timer(self) -> None:
        """About every 100 ms."""
