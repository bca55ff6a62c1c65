"""One venue's feed: ITCH messages into books, prints, trading states and the phase of the day."""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from typing import Any

import cython

from hftapp.book.books import MALFORMED, Books
from hftapp.feed.handler import MessageHandler
from hftapp.trader.instrument import OPERATIONAL, TRADING_STATE, Instrument
from hftapp.trader.market import Market

if not cython.compiled:
    from hftapp.feed.itch_types import (
        ADD,
        CROSS,
        DELETE,
        EXECUTED,
        EXECUTED_WITH_PRICE,
        OPERATIONAL_HALT,
        REG_SHO,
        REPLACE,
        STOCK_DIRECTORY,
        SYSTEM_EVENT,
        TRADE,
        TRADING_ACTION,
    )
    from hftapp.octets import Octets, be16, be32, be64
    from hftapp.trader.slots import places_of
    from hftapp.units import Price, Shares

    _MALFORMED = MALFORMED
    _ADD_BYTES = 36

NASDAQ = "Q"
"""Code of the venue's own market in Operational Halts; Nasdaq's, BX's and PSX's are Q, B and X."""
_MAX_SHARES = (1 << 62) - 1  # of a cross; more is no number of shares
_TRADING_STATE, _OPERATIONAL = TRADING_STATE, OPERATIONAL
_YES = ord("Y")
# Trading states in which no continuous trading takes place (ITCH 5.0, Stock Trading Action).
_HALTED, _PAUSED, _QUOTING = b"HPQ"
_UNRESTRICTED = ord("0")
# System events after which nothing is quoted: end of market hours, of system hours, of messages.
_END_OF_HOURS, _END_OF_SYSTEM, _END_OF_MESSAGES = b"MEC"


