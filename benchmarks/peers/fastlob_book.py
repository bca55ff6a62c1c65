"""fastlob: an engine in Python with decimal prices; its update keeps the price, so a replace is cancel and enter."""

import logging
from typing import Any

from fastlob import Orderbook, OrderParams, OrderSide, OrderType, ResultType

_BID, _ASK = OrderSide.BID, OrderSide.ASK
_TRADED = (ResultType.MARKET, ResultType.PARTIAL_MARKET)


class Fastlob:
    """See `benchmarks.replay.Peer`; one running book a symbol. Prices in cents are whole numbers of its decimals."""

    def __init__(self, symbols: int) -> None:
        logging.disable(logging.CRITICAL)
        self._books = [Orderbook(name=f"S{number}") for number in range(symbols)]
        for book in self._books:
            book._alive = True  # `start` adds a thread a book that looks for expired orders; there are none
        self._traded = 0

    def add(self, symbol: int, buy: bool, price: int, shares: int) -> Any:
        """Enter."""
        result = self._books[symbol](OrderParams(_BID if buy else _ASK, price, shares, OrderType.GTC))
        if result.kind() in _TRADED:
            self._traded += int(sum(result.execprices().values()))
        return result.orderid()

    def cancel(self, symbol: int, handle: Any) -> None:
        """Cancel."""
        self._books[symbol].cancel(handle)

    def replace(self, symbol: int, handle: Any, buy: bool, price: int, shares: int) -> Any:
        """Replace."""
        self._books[symbol].cancel(handle)
        return self.add(symbol, buy, price, shares)

    def traded(self) -> int:
        """Shares traded."""
        return self._traded


def make(symbols: int) -> Fastlob:
    """For `benchmarks.replay`."""
    return Fastlob(symbols)
