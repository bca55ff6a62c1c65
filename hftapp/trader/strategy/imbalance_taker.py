"""Takes liquidity when the best level leans heavily to one side: the price tends to move away from the larger queue."""

from __future__ import annotations

from array import array
from collections.abc import Mapping

import cython

from hftapp.trader.instrument import Instrument
from hftapp.trader.order import BUY, SELL
from hftapp.trader.strategy.base import Context, Strategy

MS = 1_000_000

if not cython.compiled:
    from hftapp.units import Shares

    _BPS = 10_000
    _SYMBOLS = 1 << 16
    _BUY, _SELL = BUY, SELL


@cython.final
@cython.cclass
class ImbalanceTaker(Strategy):
    """Sends an immediate-or-cancel order against the thin side when one side holds `ratio_pct` of the best level.

    At most `size` shares, at most what is there, at most up to `max_position` with what is in flight; then pauses for
    `cooldown_ms` in that symbol.
    """

    def __init__(self, context: Context, params: Mapping[str, int]) -> None:
        super().__init__(context, params)
        self._size = Shares(params["size"])
        self._ratio = params["ratio_pct"]
        self._min_shares = Shares(params["min_shares"])
        self._max_spread = params["max_spread_bps"]
        self._limit = Shares(params["max_position"])
        self._cooldown = params["cooldown_ms"] * MS
        self._rest_until = array("q", bytes(8 * _SYMBOLS))

    def on_book(self, instrument: Instrument) -> None:
        """Take when the signal is there and the symbol has rested."""
        index = instrument.index
        if instrument.halted or index >= _SYMBOLS or self.context.now < self._rest_until[index]:
            return
        if instrument.own_count == 0:  # what `best_without_own` would find
            bid, bid_shares = instrument.bid, instrument.bid_shares
            ask, ask_shares = instrument.ask, instrument.ask_shares
            if bid == 0 or ask == 0:
                return
        else:
            if not self.context.best_without_own(instrument, _BUY):
                return
            bid, bid_shares = self.context.best_price, self.context.best_shares
            if not self.context.best_without_own(instrument, _SELL):
                return
            ask, ask_shares = self.context.best_price, self.context.best_shares
        if ask <= bid or (ask - bid) * _BPS > self._max_spread * bid:
            return
        side = self.signal(bid_shares, ask_shares)
        if side == 0:
            return
        price, shares = ask, ask_shares
        if side != _BUY:
            price, shares = bid, bid_shares
        room = self._limit - Shares(side * self.context.inventory(instrument))
        if instrument.own_count != 0:
            room -= self.context.open_shares(instrument, side)
        if shares > self._size:
            shares = self._size
        if shares > room:
            shares = room
        if shares > 0:
            self.context.take(instrument, side, shares, price)
            self._rest_until[index] = self.context.now + self._cooldown

    def signal(self, bid_shares: Shares, ask_shares: Shares) -> int:
        """`BUY` when buyers hold enough of the best level's shares, `SELL` when sellers do, else 0."""
        total = bid_shares + ask_shares
        if total < self._min_shares:
            return 0
        if bid_shares * 100 >= self._ratio * total:
            return _BUY
        return _SELL if ask_shares * 100 >= self._ratio * total else 0
