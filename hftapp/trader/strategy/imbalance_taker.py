"""Takes liquidity when the best level leans heavily to one side: the price tends to move away from the larger queue."""

from collections.abc import Mapping

from hftapp.trader.market import Instrument
from hftapp.trader.order import BUY, SELL
from hftapp.trader.strategy.base import Context, Strategy

BPS = 10_000
MS = 1_000_000


class ImbalanceTaker(Strategy):
    """Sends an immediate-or-cancel order against the thin side when one side holds `ratio_pct` of the best level.

    At most `size` shares, at most what is there, at most up to `max_position`; then pauses for `cooldown_ms` in that
    symbol.
    """

    def __init__(self, context: Context, params: Mapping[str, int]) -> None:
        super().__init__(context, params)
        self._size = params["size"]
        self._ratio = params["ratio_pct"]
        self._min_shares = params["min_shares"]
        self._max_spread = params["max_spread_bps"]
        self._limit = params["max_position"]
        self._cooldown = params["cooldown_ms"] * MS
        self._rest_until: dict[str, int] = {}

    def on_book(self, instrument: Instrument) -> None:
        """Take when the signal is there and the symbol has rested."""
        context = self.context
        if instrument.halted or context.now < self._rest_until.get(instrument.symbol, 0):
            return
        bid = context.best_without_own(instrument, BUY)
        ask = context.best_without_own(instrument, SELL)
        if bid is None or ask is None or ask[0] <= bid[0]:
            return
        if (ask[0] - bid[0]) * BPS > self._max_spread * bid[0]:
            return
        side = self.signal(bid[1], ask[1])
        if not side:
            return
        inventory = context.inventory(instrument)
        price, there = ask if side == BUY else bid
        room = self._limit - inventory if side == BUY else self._limit + inventory
        shares = min(self._size, there, room)
        if shares > 0:
            context.take(instrument, side, shares, price)
            self._rest_until[instrument.symbol] = context.now + self._cooldown

    def signal(self, bid_shares: int, ask_shares: int) -> str:
        """`B` when buyers hold enough of the best level's shares, `S` when sellers do, else empty."""
        total = bid_shares + ask_shares
        if total < self._min_shares:
            return ""
        if bid_shares * 100 >= self._ratio * total:
            return BUY
        return SELL if ask_shares * 100 >= self._ratio * total else ""
