"""nanobook: an engine in Rust; keeps every trade in memory. Its `modify` loses priority, as a replace does.

Version 0.19.2 passes over orders of a level from which others were cancelled, so it fills other orders than time
priority says, and later operations find their order gone; after some sequences `submit_limit` does not return.
"""

import nanobook


class Nanobook:
    """See `benchmarks.replay.Peer`; one exchange a symbol."""

    def __init__(self, symbols: int) -> None:
        self._books = [nanobook.Exchange() for _ in range(symbols)]

    def add(self, symbol: int, buy: bool, price: int, shares: int) -> int:
        """Enter."""
        return int(self._books[symbol].submit_limit("buy" if buy else "sell", price, shares).order_id)

    def cancel(self, symbol: int, handle: int) -> None:
        """Cancel."""
        self._books[symbol].cancel(handle)

    def replace(self, symbol: int, handle: int, buy: bool, price: int, shares: int) -> int:
        """Replace."""
        del buy
        new = self._books[symbol].modify(handle, price, shares).new_order_id
        return handle if new is None else int(new)

    def traded(self) -> int:
        """Shares traded."""
        return sum(trade.quantity for book in self._books for trade in book.trades())


def make(symbols: int) -> Nanobook:
    """For `benchmarks.replay`."""
    return Nanobook(symbols)
