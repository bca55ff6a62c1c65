"""Shows the instruments to the supervisor: one block each in the figures, copied when the trader has nothing to do.

A turn of the loop without a frame copies one instrument. So the copies cost no tick anything, and with thousands of
instruments each is still shown many times a second.
"""

from __future__ import annotations

import cython

from hftapp import figures
from hftapp.figures import Figures
from hftapp.trader.instrument import Instrument

if not cython.compiled:
    from hftapp.octets import copy
    from hftapp.shared import octets_of, words_of

_STRIDE = figures.STRIDE
_SHOWN = figures.SHOWN


@cython.final
@cython.cclass
class Board:
    """Writer of the instruments' blocks. `overflow`: how many have no block; they would be missing in a profit."""

    def __init__(self, shown: Figures) -> None:
        self._kept = shown.words("instruments"), shown.head()  # so that the mapping stays
        words, head = self._kept
        self._words = words_of(words)
        self._octets = octets_of(words.cast("B"))
        self._head = words_of(head)
        self._room = shown.layout.instruments
        self._next = 0
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
        self._words[at + 2] = instrument.bid
        self._words[at + 3] = instrument.bid_shares
        self._words[at + 4] = instrument.ask
        self._words[at + 5] = instrument.ask_shares
        self._words[at + 6] = instrument.last
        self._words[at + 7] = instrument.halts
        self._words[at + 8] = instrument.exposed_buy
        self._words[at + 9] = instrument.exposed_sell
        self._words[at + 10] = instrument.open_notional
        self._words[at + 11] = instrument.updates
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
