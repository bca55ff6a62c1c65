"""Cancel on disconnect: open orders of a login whose connection ended do not outlive it for long. Sans-I/O.

A login that is back within the grace time keeps its orders and their places. Times are monotonic ns.
"""

from __future__ import annotations

import logging

from exchange.clock import SECOND, SessionClock
from exchange.events import CANCEL_SYSTEM
from exchange.order_entry import OrderEntry

log = logging.getLogger(__name__)

DEFAULT_GRACE = 5 * SECOND


class DisconnectGuard:
    """Counts down for every login without a connection. ``grace`` None: orders stay however long it is away."""

    def __init__(self, clock: SessionClock, grace: int | None) -> None:
        self._clock = clock
        self._grace = grace
        # In the order of the deadlines: the grace time is the same for all.
        self._due: dict[OrderEntry, int] = {}

    def connected(self, entry: OrderEntry) -> None:
        """The login is back: its orders stay."""
        self._due.pop(entry, None)

    def disconnected(self, entry: OrderEntry, now: int) -> None:
        """The login's connection ended, for whatever reason."""
        if self._grace is not None:
            self._due[entry] = now + self._grace

    def next_deadline(self) -> int | None:
        """When `advance` has something to do, None while all are connected."""
        return next(iter(self._due.values()), None)

    def advance(self, now: int) -> None:
        """Cancel the orders of every login that has been away for the grace time (`C`, reason `Z`)."""
        for entry in [entry for entry, due in self._due.items() if due <= now]:
            del self._due[entry]
            count = entry.cancel_all(self._clock.now(now), CANCEL_SYSTEM)
            if count:
                log.warning("%s: disconnected, %d open orders cancelled", entry.account.login.user, count)
