"""A session that opens at once and closes when it is told to: what integration tests and strategies run against."""

from __future__ import annotations

import logging
from collections.abc import Callable

from exchange.market import Market

log = logging.getLogger(__name__)


class InstantDay:
    """Start of messages, the directory of all symbols, system hours, market hours: all in one moment.

    ``opens_itself`` is False when a replayed file brings the market's opening (system event `Q`) at its own time.
    ``at_close`` and ``at_end`` end the orders for market hours and for extended hours.
    """

    def __init__(
        self,
        market: Market,
        opens_itself: bool,
        at_close: Callable[[int], None],
        at_end: Callable[[int], None],
    ) -> None:
        self._market = market
        self._opens_itself = opens_itself
        self._at_close = at_close
        self._at_end = at_end
        self._started = False

    def start(self, now: int) -> None:
        """Open: `O`, the directory of all symbols, `S`, `Q`."""
        self._started = True
        self._market.system_event("O", now)
        self._market.announce_symbols(now)
        self._market.system_event("S", now)
        if self._opens_itself:
            self._market.system_event("Q", now)
        log.info("day started: %d symbols", len(self._market.directory.listings))

    def end(self, now: int) -> None:
        """Close: `M`, `E`, `C`. A day that never began has nothing to close."""
        if not self._started:
            return
        self._market.system_event("M", now)
        self._at_close(now)
        self._at_end(now)
        for code in "EC":
            self._market.system_event(code, now)
        log.info("day ended: %d messages", len(self._market.publisher))

    def next_deadline(self) -> int | None:
        """Nothing happens by the clock."""
        return None

    def advance(self, now: int) -> None:
        """Nothing happens by the clock."""
