"""What the feeds of all venues say: instruments by symbol, their best prices over all venues, and the last prints.

Each venue's feed is a `VenueMarket`, which adds itself here. An instrument is one symbol, wherever it trades.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable
from typing import TYPE_CHECKING

import cython

from hftapp.book.books import Books
from hftapp.book.levels import Levels
from hftapp.trader.instrument import MAX_VENUES, Instrument

if not cython.compiled:
    from hftapp.lean import borrowed, row, store_for
    from hftapp.units import Price, Shares

    _MAX_VENUES = MAX_VENUES
    _BUY, _SELL = 1, -1
    _LOW = 0xFFFF_FFFF
if TYPE_CHECKING:
    from hftapp.trader.venue_market import VenueMarket

MAX_INSTRUMENTS = 1 << 16
"""Symbols of all venues together: as many as a feed has Stock Locates."""
MAX_TRADES = 1024
"""Prints that are kept until they are taken; a datagram holds at most about sixty."""
_MAX_TRADES = MAX_TRADES


@cython.final
@cython.cclass
class Market:
    """All symbols. `prepare` is called with every new instrument before anyone sees it.

    `touched` and `touched_count`: instruments that had changed when `take_touched` was called last. `pending`: how many
    have changed since. `trade_instrument`, `trade_price`, `trade_shares`: the first `trade_count` are prints since the
    last `drop_trades`; what did not fit is counted in `trades_lost`. `stale`: messages were lost or nothing arrives, so
    no book can be trusted. `closed`: every venue has ended its trading, `shut`: a bit for each venue that has.
    """

    def __init__(
        self, prepare: Callable[[Instrument], None] | None = None, max_instruments: int = MAX_INSTRUMENTS
    ) -> None:
        if max_instruments < 1:
            raise ValueError(f"max_instruments {max_instruments}: give at least 1")
        self.instruments: list[Instrument] = []
        self.venues: list[VenueMarket] = []
        self.books: list[Books] = []
        self.venue_count = 0
        self.max_instruments = max_instruments
        self.stale = False
        self.closed = False
        self.shut = 0
        # Every instrument is kept in `instruments`, as long as the market.
        self._stores = store_for(max_instruments), store_for(max_instruments)
        self.touched = row(self._stores[0])
        self.waiting = row(self._stores[1])
        self.touched_count = 0
        self.pending = 0
        self.trade_instrument = [Instrument("", -1)] * MAX_TRADES
        self.trade_price = array("q", bytes(8 * MAX_TRADES))
        self.trade_shares = array("q", bytes(8 * MAX_TRADES))
        self.trade_count = 0
        self.trades_lost = 0
        self._locates = array("i", [-1]) * (MAX_VENUES * max_instruments)
        self._by_symbol: dict[str, Instrument] = {}
        self._prepare = prepare
        self._levels = Levels(2, 1)  # of venue 0, once there is one
        self._alone = array("i", [-1]) * max_instruments

    def add_venue(self, venue: VenueMarket, books: Books) -> int:
        """Take up a venue; returns its number. Raises ValueError when there are `MAX_VENUES`."""
        if self.venue_count == MAX_VENUES:
            raise ValueError(f"there is room for {MAX_VENUES} venues; this is one more")
        self.venues.append(venue)
        self.books.append(books)
        self._levels = self.books[0].levels
        self.venue_count += 1
        if self.venue_count > 1:  # no venue's books are the whole truth any more
            for i in range(self.max_instruments):
                self._alone[i] = -1
        return self.venue_count - 1

    def instrument(self, symbol: str) -> Instrument | None:
        """Return the instrument of a symbol, None when nobody has named it."""
        return self._by_symbol.get(symbol)

    def make(self, symbol: str) -> Instrument | None:
        """Return the instrument of a symbol, made if need be; None when there is no room. Not on the path."""
        found = self._by_symbol.get(symbol)
        if found is not None or len(self.instruments) == self.max_instruments:
            return found
        made = Instrument(symbol, len(self.instruments))
        if self._prepare is not None:
            self._prepare(made)
        self.instruments.append(made)
        self._by_symbol[symbol] = made
        return made

    def locate_of(self, instrument: Instrument, venue: int) -> int:
        """Return the Stock Locate of an instrument at a venue, -1 where the venue has not named it."""
        return self._locates[_MAX_VENUES * instrument.index + venue]

    def place(self, instrument: Instrument, venue: int, locate: int) -> None:
        """Learn under which Stock Locate a venue shows an instrument."""
        self._locates[_MAX_VENUES * instrument.index + venue] = locate
        if self.venue_count == 1:
            self._alone[instrument.index] = 8 * locate

    def touch(self, instrument: Instrument) -> None:
        """Treat an instrument as changed (its book, its own orders or its trading state did)."""
        if not instrument.touched and instrument.index >= 0:
            instrument.touched = True
            self.waiting[self.pending] = borrowed(instrument)
            self.pending += 1

    def touch_all(self) -> None:
        """Treat every instrument as changed."""
        for instrument in self.instruments:
            self.touch(instrument)

    def take_touched(self) -> int:
        """Refresh what has changed since the last call and show it in `touched`; returns how many, each once."""
        count = self.pending
        self.waiting, self.touched = self.touched, self.waiting
        self.touched_count = count
        self.pending = 0
        if count == 1 and _show_best(self, 0):
            return 1
        return self._refresh_all(count)

    def _refresh_all(self, count: int) -> int:
        """Refresh the first `count` instruments of `touched`; returns how many."""
        for i in range(count):
            if not _show_best(self, i):
                self.refresh(cython.cast(Instrument, self.touched[i]))
        return count

    def drop_trades(self) -> None:
        """Forget the prints."""
        self.trade_count = 0

    def printed(self, instrument: Instrument, price: Price, shares: Shares) -> None:
        """A trade was reported; one without a price or shares says nothing."""
        if price == 0 or shares == 0:
            return
        instrument.last = price
        if self.trade_count == _MAX_TRADES:
            self.trades_lost += 1
            return
        self.trade_instrument[self.trade_count] = instrument
        self.trade_price[self.trade_count] = price
        self.trade_shares[self.trade_count] = shares
        self.trade_count += 1

    def refresh(self, instrument: Instrument) -> None:
        """Bring the best prices up to date: over all venues that trade, shares summed up where several show the same.

        `bid_venue` and `ask_venue` are the lowest numbers that show them, 0 when nobody does.
        """
        bid = ask = Price(0)
        bid_shares = ask_shares = Shares(0)
        bid_venue = ask_venue = 0
        for venue in range(self.venue_count):
            locate = self._locates[_MAX_VENUES * instrument.index + venue]
            if locate < 0 or self.shut >> venue & 1 != 0:
                continue  # what a book still shows after its venue's end is no quote
            books = self.books[venue]
            price = books.best_price(locate, _BUY)
            if price > bid:
                bid, bid_shares, bid_venue = price, books.best_shares(locate, _BUY), venue
            elif price == bid and price != 0:
                bid_shares += books.best_shares(locate, _BUY)
            price = books.best_price(locate, _SELL)
            if price != 0 and (price < ask or ask == 0):
                ask, ask_shares, ask_venue = price, books.best_shares(locate, _SELL), venue
            elif price == ask and price != 0:
                ask_shares += books.best_shares(locate, _SELL)
        instrument.bid = bid
        instrument.bid_shares = bid_shares
        instrument.bid_venue = bid_venue
        instrument.ask = ask
        instrument.ask_shares = ask_shares
        instrument.ask_venue = ask_venue

    def settle_closed(self) -> None:
        """A venue opened or closed: see whether any is left."""
        shut = 0
        for venue in self.venues:
            if venue.closed:
                shut |= 1 << venue.venue
        if shut != self.shut and self.venue_count > 1:
            self.touch_all()
        self.shut = shut
        self.closed = shut == (1 << self.venue_count) - 1


@cython.cfunc
@cython.inline
@cython.exceptval(check=False)
@cython.returns(cython.bint)
@cython.locals(market=Market, i=cython.Py_ssize_t, half=cython.Py_ssize_t, at=cython.longlong, price=cython.ulonglong)
def _show_best(market: Market, i: int) -> bool:
    """Refresh the instrument `touched[i]` where one venue is all there is; False where there are more."""
    cython.cast(Instrument, market.touched[i]).touched = False
    half = market._alone[cython.cast(Instrument, market.touched[i]).index]
    if half < 0:
        return False
    at = market._levels.rows[half + 1] - 2
    price = market._levels.cells[at] >> 32  # 0 in the words below the levels of an empty half
    cython.cast(Instrument, market.touched[i]).bid = Price(price)
    cython.cast(Instrument, market.touched[i]).bid_shares = Shares(market._levels.cells[at + 1] if price != 0 else 0)
    at = market._levels.rows[half + 5] - 2
    price = market._levels.cells[at] >> 32 ^ _LOW if at >= market._levels.rows[half + 4] else 0
    cython.cast(Instrument, market.touched[i]).ask = Price(price)
    cython.cast(Instrument, market.touched[i]).ask_shares = Shares(market._levels.cells[at + 1] if price != 0 else 0)
    return True
