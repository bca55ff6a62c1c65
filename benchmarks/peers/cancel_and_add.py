"""Two packages with the same classes: one book a symbol, no replace, orders with an id of their own."""

from collections.abc import Callable
from typing import Any


class CancelAndAdd:
    """See `benchmarks.replay.Peer`. ``book`` makes a book, ``order`` an order of (buy, price, shares)."""

    def __init__(self, symbols: int, book: Callable[[], Any], order: Callable[[bool, int, int], Any]) -> None:
        self._books = [book() for _ in range(symbols)]
        self._order = order

    def add(self, symbol: int, buy: bool, price: int, shares: int) -> Any:
        """Enter."""
        order = self._order(buy, price, shares)
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
