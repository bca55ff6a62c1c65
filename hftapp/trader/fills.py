"""The last executions, so that a broken trade among them can be taken back."""

from __future__ import annotations

from array import array

import cython

from hftapp.trader.instrument import Instrument
from hftapp.trader.order import Order

if not cython.compiled:
    from hftapp.units import Price, Shares

_NOWHERE = Instrument("", -1)


@cython.final
@cython.cclass
class Fills:
    """A ring of `size` executions. `count`: all that were ever added.

    `instrument`, `shares`, `price` (price4), `side` and `owner` are those of the execution that `take` found.
    """

    def __init__(self, size: int) -> None:
        if size < 1:
            raise ValueError(f"at least one execution has to be remembered, not {size}")
        self.size = size
        self.count = 0
        self.instrument = _NOWHERE
        self.shares = Shares(0)
        self.price = Price(0)
        self.side = self.owner = 0
        self._refs = array("q", bytes(8 * size))
        self._shares = array("q", bytes(8 * size))
        self._prices = array("q", bytes(8 * size))
        self._matches = array("Q", bytes(8 * size))
        self._venues = array("i", bytes(4 * size))
        self._sides = array("i", bytes(4 * size))
        self._owners = array("i", bytes(4 * size))
        self._instruments: list[Instrument] = [_NOWHERE] * size

    def add(self, order: Order, shares: Shares, price: Price, match: int) -> None:
        """Remember an execution, and the oldest one no longer."""
        i = self.count % self.size
        self._refs[i] = order.ref
        self._shares[i] = shares
        self._prices[i] = price
        self._matches[i] = match
        self._venues[i] = order.venue
        self._sides[i] = order.side
        self._owners[i] = order.owner
        self._instruments[i] = order.instrument
        self.count += 1

    def take(self, venue: int, ref: int, match: int) -> bool:
        """Find an execution and forget it; False when it is not remembered. Looks at every one: breaks are rare."""
        i = self.size if self.count > self.size else self.count
        while i > 0:
            i -= 1
            if self._matches[i] == match and self._refs[i] == ref and self._venues[i] == venue and self._shares[i] != 0:
                self.instrument = self._instruments[i]
                self.shares = Shares(self._shares[i])
                self.price = Price(self._prices[i])
                self.side = self._sides[i]
                self.owner = self._owners[i]
                self._shares[i] = 0
                return True
        return False
