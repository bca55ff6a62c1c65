"""Two-sided quoting around the mid of other people's orders, leaning against the inventory."""

from collections.abc import Mapping

from hftapp.trader.market import Instrument
from hftapp.trader.order import BUY, SELL
from hftapp.trader.strategy.base import Context, Strategy

BPS = 10_000


class MarketMaker(Strategy):
    """Quotes `size` shares `half_spread_bps` each side of the mid, both shifted against the inventory.

    The shift is `skew_bps` at `max_inventory`, in proportion below it; at `max_inventory` the side that would add to it
    stops. Quotes never cross the market and are pulled when it is one-sided, crossed or wider than `max_spread_bps`.
    """

    def __init__(self, context: Context, params: Mapping[str, int]) -> None:
        super().__init__(context, params)
        self._size = params["size"]
        self._half_spread = params["half_spread_bps"]
        self._skew = params["skew_bps"]
        self._limit = params["max_inventory"]
        self._min_move = params["min_move"]
        self._tick = params["tick"]
        self._max_spread = params["max_spread_bps"]

    def on_book(self, instrument: Instrument) -> None:
        """Move the quotes to where they belong now."""
        context = self.context
        bid = context.best_without_own(instrument, BUY)
        ask = context.best_without_own(instrument, SELL)
        if bid is None or ask is None or instrument.halted:
            context.pull(instrument)
            return
        prices = self.prices(bid[0], ask[0], context.inventory(instrument))
        if prices is None:
            context.pull(instrument)
            return
        inventory = context.inventory(instrument)
        buy = min(self._size, max(0, self._limit - inventory))
        sell = min(self._size, max(0, self._limit + inventory))
        context.quote(instrument, BUY, buy if prices[0] > 0 else 0, prices[0], self._min_move)
        context.quote(instrument, SELL, sell, prices[1], self._min_move)

    def prices(self, bid: int, ask: int, inventory: int) -> tuple[int, int] | None:
        """Quote prices (buy, sell) for other people's best bid and ask, price4; None when it should not quote."""
        mid = (bid + ask) // 2
        if ask <= bid or (ask - bid) * BPS > self._max_spread * mid:
            return None
        tick = self._tick
        held = max(-self._limit, min(self._limit, inventory))
        shift = mid * self._skew * held // (self._limit * BPS)
        half = max(tick, mid * self._half_spread // BPS)
        buy = (mid - shift - half) // tick * tick
        sell = -(-(mid - shift + half) // tick) * tick
        return min(buy, (ask - 1) // tick * tick), max(sell, -(-(bid + 1) // tick) * tick)
