"""The market as surveillance sees it: the last best prices of each symbol."""

from __future__ import annotations

from store.surveillance.events import Quote
from store.surveillance.window import MAX_KEYS


class MarketView:
    """The latest quote by symbol, of at most ``limit`` symbols: beyond that the one that came first is forgotten."""

    def __init__(self, limit: int = MAX_KEYS) -> None:
        self._limit = limit
        self._quotes: dict[str, Quote] = {}

    def take(self, quote: Quote) -> None:
        """Take a new quote."""
        self._quotes[quote.symbol] = quote
        if len(self._quotes) > self._limit:
            del self._quotes[next(iter(self._quotes))]

    def quote(self, symbol: str) -> Quote | None:
        """The latest one, None before the first."""
        return self._quotes.get(symbol)
