"""cython-orderbook: an engine compiled with Cython; no replace: cancel and enter."""

from cython_orderbook import Order, OrderBook, OrderSide

from benchmarks.peers.cancel_and_add import CancelAndAdd

_BID, _ASK = OrderSide.BID, OrderSide.ASK


def make(symbols: int) -> CancelAndAdd:
    """For `benchmarks.replay`."""
    return CancelAndAdd(symbols, OrderBook, lambda buy, price, shares: Order(_BID if buy else _ASK, shares, price))
