"""The exchange's time of day, driven by a monotonic clock that comes in from outside."""

from __future__ import annotations

SECOND = 1_000_000_000
MARKET_OPEN = 34_200 * SECOND


class SessionClock:
    """Exchange time (ns since midnight New York) as a function of monotonic time (ns).

    It stands still until it is started, so that a session that waits for its first client opens at the same time of
    day as one that does not. While a file is replayed its rate is the replay's speed.
    """

    def __init__(self, start: int = MARKET_OPEN - SECOND) -> None:
        self._exchange: int = start
        self._monotonic: int = 0
        self._rate: float = 0.0

    def now(self, monotonic: int) -> int:
        """Exchange time at a monotonic time."""
        return self._exchange + int((monotonic - self._monotonic) * self._rate)

    def set(self, exchange: int, monotonic: int, rate: float = 1.0) -> None:
        """From ``monotonic`` on, show ``exchange`` and go ``rate`` times as fast as real time."""
        self._exchange = exchange
        self._monotonic = monotonic
        self._rate = rate

    def monotonic_at(self, exchange: int) -> int:
        """The monotonic time at which the clock will show (at least) ``exchange``; needs a running clock."""
        ahead = exchange - self._exchange
        return self._monotonic + (0 if ahead <= 0 else -int(-ahead // self._rate))
