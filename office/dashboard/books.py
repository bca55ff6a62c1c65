"""The books of the page: the newest frame of each is kept as it came and decoded when a browser is sent it."""

from collections.abc import Sequence
from typing import Any, Final

from office.dashboard.rows import Rows
from protocols.errors import ProtocolError
from protocols.management import LEVEL, TopOfBook

KEY: Final = slice(1, 10)
"""Venue and symbol in an encoded `TopOfBook`."""
_NOTHING: Final = TopOfBook(
    venue=0, symbol="?", bid=0, bid_shares=0, ask=0, ask_shares=0, last=0, updates=0, bids=0, asks=0
)


class Book:
    """One book of one server: the newest message, encoded, and its time in ns UTC."""

    __slots__ = ("message", "server", "time")

    def __init__(self, server: int, message: bytes, time: int) -> None:
        self.server = server
        self.message = message
        self.time = time

    def decoded(self) -> TopOfBook:
        """The message; one without content when it is damaged."""
        try:
            return TopOfBook.decode(self.message)
        except ProtocolError:
            return _NOTHING

    def mark(self) -> int:
        """What a share is worth: the mid, else the last trade, else whichever side there is, else 0 (price4)."""
        top = self.decoded()
        return (top.bid + top.ask) // 2 if top.bid and top.ask else top.last or top.bid + top.ask


class Books:
    """All books, in the tables `books` and `ladder`, which share their ids."""

    def __init__(self, tops: Rows, ladders: Rows) -> None:
        self._tops = tops
        self._ladders = ladders
        self._ids: dict[tuple[int, bytes], int] = {}
        self._by_symbol: dict[tuple[int, bytes], list[Book]] = {}

    def take(self, server: int, message: bytes, time: int) -> None:
        """A `TopOfBook`, encoded. This is the path of nearly all frames."""
        key = server, message[KEY]
        number = self._ids.get(key)
        if number is None or number not in self._tops:
            self._add(key, Book(server, message, time))
            return
        book: Book = self._tops[number]
        book.message = message
        book.time = time
        self._tops.touch(number)
        self._ladders.touch(number)

    def mark(self, server: int, symbol: bytes) -> int:
        """What a share of a symbol (8 bytes) is worth: by the first venue that knows (price4), 0 when none does."""
        for book in self._by_symbol.get((server, symbol), ()):
            worth = book.mark()
            if worth:
                return worth
        return 0

    def forget(self, server: int) -> None:
        """A server's books are no longer there."""
        self._tops.forget(server)
        for key, number in list(self._ids.items()):
            if key[0] == server:
                del self._ids[key]
                self._ladders.remove(number)
        for name in [name for name in self._by_symbol if name[0] == server]:
            del self._by_symbol[name]

    def _add(self, key: tuple[int, bytes], book: Book) -> None:
        TopOfBook.decode(book.message)
        number = self._tops.add(book)
        self._ids[key] = number
        self._by_symbol.setdefault((key[0], key[1][1:]), []).append(book)
        self._ladders.put(number, book)


def top_row(book: Book) -> Sequence[Any]:
    """The row of the table `books`."""
    top = book.decoded()
    return (
        *(book.server, top.venue, top.bid, top.bid_shares, top.ask, top.ask_shares, top.last),
        *(top.updates, book.time / 1e6, top.symbol),
    )


def ladder_row(book: Book) -> Sequence[Any]:
    """The row of the table `ladder`; levels that are not whole are left out."""
    top = book.decoded()
    whole = len(top.body) // LEVEL.size
    bids = min(top.bids, whole)
    asks = min(top.asks, whole - bids)
    return bids, asks, book.time / 1e6, top.body[: (bids + asks) * LEVEL.size]
