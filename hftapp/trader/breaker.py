"""Why the trader must not trade, and what follows: a closed gateway, and every order of its own taken off.

Reasons come and go independently of each other; the gateway is open while there is none. An order that cannot be
cancelled at once, because the order session is down or a replace of it is in flight, is cancelled as soon as it can be.
"""

from __future__ import annotations

from typing import Final

from hftapp.trader.gateway import OrderGateway

CONNECTING: Final = "connecting"
ADOPTED: Final = "orders of another run"
KILLED: Final = "killed"
LOST: Final = "messages were lost"
SILENT: Final = "no market data"
MARKET_CLOSED: Final = "market closed"
CLOSING: Final = "closing"
STALE: Final = frozenset({LOST, SILENT})
"""Reasons for which no book can be trusted."""

REPEAT_NS: Final = 500_000_000
"""How often a cancel without an answer is repeated."""


class Breaker:
    """Owns the gateway's `open`. `reasons` begins with `CONNECTING`; `tripped`: there is one.

    `stale`: the books cannot be trusted.
    """

    def __init__(self, gateway: OrderGateway) -> None:
        self.reasons: set[str] = {CONNECTING}
        self.tripped = True
        self.stale = False
        self._gateway = gateway
        self._next_cancel = 0
        gateway.open = False

    def trip(self, reason: str, now: int) -> bool:
        """Add a reason: the gateway closes and every order is cancelled. False when it was there already."""
        if reason in self.reasons:
            return False
        self.reasons.add(reason)
        self._judge()
        self._cancel(now)
        return True

    def reset(self, reason: str) -> bool:
        """Take a reason away; True when it was the last one and the gateway is open again."""
        if reason not in self.reasons:
            return False
        self.reasons.discard(reason)
        self._judge()
        return not self.tripped

    def answered(self, now: int) -> None:
        """The exchange spoke: cancel what its answers made cancellable (a login, a replace that was rejected)."""
        if self.tripped:
            self._gateway.cancel_all(now, False)

    def timer(self, now: int) -> None:
        """Repeat cancels that have no answer."""
        if self.tripped and now >= self._next_cancel:
            self._cancel(now)

    def _judge(self) -> None:
        self.tripped = bool(self.reasons)
        self.stale = not STALE.isdisjoint(self.reasons)
        self._gateway.open = not self.tripped

    def _cancel(self, now: int) -> None:
        self._next_cancel = now + REPEAT_NS
        self._gateway.cancel_all(now)
