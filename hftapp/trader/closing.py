"""The end of a trader: own orders die, sessions are logged out, the last words are said."""

from typing import Final

from hftapp.trader import breaker
from hftapp.trader.assembly import Parts

LOGOUT_NS: Final = 2_000_000_000


class Closing:
    """Steps from the decision to end to the outcome. `deadline`: when patience with the present step ends, ns."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._reason = ""
        self._logged_out = False
        self.deadline = 0

    def begin(self, reason: str, now: int) -> None:
        """Pull every order and give the exchange time to confirm it."""
        self._reason = reason
        self.deadline = now + self._parts.cancel_ns
        self._parts.breaker.trip(breaker.CLOSING, now)
        self._parts.reports.state(f"closing: {reason}")

    def step(self, now: int) -> tuple[int, str] | None:
        """Wait for the own orders to die, then for the exchange to end the sessions; exit status and reason at last."""
        sessions, orders = self._parts.sessions, self._parts.orders
        if self._logged_out:
            if all(session.over for session in sessions) or now >= self.deadline:
                return self._finish()
            return None
        for session in sessions:
            if session.over and not session.failed:
                orders.expire(session.venue, f"order session {session.over}")
        if orders.open_count and not all(session.over for session in sessions) and now < self.deadline:
            return None
        self._logged_out = True
        self.deadline = now + LOGOUT_NS
        for session in sessions:
            if not session.over:
                session.logout(now)
        return None

    def _finish(self) -> tuple[int, str]:
        """Report every book; exit status and reason."""
        parts = self._parts
        parts.reports.books(parts.market, parts.names, [arbiter.next_number - 1 for arbiter in parts.arbiters])
        left = parts.orders.open_count
        status = 1 if left or any(session.failed for session in parts.sessions) else 0
        reason = self._reason + (f" with {left} orders still open" if left else "")
        return status, reason
