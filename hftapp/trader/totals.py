"""What the own orders and positions amount to, kept up to date with every change and never added up on the path.

Exposure is shares that may still execute: of an order and its replace in flight only the larger counts, because only
one of them can be on the book. Gross exposure is the sum over all instruments of |position| times mark, net exposure of
position times mark; a position is valued at its fills and at every `remark`, an instrument without a mark at the price
of the fill.
"""

from __future__ import annotations

from array import array
from typing import Final

import cython

from hftapp.trader.instrument import Instrument
from hftapp.trader.order import BUY, DEAD, Order

if not cython.compiled:
    from hftapp.units import Notional, Price, Shares

NAMES: Final = (
    "accepted",
    "accepted_replaces",
    "rejected",
    "cancelled",
    "cancelled_orders",
    "executions",
    "executed_shares",
    "bought_shares",
    "sold_shares",
    "broken",
    "adopted",
    "lost",
    "unknown",
    "malformed",
    "open",
    "open_notional",
    "gross_exposure",
    "net_exposure",
    "executed_notional",
    "cash",
)
"""Counters of the orders, by their place in the array. `accepted` counts enters and replaces, `accepted_replaces` those
alone; `cancelled` is in shares. From `open` on they are totals, written by `publish`."""

_BUY, _DEAD = BUY, DEAD
_NOWHERE = Instrument("", -1)
_OPEN, _OPEN_NOTIONAL, _GROSS, _NET, _EXECUTED_NOTIONAL, _CASH = range(NAMES.index("open"), len(NAMES))


class Totals:
    """Totals over all instruments and venues, in 1/10,000 dollar; those of one instrument are kept in it.

    `open_notional`: remaining shares times limit price of every open order. `executed_notional`: bought and sold today.
    `counters`: the array of `NAMES`, 64-bit, anywhere in memory.
    """

    def __init__(self, counters: array[int] | memoryview | None = None) -> None:
        given = array("q", bytes(8 * len(NAMES))) if counters is None else counters
        if len(given) < len(NAMES):
            raise ValueError(f"the orders have {len(NAMES)} counters; there is room for {len(given)}")
        self._counters = given
        self.open_count = 0
        self.open_notional = Notional(0)
        self.gross_exposure = Notional(0)
        self.net_exposure = Notional(0)
        self.executed_notional = Notional(0)
        self.cash = Notional(0)
        self._held: list[Instrument] = [_NOWHERE] * 1024
        self._held_count = 0

    def counts(self) -> dict[str, int]:
        """Every counter by its name, the totals as they are now."""
        self.publish()
        return {name: int(self._counters[i]) for i, name in enumerate(NAMES)}

    def recount(self, order: Order) -> None:
        """An order has changed: its part of exposure and open notional is what it is now."""
        instrument = order.instrument
        shares = Shares(0)
        value = Notional(0)
        if order.state != _DEAD:
            value = order.remaining * order.price
            if order.replaces is None:
                shares = order.remaining
                new = order.replaced_by
                if new is not None and new.remaining > shares:
                    shares = new.remaining
        extra = shares - order.exposed
        order.exposed = shares
        if order.side == _BUY:
            instrument.exposed_buy += extra
        else:
            instrument.exposed_sell += extra
        more = value - order.counted
        order.counted = value
        instrument.open_notional += more
        self.open_notional += more

    def book_fill(self, instrument: Instrument, side: int, shares: Shares, price: Price) -> None:
        """Shares were executed at a price (negative: an execution was broken)."""
        signed = shares if side == _BUY else -shares
        traded = signed * price
        instrument.position += signed
        self.cash -= traded
        self.executed_notional += traded if side == _BUY else -traded
        if not instrument.held:
            self._hold(instrument)
        self.revalue(instrument, price)

    def revalue(self, instrument: Instrument, otherwise: Price) -> None:
        """Value a position at its mark; `otherwise`: the price to take where there is none, 0 to leave it as it is."""
        mark = instrument.mark()
        if mark == 0:
            mark = otherwise
            if mark == 0:
                return
        value = instrument.position * mark
        before = instrument.valued
        instrument.valued = value
        self.net_exposure += value - before
        self.gross_exposure += (value if value > 0 else -value) - (before if before > 0 else -before)

    def remark(self) -> None:
        """Value every position at its mark of now."""
        for i in range(self._held_count):
            self.revalue(self._held[i], Price(0))

    def publish(self) -> None:
        """Write the totals beside the counters."""
        self._counters[_OPEN] = self.open_count
        self._counters[_OPEN_NOTIONAL] = self.open_notional
        self._counters[_GROSS] = self.gross_exposure
        self._counters[_NET] = self.net_exposure
        self._counters[_EXECUTED_NOTIONAL] = self.executed_notional
        self._counters[_CASH] = self.cash

    def _hold(self, instrument: Instrument) -> None:
        instrument.held = True
        if self._held_count == len(self._held):
            self._held.append(_NOWHERE)
        self._held[self._held_count] = instrument
        self._held_count += 1
