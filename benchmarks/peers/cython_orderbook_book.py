"""cython-orderbook: an engine compiled with Cython; no replace: cancel and enter."""

from typing import Any

from cython_orderbook import Order, OrderBook, OrderSide

_BID, _ASK = OrderSide.BID, OrderSide.ASK


class CythonOrderbook:
    """See `benchmarks.replay.Peer`; one book a symbol."""

    def __init__(self, symbols: int) -> None:
        self._books = [OrderBook() for _ in range(symbols)]

    def add(self, symbol: int, buy: bool, price: int, shares: int) -> Any:
        """Enter."""
        order = Order(_BID if buy else _ASK, shares, price)
        self._books[symbol].add_limit_order(order)
        return order.order_id

    def cancel(self, symbol: int, handle: Any) -> None:
        """Cancel."""
        self._books[symbol].cancel_order(handle)

    def replace(self, symbol: int, handle: Any, buy: bool, price: int, shares: int) -> Any:
        """Replace."""
        self._books[symbol].cancel_order(handle)
        return self.add(symbol, buy, price, shares)

    def traded(self) -> int:
        """Shares traded."""
        return sum(trade.quantity_filled for book in self._books for trade in book.trade_log)


def make(symbols: int) -> CythonOrderbook:
    """For `benchmarks.replay`."""
    return CythonOrderbook(symbols)
