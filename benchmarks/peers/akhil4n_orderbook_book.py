"""akhil4n-orderbook: an engine in Python on sorted dictionaries; no replace: cancel and enter."""

from orderbook import Order, OrderBook, OrderSide

from benchmarks.peers.cancel_and_add import CancelAndAdd

_BID, _ASK = OrderSide.BID, OrderSide.ASK


def make(symbols: int) -> CancelAndAdd:
    """For `benchmarks.replay`."""
    return CancelAndAdd(symbols, OrderBook, lambda buy, price, shares: Order(_BID if buy else _ASK, price, shares))
