"""One market: its engine, its symbols and its feed, and who is told about which event.

Everything that changes a book goes through here, so that the feed and the order-entry answers come from the same
events, in the same order. Times are nanoseconds since midnight and never run backwards on the feed.
"""

from __future__ import annotations

from typing import Any, Protocol

from exchange.book import Book
from exchange.directory import Directory, Listing, announce
from exchange.engine import Engine
from exchange.events import CANCEL_USER, Event, Executed, Replaced
from exchange.itch_feed import TRACKING, message_for
from exchange.market_data import Publisher
from exchange.orders import HOUSE, Order
from protocols.itch50 import SystemEvent

# ITCH 5.0 §4.1: the order of the day's system events.
SYSTEM_EVENTS = "OSQMEC"
END_OF_MESSAGES = "C"
END_OF_MARKET_HOURS = "M"


class Participant(Protocol):
    """Someone with orders in the engine: a client's account, or the flow of the house."""

    def on_event(self, event: Event) -> None:
        """Take one event of an own order (a trade with oneself comes once)."""

    def on_system_event(self, code: str, now: int) -> None:
        """Take a system event of the day."""


class Market:
    """The books of one venue with their feed."""

    def __init__(self, publisher: Publisher) -> None:
        self.engine = Engine()
        self.directory = Directory()
        self.publisher = publisher
        self.time: int = 0
        self.last_system_event: str = ""
        self.closing_books: dict[str, Any] | None = None
        self._participants: list[Participant] = []

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
        message = SystemEvent(stock_locate=0, tracking_number=TRACKING, timestamp=time, event_code=code)
        self.publisher.publish(message.encode())
        if code == END_OF_MARKET_HOURS:
            self.engine.open = False
        if code == END_OF_MESSAGES:
            self.closing_books = self.books()
        for participant in self._participants:
            participant.on_system_event(code, time)
        return True

    def enter(self, order: Order, now: int) -> list[Event]:
        """Enter an order; its events have been published and told when this returns."""
        return self._spread(self.engine.enter(order, self.stamp(now)))

    def cancel(self, ref: int, keep: int, now: int, reason: str = CANCEL_USER) -> list[Event]:
        """Cancel a resting order down to ``keep`` open shares."""
        return self._spread(self.engine.cancel(ref, keep, self.stamp(now), reason))

    def modify(self, ref: int, keep: int, now: int) -> list[Event]:
        """Reduce a resting order to ``keep`` (> 0) open shares, reported as a modify."""
        return self._spread(self.engine.modify(ref, keep, self.stamp(now)))

    def replace(self, ref: int, new: Order, now: int) -> list[Event]:
        """Replace a resting order."""
        return self._spread(self.engine.replace(ref, new, self.stamp(now)))

    def publish_verbatim(self, message: bytes, now: int) -> None:
        """Put a message on the feed as it is; it touches no book of ours."""
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
        """The book of a listed symbol."""
        return self.engine.books[symbol]

    def stamp(self, now: int) -> int:
        """The time of day for something that happens now: never before what happened last."""
        self.time = max(self.time, now)
        return self.time

    def _spread(self, events: list[Event]) -> list[Event]:
        for event in events:
            order = _order_of(event)
            # After the end of messages the feed is silent; clients may still cancel.
            if self.closing_books is None and order.symbol in self.engine.books:
                message = message_for(event, self.engine.books[order.symbol])
                if message is not None:
                    self.publisher.publish(message.encode())
            self._tell(order.owner, event)
            if isinstance(event, Executed) and event.maker.owner != order.owner:
                self._tell(event.maker.owner, event)
        return events

    def _tell(self, owner: int, event: Event) -> None:
        if owner != HOUSE:
            self._participants[owner - 1].on_event(event)


def _order_of(event: Event) -> Order:
    if isinstance(event, Executed):
        return event.taker
    return event.new if isinstance(event, Replaced) else event.order
