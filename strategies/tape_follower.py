"""An example that is interpreted: no `.pxd` beside it, so any Python will do, at the price the trader reports."""

from collections import deque
from collections.abc import Mapping

from hftapp.trader.instrument import Instrument
from hftapp.trader.order import BUY, SELL
from hftapp.trader.strategy.base import Context, Param, Strategy
from hftapp.units import Price, Shares


class TapeFollower(Strategy):
    """Takes `size` shares in the direction of the tape once `prints` trades in a row went one way.

    Trades of fewer than `min_shares` shares say nothing.
    """

    PARAMS = (
        Param("prints", 4, 2, 100, "trades in a row"),
        Param("min_shares", 1, 1, 1_000_000, "smallest trade that counts"),
        Param("size", 100, 1, 10_000, "shares of an order"),
        Param("max_position", 300, 1, 1_000_000, "largest position, each way"),
    )

    def __init__(self, context: Context, params: Mapping[str, int]) -> None:
        super().__init__(context, params)
        self.tapes: dict[str, deque[Price]] = {}

    def on_trade(self, instrument: Instrument, price: Price, shares: Shares) -> None:
        """Remember the print, and act when the last ones rise or fall without a break."""
        if shares < self.params["min_shares"]:
            return
        wanted = self.params["prints"] + 1
        tape = self.tapes.setdefault(instrument.symbol, deque(maxlen=wanted))
        tape.append(price)
        steps = [after - before for before, after in zip(tape, list(tape)[1:], strict=False)]
        if len(tape) < wanted or instrument.halted:
            return
        if all(step > 0 for step in steps):
            self.follow(instrument, BUY, instrument.ask)
        elif all(step < 0 for step in steps):
            self.follow(instrument, SELL, instrument.bid)

    def follow(self, instrument: Instrument, side: int, price: Price) -> None:
        """Take what the position still allows, and start the tape anew."""
        context = self.context
        room = (
            self.params["max_position"] - side * context.inventory(instrument) - context.open_shares(instrument, side)
        )
        if price and room > 0:
            context.take(instrument, side, Shares(min(self.params["size"], room)), price)
            self.tapes[instrument.symbol].clear()
