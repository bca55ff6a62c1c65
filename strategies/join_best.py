"""An example that is compiled: `join_best.pxd` beside it gives its C types."""

from __future__ import annotations

from collections.abc import Mapping

import cython

from hftapp.trader.instrument import Instrument
from hftapp.trader.order import BUY, SELL
from hftapp.trader.strategy.base import Context, Param, Strategy

if not cython.compiled:
    from hftapp.units import Price, Shares

_BUY, _SELL = BUY, SELL


class JoinBest(Strategy):
    """Rests `size` shares at other people's best bid and at their best ask while the spread is worth it.

    At a position of `max_inventory` the side that would add to it stops.
    """

    PARAMS = (
        Param("size", 100, 1, 10_000, "shares quoted on each side"),
        Param("min_spread", 200, 100, 1_000_000, "smallest spread in which it quotes, price4"),
        Param("max_inventory", 300, 1, 1_000_000, "position at which one side stops"),
    )

    def __init__(self, context: Context, params: Mapping[str, int]) -> None:
        super().__init__(context, params)
        self._size = Shares(params["size"])
        self._min_spread = Price(params["min_spread"])
        self._limit = Shares(params["max_inventory"])

    def on_book(self, instrument: Instrument) -> None:
        """Follow the best prices."""
        context = self.context
        bid = ask = Price(0)
        if context.best_without_own(instrument, _BUY):
            bid = context.best_price
        if context.best_without_own(instrument, _SELL):
            ask = context.best_price
        if instrument.halted or bid == 0 or ask - bid < self._min_spread:
            context.pull(instrument)
            return
        inventory = context.inventory(instrument)
        context.quote(instrument, _BUY, self._size if inventory < self._limit else Shares(0), bid, Price(1))
        context.quote(instrument, _SELL, self._size if inventory > -self._limit else Shares(0), ask, Price(1))
