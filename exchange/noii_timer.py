"""When NOII messages go out. Sans-I/O: `advance` does what is due, `next_deadline` says when (ns since midnight)."""

from __future__ import annotations

from exchange.auction import Auctions
from exchange.book import Book
from exchange.clock import SECOND
from exchange.cross_hours import CrossHours
from exchange.market import Market


class NoiiTimer:
    """Indicates the crosses of one market: of each book with orders for the cross, and each that is being reopened.

    PROTOCOLS §4.3: every 10 s, then every second ahead of opening and closing; every second ahead of a reopening.
    """

    def __init__(
        self, market: Market, auctions: Auctions, opening: CrossHours | None = None, closing: CrossHours | None = None
    ) -> None:
        self._market = market
        self._auctions = auctions
        self._hours = {cross: hours for cross, hours in (("O", opening), ("C", closing)) if hours is not None}
        self._due = {cross: hours.next_indication(0) for cross, hours in self._hours.items()}
        self._late_due = None if closing is None else closing.entry_late
        self._watched: dict[str, Book] = {}
        self._watch_due: int | None = None

    def watch(self, book: Book, now: int) -> None:
        """Indicate the halt cross of a book every second from the next full second on."""
        self._watched[book.symbol] = book
        if self._watch_due is None:
            self._watch_due = _next_second(now)

    def unwatch(self, book: Book) -> None:
        """Stop that."""
        self._watched.pop(book.symbol, None)
        if not self._watched:
            self._watch_due = None

    def next_deadline(self) -> int | None:
        """When the next NOII is due, None when none is."""
        times = (*self._due.values(), self._watch_due, self._late_due)
        return min((time for time in times if time is not None), default=None)

    def advance(self, now: int) -> None:
        """Publish what is due; of several times of the same cross that were missed, the last one."""
        if self._late_due is not None and now >= self._late_due:
            self._late_due = None
            self._auctions.take_first_references()
        for cross, due in self._due.items():
            if due is not None and now >= due:
                self._due[cross] = self._hours[cross].next_indication(now)
                self._indicate(cross, now)
        if self._watch_due is not None and now >= self._watch_due:
            self._watch_due = _next_second(now)
            for book in self._watched.values():
                self._auctions.indicate(book, "H", now)

    def _indicate(self, cross: str, now: int) -> None:
        if now >= self._hours[cross].at:
            return
        for symbol in self._auctions.interested(cross):
            self._auctions.indicate(self._market.book(symbol), cross, now)


def _next_second(now: int) -> int:
    return now - now % SECOND + SECOND
