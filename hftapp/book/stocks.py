"""Which symbol a Stock Locate stands for, as the feed says (ITCH 5.0 §4.1: locates are fixed for a day)."""

from __future__ import annotations

from array import array

import cython

NO_NAME = (1 << 64) - 1
"""What `Stocks.names` holds for a locate without a symbol: no ASCII text."""


@cython.final
@cython.cclass
class Stocks:
    """Symbols of the locates 0 to `size` - 1.

    `names`: 8 characters as on the wire, as one big-endian number, by locate. `conflicts`: messages that gave a
    locate a second symbol, or a symbol a second locate; the first holds.
    """

    def __init__(self, size: int) -> None:
        self.names = array("Q", [NO_NAME]) * size
        self.conflicts = 0
        self._locates: dict[str, int] = {}

    def name(self, locate: int, stock: int) -> None:
        """Learn what a message says that does not agree with `names`."""
        symbol = stock.to_bytes(8, "big").decode("ascii").rstrip(" ")
        if self.names[locate] != _NO_NAME or symbol in self._locates:
            self.conflicts += 1
        else:
            self.names[locate] = stock
            self._locates[symbol] = locate

    def symbol_of(self, locate: int) -> str | None:
        """Return the symbol of a Stock Locate, None when no message named it."""
        if not 0 <= locate < len(self.names) or self.names[locate] == _NO_NAME:
            return None
        word: int = self.names[locate]
        return word.to_bytes(8, "big").decode("ascii").rstrip(" ")

    def locate_of(self, symbol: str) -> int:
        """Return the Stock Locate of a symbol, -1 when no message named it."""
        return self._locates.get(symbol, -1)

    def symbols(self) -> list[str]:
        """Return all symbols named so far, sorted."""
        return sorted(self._locates)


_NO_NAME = NO_NAME
