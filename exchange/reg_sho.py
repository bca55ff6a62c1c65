"""Regulation SHO Rule 201, the short sale price test (17 CFR 242.201(b)).

A trade in regular hours 10 % or more below the previous close restricts short sales in that symbol for the rest of the
day (ITCH `Y` action 1) and the day after (action 2 from the start of that day). The engine then keeps short sales above
the best bid (docs/matching.md, rule 4). The trades are those of this market; the previous close is the listing's price.
"""

from __future__ import annotations

from collections.abc import Iterable

from exchange.book import Book
from exchange.market import Market
from protocols.itch50 import RegShoShortSalePriceTestRestrictedIndicator

NONE, TRIGGERED, CARRIED_OVER = "0", "1", "2"


class RegSho:
    """The price test of one market's symbols. ``opens``, ``closes``: regular hours, ns since midnight."""

    def __init__(self, market: Market, opens: int, closes: int) -> None:
        self._market = market
        self._opens = opens
        self._closes = closes
        self._triggered: dict[int, Book] = {}
        market.watchers.append(self)

    def carry_over(self, symbols: Iterable[str]) -> None:
        """Restrict what was triggered the day before; call it before the directory is announced. KeyError: unknown."""
        for symbol in symbols:
            self._market.directory.listings[symbol].reg_sho = CARRIED_OVER
            self._market.book(symbol).short_restricted = True

    def triggered(self) -> list[str]:
        """The symbols triggered today: what to carry over tomorrow."""
        listings = self._market.directory.listings.values()
        return [listing.symbol for listing in listings if listing.reg_sho == TRIGGERED]

    def traded(self, book: Book, price: int, _shares: int, time: int) -> None:
        """Look at a trade; what it triggers takes effect when the operation is over.

        A second fall on a carried-over day starts the two days anew, so action 1 follows action 2.
        """
        listing = self._market.directory.listings[book.symbol]
        if listing.reg_sho != TRIGGERED and self._opens <= time < self._closes and price * 10 <= listing.price * 9:
            self._triggered[book.locate] = book

    def settled(self, book: Book, time: int) -> None:
        """Announce what was triggered."""
        if not self._triggered or self._triggered.pop(book.locate, None) is None:
            return
        self._market.directory.listings[book.symbol].reg_sho = TRIGGERED
        book.short_restricted = True
        message = RegShoShortSalePriceTestRestrictedIndicator(
            stock_locate=book.locate,
            tracking_number=0,
            timestamp=time,
            stock=book.symbol,
            reg_sho_action=TRIGGERED,
        )
        self._market.publisher.publish(message.encode())
