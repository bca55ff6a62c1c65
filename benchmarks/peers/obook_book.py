"""obook: a native engine behind a C interface, called with ctypes.

Orders of one user do not trade with each other, so the sides are two users. Trades are told only as events, which the
caller must collect: here after every operation that traded, with those that were waiting. That cost is in its figures.
"""

import obook

_BUYER, _SELLER = 1, 2
_FILLED = (obook.Status.FILLED, obook.Status.PARTIALLY_FILLED)
_ORDERS = {True: 1_000_000, False: 10_000}  # the most a book takes, if it is the only one


class Obook:
    """See `benchmarks.replay.Peer`; one book a symbol. A handle is the order's number and user."""

    def __init__(self, symbols: int) -> None:
        self._books = [obook.Book(_ORDERS[symbols == 1]) for _ in range(symbols)]
        self._traded = 0

    def add(self, symbol: int, buy: bool, price: int, shares: int) -> tuple[int, int]:
        """Enter."""
        user, side = (_BUYER, obook.BUY) if buy else (_SELLER, obook.SELL)
        book = self._books[symbol]
        result = book.submit(user, side, price, shares)
        if result.status in _FILLED:
            self._collect(book)
        return int(result.order_id), user

    def cancel(self, symbol: int, handle: tuple[int, int]) -> None:
        """Cancel."""
        self._books[symbol].cancel(*handle)

    def replace(self, symbol: int, handle: tuple[int, int], buy: bool, price: int, shares: int) -> tuple[int, int]:
        """Replace."""
        number, user = handle
        book = self._books[symbol]
        result = book.replace(number, user, obook.BUY if buy else obook.SELL, price, shares)
        if result.status in _FILLED:
            self._collect(book)
        return int(result.order_id), user

    def traded(self) -> int:
        """Shares traded."""
        for book in self._books:
            self._collect(book)
        return self._traded

    def _collect(self, book: "obook.Book") -> None:
        self._traded += sum(event.qty for event in book.events() if event.kind == obook.EventKind.TRADE)


def make(symbols: int) -> Obook:
    """For `benchmarks.replay`."""
    return Obook(symbols)
