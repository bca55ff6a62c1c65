"""Shows the instruments to the supervisor: one block each in the figures, copied when the trader has nothing to do.

A turn of the loop without a frame copies one instrument. So the copies cost no tick anything, and with thousands of
instruments each is still shown many times a second. A block's edition is odd while its prices are written, so that a
reader can tell whether what it copied is of one moment; it changes only when the book has.
"""

from __future__ import annotations

from array import array

import cython

from hftapp import figures
from hftapp.figures import Figures
from hftapp.trader.instrument import MAX_VENUES, Instrument
from hftapp.trader.market import Market

if not cython.compiled:
    from hftapp.octets import copy
    from hftapp.shared import octets_of, release, words_of
    from hftapp.units import Price, Shares

    _BUY, _SELL = 1, -1

_STRIDE, _SHOWN = figures.STRIDE, figures.SHOWN
_EDITION, _DEPTH, _LEVELS = figures.EDITION, figures.DEPTH, figures.LEVELS


@cython.final
@cython.cclass
class Board:
    """Writer of the instruments' blocks. `overflow`: how many have no block; they would be missing in a profit.

    `market`: whose books have the levels, those of several venues put together; None: no levels are shown.
    """

    def __init__(self, shown: Figures, market: Market | None = None) -> None:
        self._kept = shown.words("instruments"), shown.head()  # so that the mapping stays
        words, head = self._kept
        self._words = words_of(words)
        self._octets = octets_of(words.cast("B"))
        self._head = words_of(head)
        self._room = shown.layout.instruments
        self._next = 0
        self._market = market
        self._level = array("q", bytes(8 * MAX_VENUES))
        self.overflow = 0

    def show(self, instrument: Instrument) -> None:
        """Copy an instrument."""
        index = instrument.index
        if index >= self._room:
            if index - self._room + 1 > self.overflow:
                self.overflow = index - self._room + 1
            return
        at = index * _STRIDE
        self._words[at + 1] = instrument.position
        self._words[at + 6] = instrument.last
        self._words[at + 7] = instrument.halts
        self._words[at + 8] = instrument.exposed_buy
        self._words[at + 9] = instrument.exposed_sell
        self._words[at + 10] = instrument.open_notional
        if self._words[at + 11] != instrument.updates or self._words[at + _EDITION] == 0:
            self._book(instrument, at)
        if index >= self._head[_SHOWN]:
            copy(self._octets, 8 * at, instrument.stock, 0, 8)
            self._head[_SHOWN] = index + 1
        elif self._words[at] == 0:
            copy(self._octets, 8 * at, instrument.stock, 0, 8)

    def turn(self, instruments: list[Instrument]) -> None:
        """Copy the next instrument; after the last comes the first."""
        count = len(instruments)
        if count == 0:
            return
        if self._next >= count:
            self._next = 0
        self.show(instruments[self._next])
        self._next += 1

    def show_all(self, instruments: list[Instrument]) -> None:
        """Copy every instrument: before the last figures are taken."""
        for i in range(len(instruments)):
            self.show(instruments[i])

    def _book(self, instrument: Instrument, at: int) -> None:
        """Copy prices and depth, as a new edition. A release stays behind the stores before it: so all are in order."""
        edition = self._words[at + _EDITION]
        release(self._words, at + _EDITION, edition + 1)
        release(self._words, at + 2, instrument.bid)
        release(self._words, at + 3, instrument.bid_shares)
        release(self._words, at + 4, instrument.ask)
        release(self._words, at + 5, instrument.ask_shares)
        release(self._words, at + 11, instrument.updates)
        if self._market is not None:
            self._levels(instrument, _BUY, at + _DEPTH)
            self._levels(instrument, _SELL, at + _DEPTH + 2 * _LEVELS)
        release(self._words, at + _EDITION, edition + 2)

    def _levels(self, instrument: Instrument, side: int, at: int) -> int:
        """Copy the best levels of a side, shares added up where several venues show the same price."""
        market = cython.cast(Market, self._market)
        if market.venue_count == 1:
            books = market.books[0]
            locate = market.locate_of(instrument, 0)
            for i in range(_LEVELS if locate >= 0 else 0):
                release(self._words, at + 2 * i, books.level_price(locate, side, i))
                release(self._words, at + 2 * i + 1, books.level_shares(locate, side, i))
            return 0
        level = self._level
        for venue in range(market.venue_count):
            level[venue] = 0
        for i in range(_LEVELS):
            best = Price(0)
            shares = Shares(0)
            for venue in range(market.venue_count):
                locate = market.locate_of(instrument, venue)
                if locate < 0:
                    continue
                books = market.books[venue]
                price = books.level_price(locate, side, level[venue])
                if price != 0 and (best == 0 or (price - best) * side > 0):
                    best = price
            for venue in range(market.venue_count):
                locate = market.locate_of(instrument, venue)
                if best == 0 or locate < 0:
                    continue
                books = market.books[venue]
                if books.level_price(locate, side, level[venue]) == best:
                    shares += books.level_shares(locate, side, level[venue])
                    level[venue] += 1
            release(self._words, at + 2 * i, best)
            release(self._words, at + 2 * i + 1, shares)
        return 0
