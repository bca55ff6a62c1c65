"""Two-sided quoting around the mid of other people's orders, leaning against the inventory."""

from __future__ import annotations

from collections.abc import Mapping

import cython

from hftapp.trader.instrument import Instrument
from hftapp.trader.order import BUY, SELL
from hftapp.trader.strategy.base import Context, Strategy

if not cython.compiled:
    from hftapp.units import Price, Shares

_BPS = 10_000
_BUY, _SELL = BUY, SELL


def _down(value: int, divisor: int) -> int:
    """Divide and round down, whatever the sign of `value` (C rounds towards 0); `divisor` is positive."""
    quotient = value // divisor
    return quotient - 1 if quotient * divisor > value else quotient


@cython.final
@cython.cclass
class MarketMaker(Strategy):
    """Quotes `size` shares `half_spread_bps` each side of the mid, both shifted against the inventory.

    The shift is `skew_bps` at `max_inventory`, in proportion below it; at `max_inventory` the side that would add to it
    stops. Quotes never cross the market and are pulled when it is one-sided, crossed or wider than `max_spread_bps`.
    """

    def __init__(self, context: Context, params: Mapping[str, int]) -> None:
        super().__init__(context, params)
        self.buy_price = self.sell_price = Price(0)
        self._size = Shares(params["size"])
        self._half_spread = params["half_spread_bps"]
        self._skew = params["skew_bps"]
        self._limit = Shares(params["max_inventory"])
        self._min_move = Price(params["min_move"])
        self._tick = Price(params["tick"])
        self._max_spread = params["max_spread_bps"]

    def on_book(self, instrument: Instrument) -> None:
        """Move the quotes to where they belong now."""
        context = self.context
        if instrument.halted or not context.best_without_own(instrument, _BUY):
            context.pull(instrument)
            return
        bid = context.best_price
        if not context.best_without_own(instrument, _SELL):
            context.pull(instrument)
            return
        ask = context.best_price
        inventory = context.inventory(instrument)
        if not self.prices(bid, ask, inventory):
            context.pull(instrument)
            return
        buy = self._limit - inventory
        if buy > self._size:
            buy = self._size
        sell = self._limit + inventory
        if sell > self._size:
            sell = self._size
        if self.buy_price <= 0:
            buy = Shares(0)
        context.quote(instrument, _BUY, buy, self.buy_price, self._min_move)
        context.quote(instrument, _SELL, sell, self.sell_price, self._min_move)

    def prices(self, bid: Price, ask: Price, inventory: Shares) -> bool:
        """Work out the quotes for other people's best bid and ask, price4; False when it should not quote.

        They are in `buy_price` and `sell_price`.
        """
        mid = Price((bid + ask) // 2)
        if ask <= bid or (ask - bid) * _BPS > self._max_spread * mid:
            return False
        tick = self._tick
        held = inventory
        if held > self._limit:
            held = self._limit
        elif held < -self._limit:
            held = -self._limit
        # mid * skew * held / (limit * BPS), rounded down, in parts that stay within 64 bits.
        full = mid * self._skew
        scale = self._limit * _BPS
        shift = full // scale * held + _down(full % scale * held, scale)
        half = Price(mid * self._half_spread // _BPS)
        if half < tick:
            half = tick
        buy = Price(_down(mid - shift - half, tick) * tick)
        sell = Price(-_down(shift - mid - half, tick) * tick)
        highest = Price((ask - 1) // tick * tick)
        lowest = Price((bid + tick) // tick * tick)
        self.buy_price = buy if buy < highest else highest
        self.sell_price = sell if sell > lowest else lowest
        return True
