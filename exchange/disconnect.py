"""Cancel on disconnect: open orders of a login whose connection ended do not outlive it for long. Sans-I/O.

A login that is back within the grace time keeps its orders and their places. Times are monotonic ns.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from exchange.clock import SECOND
from exchange.order_entry import OrderEntry

log = logging.getLogger(__name__)

DEFAULT_GRACE = 5 * SECOND


class DisconnectGuard:
    """Counts down for every login without a connection. ``grace`` None: orders stay however long it is away.

    ``cancel`` is called with an order entry whose time is over and the time, and returns how many orders it cancelled.
    """

    def __init__(self, grace: int | None, cancel: Callable[[OrderEntry, int], int]) -> None:
        self._grace = grace
        self._cancel = cancel
        # In the order of the deadlines: the grace time is the same for all.
        self._due: dict[OrderEntry, int] = {}

    def connected(self, entry: OrderEntry) -> None:
        """The login is back: its orders stay."""
        self._due.pop(entry, None)

    def disconnected(self, entry: OrderEntry, now: int) -> None:
        """The login's connection ended, for whatever reason; or the exchange was started again."""
        if self._grace is not None:
            self._due[entry] = now + self._grace

    def next_deadline(self) -> int | None:
        """When `advance` has something to do, None while all are connected."""
        return next(iter(self._due.values()), None)

    def advance(self, now: int) -> None:
        """Cancel the orders of every login that has been away for the grace time (`C`, reason `Z`)."""
        for entry in [entry for entry, due in self._due.items() if due <= now]:
            del self._due[entry]
            count = self._cancel(entry, now) if entry.orders else 0
            if count:
                log.warning("%s: disconnected, %d open orders cancelled", entry.account.login.user, count)
