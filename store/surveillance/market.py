"""The market as surveillance sees it: the last best prices of each symbol."""

from __future__ import annotations

from store.surveillance.events import Quote


class MarketView:
    """The latest quote by symbol."""

    def __init__(self) -> None:
        self._quotes: dict[str, Quote] = {}

    def take(self, quote: Quote) -> None:
        """Take a new quote."""
        self._quotes[quote.symbol] = quote

    def quote(self, symbol: str) -> Quote | None:
        """The latest one, None before the first."""
        return self._quotes.get(symbol)
