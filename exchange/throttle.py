"""Message rates of order entry: per port, per symbol, and of requests that are all alike.

Token buckets over exchange time (ns since midnight), so that a journal leads to the same rejects again. Only enter and
replace requests count: whoever takes risk off the market is never held up.
"""

from __future__ import annotations

from collections.abc import Hashable

from exchange.token_bucket import SourceBuckets, TokenBucket


class RateLimit:
    """At most ``rate`` a second on average and ``burst`` at once; one bucket for all keys, or one for each."""

    def __init__(self, rate: int, burst: int, keyed: bool) -> None:
        self._rate = rate
        self._burst = burst
        self._buckets = SourceBuckets(burst, rate) if keyed else None
        self._bucket: TokenBucket | None = None

    def allows(self, key: Hashable, now: int) -> bool:
        """Count one more; False when it is too much."""
        if self._buckets is not None:
            return self._buckets.take(key, now)
        if self._bucket is None:
            self._bucket = TokenBucket(self._burst, self._rate, now)
        return self._bucket.take(now)
