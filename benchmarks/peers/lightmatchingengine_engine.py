"""lightmatchingengine: an engine in Python on dictionaries of lists; no replace: cancel and enter."""

from typing import Any

from lightmatchingengine.lightmatchingengine import LightMatchingEngine, Side


class Lightmatchingengine:
    """See `benchmarks.replay.Peer`."""

    def __init__(self, symbols: int) -> None:
        del symbols
        self._engine = LightMatchingEngine()
        self._traded = 0

    def add(self, symbol: int, buy: bool, price: int, shares: int) -> Any:
        """Enter."""
        order, trades = self._engine.add_order(symbol, price, shares, Side.BUY if buy else Side.SELL)
        if trades:
            self._traded += shares - order.leaves_qty
        return order.order_id

    def cancel(self, symbol: int, handle: Any) -> None:
        """Cancel."""
        self._engine.cancel_order(handle, symbol)

    def replace(self, symbol: int, handle: Any, buy: bool, price: int, shares: int) -> Any:
        """Replace."""
        self._engine.cancel_order(handle, symbol)
        return self.add(symbol, buy, price, shares)

    def traded(self) -> int:
        """Shares traded."""
        return self._traded


def make(symbols: int) -> Lightmatchingengine:
    """For `benchmarks.replay`."""
    return Lightmatchingengine(symbols)
