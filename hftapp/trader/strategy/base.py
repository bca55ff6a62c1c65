"""What a strategy is, and what it may do.

A strategy is a class with `on_book`, `on_trade`, `on_fill` and `on_timer`. It is called at the end of each datagram,
once for every symbol it follows whose book changed: it never sees a book between two messages of one datagram. It acts
through its context; every order passes the risk gate there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, NamedTuple

import cython

from hftapp.trader.instrument import Instrument
from hftapp.trader.order import Order

if not cython.compiled:
    from hftapp.units import Price, Shares


class Param(NamedTuple):
    """An integer that a strategy takes from the configuration; without a `default` it has to be given."""

    name: str
    default: int | None
    low: int
    high: int
    what: str = ""


class Context:
    """The only door from a strategy to the market. Sides are `BUY` (1) and `SELL` (-1), prices price4.

    `now`: time of the event that is being handled, ns. `best_price`, `best_shares`: what `best_without_own` found.
    """

    def __init__(self) -> None:
        self.now = 0
        self.best_price = Price(0)
        self.best_shares = Shares(0)

    def quote(self, instrument: Instrument, side: int, shares: Shares, price: Price, min_move: Price) -> None:
        """Have one day order of `shares` at `price` resting on a side; 0 shares: have none.

        Enters, replaces or cancels as needed. An order closer than `min_move` (price4) to the wanted price stays
        where it is and keeps its priority, unless less than half of the wanted shares is left of it.
        """
        raise NotImplementedError

    def take(self, instrument: Instrument, side: int, shares: Shares, price: Price) -> bool:
        """Send immediate-or-cancel orders to where the shares are, at most to `price`; False when none was sent."""
        raise NotImplementedError

    def cancel(self, order: Order) -> None:
        """Cancel one order."""
        raise NotImplementedError

    def pull(self, instrument: Instrument) -> None:
        """Cancel every quote of this strategy in a symbol."""
        raise NotImplementedError

    def inventory(self, instrument: Instrument) -> Shares:
        """Shares this strategy has bought less those it has sold."""
        raise NotImplementedError

    def open_shares(self, instrument: Instrument, side: int) -> Shares:
        """Shares of this strategy's orders of a side that may still execute, those in flight among them."""
        raise NotImplementedError

    def best_without_own(self, instrument: Instrument, side: int) -> bool:
        """Find the best level of a side once the trader's own orders are taken out, over all venues.

        True: its price is in `best_price`, its shares are in `best_shares`. False: there is none, both are 0.
        """
        raise NotImplementedError


class Strategy:
    """Base class: follows nothing, does nothing. `PARAMS`: what the configuration may set in `params`."""

    PARAMS: ClassVar[tuple[Param, ...]] = ()

    def __init__(self, context: Context, params: Mapping[str, int]) -> None:
        self.context = context
        self.params = params

    def on_book(self, instrument: Instrument) -> None:
        """A followed book changed, or an own order in it did."""

    def on_trade(self, instrument: Instrument, price: Price, shares: Shares) -> None:
        """A trade was printed."""

    def on_fill(self, instrument: Instrument, order: Order, shares: Shares, price: Price) -> None:
        """An own order was executed (negative shares: an execution was broken)."""

    def on_timer(self, now: int) -> None:
        """About every 100 ms."""