@cython.final
@cython.cclass
class VenueMarket(MessageHandler):
    """Applies the messages of one feed to the books of its venue and to the instruments of the market.

    Bad messages are counted in `malformed` and change nothing, the others by type byte in `by_type` (256 counts, given
    to be shared, by default its own). `phase`: event code of the last System Event as a number, 0 before the first.
    `closed`: it was one after which nothing is quoted. `market_code`: one character.
    """

    def __init__(
        self,
        market: Market,
        books: Books | None = None,
        market_code: str = NASDAQ,
        by_type: array[int] | memoryview | None = None,
    ) -> None:
        if len(market_code) != 1 or not market_code.isascii():
            raise ValueError(f"market code {market_code!r}: give one ASCII character")
        self.market = market
        self.books = Books() if books is None else books
        self.venue = market.add_venue(self, self.books)
        self.by_type = array("q", bytes(8 * 256)) if by_type is None else by_type
        self.malformed = 0
        self.applied = 0
        self.phase = 0
        self.closed = False
        self._market_code = ord(market_code)
        self._instruments: list[Instrument | None] = [None] * self.books.max_locates
        self._known = places_of(self._instruments)

    def apply_message(self, message: bytes) -> None:
        """Apply one message."""
        self.on_message(message, 0, len(message))

    def apply_all(self, messages: Iterable[bytes]) -> None:
        """Apply messages in order."""
        for message in messages:
            self.apply_message(message)

    def foresee(self, data: Octets, at: int, length: int) -> None:
        """See `MessageHandler.foresee`."""
        self.books.foresee(data, at, length)

    def on_message(self, data: Octets, at: int, length: int) -> None:
        """See `MessageHandler.on_message`. Adds have the short way; `_take` deals with the rest."""
        if length != _ADD_BYTES or data[at] != ADD:
            self._take(data, at, length)
            return
        locate = self.books.add(data, at)
        self.applied += 1
        if locate == _MALFORMED:
            self.malformed += 1
            return
        self.by_type[ADD] += 1
        if locate < 0:
            return
        known = self._known
        if cython.cast(Instrument, known[locate]) is None:
            self._changed(locate)
            return
        # Not `+=`, for which the object would be counted.
        cython.cast(Instrument, known[locate]).updates = cython.cast(Instrument, known[locate]).updates + 1
        if not cython.cast(Instrument, known[locate]).touched:  # `Market.touch`, which would be a call
            cython.cast(Instrument, known[locate]).touched = True
            self.market.waiting[self.market.pending] = known[locate]
            self.market.pending += 1

    def _take(self, data: Octets, at: int, length: int) -> None:
        """Take any message."""
        self.applied += 1
        locate = self.books.apply(data, at, length)
        if locate == _MALFORMED:
            self.malformed += 1
            return
        kind = data[at]
        self.by_type[kind] += 1
        if locate >= 0:
            self._changed(locate)
        if kind != DELETE and kind != REPLACE:
            self._report(kind, data, at, locate)

    def _changed(self, locate: int) -> None:
        """A book has changed."""
        instrument = self._at(locate)
        if instrument is not None:
            instrument.updates += 1
            self.market.touch(instrument)

    def _report(self, kind: int, data: Octets, at: int, locate: int) -> None:
        """What a message says besides the change of a book: prints, trading states, phases of the day."""
        if kind == EXECUTED:
            # The message leaves the price out: it is the order's (ITCH 5.0, Order Executed).
            if locate >= 0:
                self._print(locate, self.books.price, Shares(be32(data, at + 19)))
        elif kind == EXECUTED_WITH_PRICE:
            if data[at + 31] == _YES:
                self._print(be16(data, at + 1), Price(be32(data, at + 32)), Shares(be32(data, at + 19)))
        elif kind == TRADE:
            self._print(be16(data, at + 1), Price(be32(data, at + 32)), Shares(be32(data, at + 20)))
        elif kind == CROSS:
            if be64(data, at + 11) <= _MAX_SHARES:
                self._print(be16(data, at + 1), Price(be32(data, at + 27)), Shares(be64(data, at + 11)))
        elif kind == SYSTEM_EVENT:
            self._system(data[at + 11])
        elif kind in (TRADING_ACTION, OPERATIONAL_HALT, REG_SHO, STOCK_DIRECTORY):
            self._state(kind, data, at)

    def views(self) -> list[dict[str, Any]]:
        """Return every named book by symbol: `symbol`, `bids` and `asks` as `[price4, shares, orders]`, best first."""
        stocks = self.books.stocks
        found = []
        for symbol in stocks.symbols():
            locate = stocks.locate_of(symbol)
            bids, asks = self.books.side_view(locate, 1), self.books.side_view(locate, -1)
            found.append({"symbol": symbol, "bids": bids, "asks": asks})
        return found

    def _at(self, locate: int) -> Instrument | None:
        """Return the instrument of a locate, made when its symbol is new; None for one without a symbol."""
        if locate >= self.books.max_locates:
            return None
        instrument = self._instruments[locate]
        if instrument is None:
            symbol = self.books.stocks.symbol_of(locate)
            if symbol is None:
                return None
            instrument = self.market.make(symbol)
            if instrument is not None:
                self._instruments[locate] = instrument
                self.market.place(instrument, self.venue, locate)
        return instrument

    def _print(self, locate: int, price: Price, shares: Shares) -> None:
        instrument = self._at(locate)
        if instrument is not None:
            self.market.printed(instrument, price, shares)

    def _state(self, kind: int, data: Octets, at: int) -> None:
        """What a symbol is and whether it trades.

        A halt at one market does not concern the others of its group (ITCH 5.0, Operational Halt).
        """
        instrument = self._at(be16(data, at + 1))
        if instrument is None:
            return
        value = data[at + 19]
        if kind == TRADING_ACTION:
            instrument.halt(_TRADING_STATE << self.venue, value in (_HALTED, _PAUSED, _QUOTING))
        elif kind == OPERATIONAL_HALT and value == self._market_code:
            instrument.halt(_OPERATIONAL << self.venue, data[at + 20] == _HALTED)
        elif kind == REG_SHO:
            instrument.short_restricted = value != _UNRESTRICTED
        if kind == TRADING_ACTION or (kind == OPERATIONAL_HALT and value == self._market_code):
            self.market.touch(instrument)

    def _system(self, code: int) -> None:
        self.phase = code
        self.closed = code in (_END_OF_HOURS, _END_OF_SYSTEM, _END_OF_MESSAGES)
        if self.closed:  # what was halted here is halted no longer for those that trade on
            for instrument in self.market.instruments:
                instrument.halt((_TRADING_STATE | _OPERATIONAL) << self.venue, False)
        self.market.settle_closed()
