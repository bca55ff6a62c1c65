"""Full-depth books from ITCH 5.0, as one writes them in Python: dictionaries, and the best price kept beside them.

Runs in a guest with nothing of this project but the job's constants.
"""

import struct

BUY, SELL = 0, 1

_ADD = struct.Struct("!HxxxxxxxxQcI8sI")
_REDUCE = struct.Struct("!QI")
_REPLACE = struct.Struct("!QQII")
_REFERENCE = struct.Struct("!Q")
_LOCATE = struct.Struct("!H")
_PRICE = struct.Struct("!I")
_LENGTHS = dict(zip(b"RHAFECXDUP", (39, 25, 36, 40, 31, 36, 23, 19, 35, 44), strict=True))


class Book:
    """One symbol: shares by price for both sides, and the best price of each (0: none)."""

    __slots__ = ("best", "last", "levels", "stock", "trading")

    def __init__(self) -> None:
        self.stock = b""
        self.trading = False
        self.last = 0
        self.levels: tuple[dict[int, int], dict[int, int]] = ({}, {})
        self.best = [0, 0]

    def add(self, side: int, price: int, shares: int) -> None:
        """Shares enter at a price."""
        level = self.levels[side]
        level[price] = level.get(price, 0) + shares
        best = self.best[side]
        if not best or (price > best if side == BUY else price < best):
            self.best[side] = price

    def take(self, side: int, price: int, shares: int) -> None:
        """Shares leave a price."""
        level = self.levels[side]
        left = level[price] - shares
        if left:
            level[price] = left
            return
        del level[price]
        if price == self.best[side]:
            choose = max if side == BUY else min
            self.best[side] = choose(level) if level else 0


class Books:
    """Every book by stock locate, the orders by reference, and the locates whose book changed."""

    def __init__(self) -> None:
        self.books: dict[int, Book] = {}
        self.touched: set[int] = set()
        self._orders: dict[int, list[int]] = {}

    def apply(self, message: memoryview) -> None:
        """One message (ITCH 5.0 §4.3 to §4.6); others than these do not change a book."""
        kind = message[0]
        if _LENGTHS.get(kind) != len(message):
            return
        if kind in b"AF":
            locate, reference, side, shares, _, price = _ADD.unpack_from(message, 1)
            self._add(locate, reference, BUY if side == b"B" else SELL, shares, price)
        elif kind in b"ECX":
            reference, shares = _REDUCE.unpack_from(message, 11)
            order = self._orders.get(reference)
            if order is None:
                return
            if kind == 69:  # E
                self._book(order[0]).last = order[2]
            elif kind == 67 and message[31] == 89:  # C, printable
                self._book(order[0]).last = _PRICE.unpack_from(message, 32)[0]
            self._reduce(reference, order, shares)
        elif kind == 68:  # D
            (reference,) = _REFERENCE.unpack_from(message, 11)
            order = self._orders.get(reference)
            if order is not None:
                self._reduce(reference, order, order[3])
        elif kind == 85:  # U
            old, new, shares, price = _REPLACE.unpack_from(message, 11)
            order = self._orders.get(old)
            if order is not None:
                self._reduce(old, order, order[3])
                self._add(order[0], new, order[1], shares, price)
        else:
            self._about_stock(kind, _LOCATE.unpack_from(message, 1)[0], message)

    def _about_stock(self, kind: int, locate: int, message: memoryview) -> None:
        book = self._book(locate)
        if kind == 82:  # R
            book.stock = bytes(message[11:19])
        elif kind == 72:  # H
            book.trading = message[19] == 84
            self.touched.add(locate)
        else:  # P
            book.last = _PRICE.unpack_from(message, 32)[0]

    def _book(self, locate: int) -> Book:
        book = self.books.get(locate)
        if book is None:
            book = self.books[locate] = Book()
        return book

    def _add(self, locate: int, reference: int, side: int, shares: int, price: int) -> None:
        self._orders[reference] = [locate, side, price, shares]
        self._book(locate).add(side, price, shares)
        self.touched.add(locate)

    def _reduce(self, reference: int, order: list[int], shares: int) -> None:
        locate, side, price, left = order
        shares = min(shares, left)
        self.books[locate].take(side, price, shares)
        self.touched.add(locate)
        if shares == left:
            del self._orders[reference]
        else:
            order[3] = left - shares
