"""Limit up-limit down in one market: price bands, limit states, volatility pauses.

Bands are in effect in regular hours while a symbol trades. A symbol is in a *limit state* while its best bid stands at
the upper band or its best ask at the lower one; after 15 s of it, it is paused for 5 minutes (`P`, reason `LUDP`) and
reopened by a halt cross within collars. The plan speaks of the national best bid and offer; this is one market's.
The first trade of regular hours gives the first reference price, the previous close until then; an auction gives a new
one. Sans-I/O: times are ns since midnight.
"""

from __future__ import annotations

from exchange.book import Book
from exchange.clock import SECOND
from exchange.cross_hours import MINUTE
from exchange.cross_price import Clearing
from exchange.deadlines import Deadlines
from exchange.directory import Listing
from exchange.halts import TRADING, Halts
from exchange.luld_bands import price_bands
from exchange.luld_collar import Collar
from exchange.market import Market
from exchange.reference_price import ReferencePrice
from protocols.itch50 import LuldAuctionCollar

LIMIT_STATE = 15 * SECOND
PAUSE = 5 * MINUTE
PAUSED_FOR_VOLATILITY = "LUDP"
_WIDE_AFTER_OPEN = 15 * MINUTE
_WIDE_BEFORE_CLOSE = 25 * MINUTE


class Luld:
    """``opens``, ``closes``: regular hours."""

    def __init__(self, market: Market, halts: Halts, opens: int, closes: int) -> None:
        self._market = market
        self._halts = halts
        self._opens = opens
        self._closes = closes
        # When all bands change: they begin, get narrow, get wide, and end.
        self._changes = [opens, opens + _WIDE_AFTER_OPEN, closes - _WIDE_BEFORE_CLOSE, closes]
        self._references: dict[int, ReferencePrice] = {}
        self._moved: set[int] = set()
        self._limit_states = Deadlines()
        self._collars: dict[str, Collar] = {}
        market.watchers.append(self)

    def reference(self, book: Book) -> int:
        """The present reference price."""
        reference = self._references.get(book.locate)
        return self._listing(book).price if reference is None else reference.price

    # A watcher's part

    def traded(self, book: Book, price: int, _shares: int, time: int) -> None:
        """Take a trade into the reference price."""
        if not self._opens <= time < self._closes:
            return
        reference = self._references.get(book.locate)
        if reference is None:
            self._references[book.locate] = ReferencePrice(price, time)
            self._moved.add(book.locate)
        elif book.quoting:
            reference.restart(price, time)
        elif reference.add(price, time):
            self._moved.add(book.locate)

    def settled(self, book: Book, time: int) -> None:
        """Move the bands with the reference price, or with the trading state; look for a limit state."""
        if not self._opens <= time < self._closes:
            return
        if self._listing(book).trading_state != TRADING:
            self._limit_states.drop(book.symbol)
            if book.upper:
                self._market.engine.set_band(book, 0, 0, time)
            return
        if not book.upper or book.locate in self._moved:
            self._set_band(book, time)
        self._look(book, time)

    def hold_back(self, book: Book, clearing: Clearing | None, market_left: int, now: int) -> int | None:
        """Extend a pause whose cross would be outside its collar."""
        collar = self._collars[book.symbol]
        if collar.holds_back(clearing, market_left):
            self._announce(book, collar, now)
            return now + PAUSE
        del self._collars[book.symbol]
        return None

    # Time

    def next_deadline(self) -> int | None:
        """When bands change for everybody, or a limit state has lasted long enough; None when neither will."""
        times = [*self._changes[:1], self._limit_states.next()]
        return min((time for time in times if time is not None), default=None)

    def advance(self, now: int) -> None:
        """Do what is due."""
        if self._changes and self._changes[0] <= now:
            self._changes = [change for change in self._changes if change > now]
            self._set_all(now)
        for symbol, _ in self._limit_states.due(now):
            self._pause(self._market.book(symbol), now)

    # Parts

    def _set_all(self, now: int) -> None:
        time = self._market.stamp(now)
        for book in self._market.engine.books.values():
            if not self._changes:
                self._market.engine.set_band(book, 0, 0, time)
                self._limit_states.drop(book.symbol)
            elif self._listing(book).trading_state == TRADING:
                self._set_band(book, time)
                self._look(book, time)

    def _set_band(self, book: Book, time: int) -> None:
        self._moved.discard(book.locate)
        listing = self._listing(book)
        doubled = time < self._opens + _WIDE_AFTER_OPEN or time >= self._closes - _WIDE_BEFORE_CLOSE
        lower, upper = price_bands(self.reference(book), listing.price, listing.tier, doubled)
        if (lower, upper) != (book.lower, book.upper):
            self._market.engine.set_band(book, lower, upper, time)

    def _look(self, book: Book, time: int) -> None:
        bid, ask = book.bids.best_displayed(), book.asks.best_displayed()
        at_upper = bid is not None and bid.price == book.upper
        if not at_upper and (ask is None or ask.price != book.lower):
            if book.symbol in self._limit_states:
                self._limit_states.drop(book.symbol)
        elif book.symbol not in self._limit_states:
            self._limit_states.set(book.symbol, time + LIMIT_STATE)

    def _pause(self, book: Book, now: int) -> None:
        bid = book.bids.best_displayed()
        collar = Collar(book.lower, book.upper, stuck_at_upper=bid is not None and bid.price == book.upper)
        self._collars[book.symbol] = collar
        self._halts.pause(book.symbol, PAUSED_FOR_VOLATILITY, now, now + PAUSE, self)
        self._announce(book, collar, now)

    def _announce(self, book: Book, collar: Collar, now: int) -> None:
        message = LuldAuctionCollar(
            stock_locate=book.locate,
            tracking_number=0,
            timestamp=self._market.stamp(now),
            stock=book.symbol,
            auction_collar_reference_price=collar.reference,
            upper_auction_collar_price=collar.upper,
            lower_auction_collar_price=collar.lower,
            auction_collar_extension=collar.extensions,
        )
        self._market.publisher.publish(message.encode())

    def _listing(self, book: Book) -> Listing:
        return self._market.directory.listings[book.symbol]
