"""One symbol as the trader sees it: the market's side of it, kept by `Market`, and the trader's own, kept by `Orders`.

Prices are price4, 0 where there is none. Exposures are shares of open own orders that may still execute; of an order
and its replace in flight only the larger counts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import cython

if not cython.compiled:
    from hftapp.units import Notional, Price, Shares
if TYPE_CHECKING:
    from hftapp.trader.order import Order

MAX_VENUES = 4
"""Venues of one trader."""
TRADING_STATE, OPERATIONAL = 1, 1 << MAX_VENUES
"""Kinds of halts of one venue, shifted by its number: the symbol's trading state there, and an operational halt."""


class Instrument:
    """A symbol of any venue. `index` counts instruments from 0 in the order in which the feeds name them.
    `stock`: its name as in a message, eight bytes; `stock_word`: the same as one big-endian number.

    `halted`: no continuous trading, for whatever of the reasons in the bit mask `halts`. `updates`: book changes so
    far. `bid_venue`, `ask_venue`: number of the venue that shows the best price. `short_restricted`: the short sale
    price test (Regulation SHO Rule 201) is in effect (ITCH 5.0, Reg SHO Action other than 0).

    The open own orders are the first `own_count` of `own`; what follows is a dead order of no side, because a list that
    grows and shrinks would allocate. `valued`: the position times the mark at which it was last valued,
    `held`: it has had a position.
    """

    def __init__(self, symbol: str, index: int) -> None:
        self.symbol = symbol
        self.stock = symbol.encode("ascii").ljust(8)
        self.stock_word = int.from_bytes(self.stock[:8], "big")
        self.index = index
        self.bid = self.ask = Price(0)
        self.bid_shares = self.ask_shares = Shares(0)
        self.bid_venue = self.ask_venue = 0
        self.last = Price(0)
        self.halts = 0
        self.halted = False
        self.updates = 0
        self.touched = False
        self.position = Shares(0)
        self.exposed_buy = self.exposed_sell = Shares(0)
        self.open_notional = Notional(0)
        self.own: list[Order] = []
        self.own_count = 0
        self.valued = Notional(0)
        self.held = False
        self.permitted = True
        self.restricted = False
        self.short_restricted = False
        self.borrow = Shares(0)

    def halt(self, kind: int, halted: bool) -> None:
        """One kind of halt begins or ends; the symbol trades when none is left."""
        if halted:
            self.halts |= kind
        else:
            self.halts &= ~kind
        self.halted = self.halts != 0

    def mid(self) -> Price:
        """Half-way between best bid and best ask, rounded down; 0 when a side is empty."""
        if self.bid == 0 or self.ask == 0:
            return Price(0)
        return Price((self.bid + self.ask) // 2)

    def mark(self) -> Price:
        """Price at which a position is valued: the mid, else the last trade, else whichever side there is, else 0."""
        if self.bid != 0 and self.ask != 0:
            return Price((self.bid + self.ask) // 2)
        if self.last != 0:
            return self.last
        return self.bid + self.ask
