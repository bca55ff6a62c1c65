"""One market: its engine, its symbols and its feed, and who is told about which event.

Everything that changes a book goes through here, so that the feed and the order-entry answers come from the same
events, in the same order. Times are nanoseconds since midnight and never run backwards on the feed, but for what a
replayed file has published as it is.
"""

from __future__ import annotations

from typing import Any

from exchange.book import Book, Queue
from exchange.directory import Directory, Listing, announce
from exchange.engine import Engine
from exchange.itch_writer import ItchWriter
from exchange.market_data import Publisher
from exchange.orders import HOUSE, Order
from exchange.participant import Participant
from exchange.sink import CANCEL_USER, Sink
from protocols.itch50 import SystemEvent

# ITCH 5.0 §4.1: the order of the day's system events.
SYSTEM_EVENTS = "OSQMEC"
END_OF_MESSAGES = "C"
END_OF_MARKET_HOURS = "M"
END_OF_SYSTEM_HOURS = "E"


class Market(Sink):
    """The books of one venue with their feed.

    ``entry_closes``: the system event after which orders are no longer taken. ``auctions`` holds the orders that wait
    for a cross, ``trades`` notes who traded in which match. ``watchers`` have ``traded(book, price, shares, time)``,
    called for every trade on a book, and ``settled(book, time)``, called after every operation on one.
    """

    def __init__(
        self,
        publisher: Publisher,
        name: str = "NSDQ",
        seed: int = 1,
        keeps_priority: bool = False,
        entry_closes: str = END_OF_MARKET_HOURS,
    ) -> None:
        self.name = name
        self.engine = Engine(self, seed, keeps_priority)
        self.directory = Directory()
        self.publisher = publisher
        self.time = 0
        self.last_system_event = ""
        self.closing_books: dict[str, Any] | None = None
        self.auctions: Any = None
        self.trades: Any = None
        self.watchers: list[Any] = []
        self._entry_closes = entry_closes
        self._silent = False
        self._participants: list[Participant] = []
        self._system_events: list[bytes] = []

    def join(self, participant: Participant) -> int:
        """Register a participant; returns the owner number for its orders."""
        self._participants.append(participant)
        return HOUSE + len(self._participants)

    def list_symbol(self, symbol: str, locate: int | None = None, price: int | None = None) -> Listing:
        """Make a symbol tradable (once); raises DirectoryError. Announce it with `announce_symbols`."""
        listing = self.directory.add(symbol, locate, price)
        if symbol not in self.engine.books:
            self.engine.add_symbol(symbol, listing.locate)
        return listing

    def announce_symbols(self, now: int) -> None:
        """Publish the directory spin of all symbols: `R`, `H`, `Y` for each."""
        time = self.stamp(now)
        for listing in self.directory.listings.values():
            for message in announce(listing, time):
                self.publisher.publish(message.encode())

    def system_event(self, code: str, now: int) -> bool:
        """Publish a system event of the day; False when it or a later one has been sent before."""
        if self.last_system_event and SYSTEM_EVENTS.index(code) <= SYSTEM_EVENTS.index(self.last_system_event):
            return False
        time = self.stamp(now)
        self.last_system_event = code
        message = SystemEvent(stock_locate=0, tracking_number=0, timestamp=time, event_code=code).encode()
        self._system_events.append(message)
        self.publisher.publish(message)
        if SYSTEM_EVENTS.index(code) >= SYSTEM_EVENTS.index(self._entry_closes):
            self.engine.open = False
        if code == END_OF_MESSAGES:
            self.closing_books = self.books()
            self._silent = True
        for participant in self._participants:
            participant.on_system_event(code, time)
        return True

    def enter(self, order: Order, now: int) -> bool:
        """Enter an order; its events have been published and told when this returns. False when it was rejected."""
        if order.auction:
            return bool(self.auctions.hold(order, self.stamp(now)))
        done = self.engine.enter(order, self.stamp(now))
        if self.watchers:
            self._settled(order.book)
        return done

    def cancel(self, order: Order, keep: int, now: int, reason: str = CANCEL_USER) -> int:
        """Cancel an order down to ``keep`` open shares; returns the shares taken off."""
        taken = self.engine.cancel(order, keep, self.stamp(now), reason)
        if self.watchers:
            self._settled(order.book)
        return taken

    def modify(self, order: Order, keep: int, now: int) -> bool:
        """Reduce an order to ``keep`` (> 0) open shares, reported as a modify."""
        done = self.engine.modify(order, keep, self.stamp(now))
        if self.watchers:
            self._settled(order.book)
        return done

    def replace(self, old: Order, new: Order, now: int) -> bool:
        """Replace an order; False when the old one is done or the new one refused. One that waits outside stays there
        if ``new.auction`` says so, else the new one goes to its book."""
        if new.auction:
            return bool(self.auctions.replace(old, new, self.stamp(now)))
        done = self.engine.replace(old, new, self.stamp(now))
        if self.watchers:
            self._settled(new.book)
        return done

    def publish_verbatim(self, message: bytes, now: int) -> None:
        """Put a message on the feed as it is, its time too, by which it is known again; it touches no book of ours."""
        self.stamp(now)
        self.publisher.publish(message)

    def books(self) -> dict[str, Any]:
        """All displayed books as of the last message of the feed, or as they stood at the end of messages."""
        if self.closing_books is not None:
            return self.closing_books
        return {
            "session": self.publisher.session,
            "sequence": self.publisher.next_sequence - 1,
            "books": {symbol: book.view() for symbol, book in self.engine.books.items()},
        }

    def book(self, symbol: str) -> Book:
        """The book of a listed symbol; KeyError for any other."""
        return self.engine.books[symbol]

    def by_type(self) -> dict[str, int]:
        """Messages on the feed so far, by ITCH type."""
        return self.publisher.by_type()

    def stamp(self, now: int) -> int:
        """The time of day for something that happens now: never before what happened last."""
        if now > self.time:
            self.time = now
        return self.time

    def snapshot_into(self, writer: ItchWriter) -> int:
        """Write the present state as ITCH messages (GLIMPSE 5.0); returns the feed's number at which to go on."""
        for message in self._system_events:
            writer.publish(message)
        for listing in self.directory.listings.values():
            for announced in announce(listing, self.time):
                writer.publish(announced.encode())
        for book in self.engine.books.values():
            for side in (book.bids, book.asks):
                for level in side:
                    self._snapshot_queue(writer, level)
        return self.publisher.next_sequence

    def accepted(self, order: Order) -> None:
        """Tell the owner."""
        if order.owner:
            self._of(order).accepted(order)

    def rejected(self, order: Order, reason: int) -> None:
        """Tell the owner."""
        if order.owner:
            self._of(order).rejected(order, reason)

    def replaced(self, old: Order, new: Order, withdrawn: bool) -> None:
        """`D` for what the feed must forget; the replacement shows when it rests."""
        if withdrawn and not self._silent:
            self.publisher.deleted(old.book.locate, self.time, old.shown_ref)
        if new.owner:
            self._of(new).replaced(old, new, withdrawn)

    def rested(self, order: Order, replaces: int) -> None:
        """`A`, `F` or `U` for a displayed order."""
        if order.displayed and not self._silent:
            if replaces:
                self.publisher.replaced(
                    order.book.locate, self.time, replaces, order.shown_ref, order.shares, order.price
                )
            else:
                self._show(self.publisher, order, self.time)
        if order.owner:
            self._of(order).rested(order, replaces)

    def executed(self, maker: Order, taker: Order, shares: int, price: int, match: int) -> None:
        """`E` against a displayed entry, `P` against a hidden one (reference 0, side always `B`: ITCH 5.0 §4.6.1)."""
        book = maker.book
        if not self._silent:
            if maker.displayed:
                self.publisher.executed(book.locate, self.time, maker.shown_ref, shares, match)
            else:
                self.publisher.trade(book.locate, self.time, 0, True, shares, book.stock, price, match)
        if self.trades is not None:
            self.trades.executed(maker, taker, match)
        for watcher in self.watchers:
            watcher.traded(book, price, shares, self.time)
        if taker.owner:
            self._of(taker).executed(maker, taker, shares, price, match)
        if maker.owner and maker.owner != taker.owner:
            self._of(maker).executed(maker, taker, shares, price, match)

    def auctioned(self, order: Order, shares: int, shown: int, price: int, match: int, cross: int) -> None:
        """`C`, not printable, for what the feed had displayed; the cross itself prints as `Q`."""
        if shown and not self._silent:
            self.publisher.executed_with_price(
                order.book.locate, self.time, order.shown_ref, shown, match, False, price
            )
        if self.trades is not None:
            self.trades.auctioned(order, match)
        if order.owner:
            self._of(order).auctioned(order, shares, shown, price, match, cross)

    def prevented(
        self,
        order: Order,
        maker: Order,
        taker: Order,
        decrement: int,
        shown: int,
        shares: int,
        price: int,
        strategy: int,
    ) -> None:
        """`X` or `D` for what the feed had displayed."""
        self._reduce(order, shown)
        if order.owner:
            self._of(order).prevented(order, maker, taker, decrement, shown, shares, price, strategy)

    def cancelled(self, order: Order, shares: int, shown: int, reason: str) -> None:
        """`X` or `D` for what the feed had displayed."""
        self._reduce(order, shown)
        if order.owner:
            self._of(order).cancelled(order, shares, shown, reason)

    def modified(self, order: Order, shares: int, shown: int) -> None:
        """`X` for what the feed had displayed."""
        self._reduce(order, shown)
        if order.owner:
            self._of(order).modified(order, shares, shown)

    def shrunk(self, order: Order, shown: int) -> None:
        """`X`: a replace that kept its place."""
        self._reduce(order, shown)

    def restated(self, order: Order) -> None:
        """`A` or `F` under the new reference."""
        if not self._silent:
            self._show(self.publisher, order, self.time)
        if order.owner:
            self._of(order).restated(order)

    def participant(self, owner: int) -> Participant:
        """Who joined under this owner number."""
        return self._participants[owner - 1]

    def _of(self, order: Order) -> Participant:
        participant: Participant = self._participants[order.owner - 1]
        return participant

    def _show(self, writer: ItchWriter, order: Order, time: int) -> None:
        book = order.book
        if order.mpid:
            writer.add_attributed(
                book.locate, time, order.shown_ref, order.buy, order.shares, book.stock, order.price, order.mpid
            )
        else:
            writer.add_order(book.locate, time, order.shown_ref, order.buy, order.shares, book.stock, order.price)

    def _reduce(self, order: Order, shown: int) -> None:
        if shown == 0 or self._silent:
            return
        if order.shares:
            self.publisher.cancelled(order.book.locate, self.time, order.shown_ref, shown)
        else:
            self.publisher.deleted(order.book.locate, self.time, order.shown_ref)

    def _snapshot_queue(self, writer: ItchWriter, queue: Queue) -> None:
        order = queue.head
        while order is not None:
            self._show(writer, order, order.time)
            order = order.next

    def _settled(self, book: Book) -> None:
        for watcher in self.watchers:
            watcher.settled(book, self.time)
