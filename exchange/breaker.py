"""The market-wide circuit breaker (NYSE Rule 7.12, Nasdaq Rule 4121): 7, 13 and 20 % below the previous close.

The index is a stand-in for the S&P 500: the equal-weighted mean of every symbol's last price over its previous close,
1,000.00 points at the close. A breach of level 1 or 2 halts everything for 15 minutes, once a day each and only until
35 minutes before the close; a breach of level 3 halts it for the rest of the day. The last 5 of the 15 minutes are
quotation-only, then every symbol reopens with a halt cross.
"""

from __future__ import annotations

from exchange.book import Book
from exchange.cross_hours import MINUTE
from exchange.halts import QUOTATION, Halts
from exchange.market import Market
from protocols.itch50 import MwcbDeclineLevel, MwcbStatus

LEVELS = ((1, 7), (2, 13), (3, 20))
"""Level and decline in per cent."""

HALT = 15 * MINUTE
LAST_HALT_BEFORE_CLOSE = 35 * MINUTE
_POINTS = 1_000
_PRICE8 = 100_000_000
# One symbol at its previous close; integers, so that the index does not depend on the order of trades.
_UNIT = 1_000_000_000


class Breaker:
    """Watches the index of one market. ``opens``, ``closes``: regular hours, ns since midnight."""

    def __init__(self, market: Market, halts: Halts, opens: int, closes: int) -> None:
        self._market = market
        self._halts = halts
        self._opens = opens
        self._closes = closes
        self._relative: dict[int, int] = {}
        self._change = 0
        self._breached = 0
        self._armed = True
        market.watchers.append(self)

    def announce(self, now: int) -> None:
        """Publish the day's levels (ITCH `V`)."""
        first, second, third = ((100 - percent) * _POINTS * _PRICE8 // 100 for _, percent in LEVELS)
        message = MwcbDeclineLevel(
            stock_locate=0,
            tracking_number=0,
            timestamp=self._market.stamp(now),
            level_1=first,
            level_2=second,
            level_3=third,
        )
        self._market.publisher.publish(message.encode())

    def index(self) -> int:
        """The index as a price8: 1,000.00000000 at the previous close."""
        count = len(self._market.directory.listings)
        return _POINTS * _PRICE8 if not count else _POINTS * _PRICE8 * (count * _UNIT + self._change) // (count * _UNIT)

    def traded(self, book: Book, price: int, _shares: int, _time: int) -> None:
        """Move the index."""
        relative = price * _UNIT // self._market.directory.listings[book.symbol].price
        self._change += relative - self._relative.get(book.locate, _UNIT)
        self._relative[book.locate] = relative

    def settled(self, _book: Book, time: int) -> None:
        """Halt everything when a level was breached."""
        if self._change >= 0 or not (self._armed and self._opens <= time < self._closes):
            return
        decline = -self._change * 100
        whole = len(self._market.directory.listings) * _UNIT
        for level, percent in reversed(LEVELS):
            if level > self._breached and decline >= percent * whole:
                self._breach(level, time)
                return

    def _breach(self, level: int, time: int) -> None:
        last = level == LEVELS[-1][0]
        self._breached = level
        self._publish_status(level, time)
        if last:
            self._armed = False
            self._halts.halt_all("MWC3", time, None, "")
        elif time < self._closes - LAST_HALT_BEFORE_CLOSE:
            self._halts.halt_all(f"MWC{level}", time, time + HALT - QUOTATION, "MWCQ")

    def _publish_status(self, level: int, time: int) -> None:
        message = MwcbStatus(stock_locate=0, tracking_number=0, timestamp=time, breached_level=str(level))
        self._market.publisher.publish(message.encode())
