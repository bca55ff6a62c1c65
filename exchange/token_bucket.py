"""Token buckets: how often something may happen, on average and at once, per source and in total."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable

from exchange.clock import SECOND


class TokenBucket:
    """``burst`` tokens, refilled at ``rate`` a second; full at ``now`` (monotonic ns)."""

    __slots__ = ("_burst", "_rate", "_tokens", "_updated")

    def __init__(self, burst: int, rate: int, now: int) -> None:
        # Whole numbers of token-nanoseconds: nothing is lost to rounding however often the bucket is asked.
        self._burst = burst * SECOND
        self._rate = rate
        self._tokens = self._burst
        self._updated = now

    def take(self, now: int) -> bool:
        """Take one token; False when there is none."""
        self._refill(now)
        if self._tokens < SECOND:
            return False
        self._tokens -= SECOND
        return True

    def _refill(self, now: int) -> None:
        if now > self._updated:
            self._tokens = min(self._burst, self._tokens + (now - self._updated) * self._rate)
            self._updated = now


class SourceBuckets:
    """One bucket for each source. At most ``capacity`` sources are known: a new one displaces the longest silent."""

    def __init__(self, burst: int, rate: int, capacity: int = 4096) -> None:
        self._burst = burst
        self._rate = rate
        self._capacity = capacity
        self._buckets: OrderedDict[Hashable, TokenBucket] = OrderedDict()

    def __len__(self) -> int:
        return len(self._buckets)

    def take(self, source: Hashable, now: int) -> bool:
        """Take one of the source's tokens; False when it has none."""
        bucket = self._buckets.get(source)
        if bucket is None:
            if len(self._buckets) >= self._capacity:
                self._buckets.popitem(last=False)
            bucket = self._buckets[source] = TokenBucket(self._burst, self._rate, now)
        else:
            self._buckets.move_to_end(source)
        return bucket.take(now)
