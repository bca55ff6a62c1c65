"""The retransmission timer's value (RFC 6298): smoothed round-trip time, variance, backoff. Times in ns."""

from __future__ import annotations

from typing import Final

import cython

GRANULARITY: Final = 1_000_000
"""G of RFC 6298 §2: the trader's loop looks at the clock far more often than this."""
FALLBACK: Final = 3_000_000_000
"""The value after a retransmitted SYN (RFC 6298 §5.7)."""

_GRANULARITY = GRANULARITY
_FALLBACK = FALLBACK


@cython.final
@cython.cclass
class RtoEstimator:
    """Turns measured round trips into the time to wait for an acknowledgement."""

    def __init__(self, initial: int, minimum: int, maximum: int) -> None:
        if not 0 < minimum <= initial <= maximum:
            raise ValueError(f"retransmission times must be 0 < min <= initial <= max: {minimum}, {initial}, {maximum}")
        self.smoothed = 0
        self.variance = 0
        self.rto = initial
        self._initial = initial
        self._minimum = minimum
        self._maximum = maximum

    def sample(self, rtt: int) -> None:
        """Take a round trip of a segment that was sent once (Karn: the caller leaves out retransmitted ones)."""
        if rtt < 0:  # a clock read earlier than the one that the segment was sent by
            rtt = 0
        if self.smoothed == 0:
            self.smoothed = rtt
            self.variance = rtt // 2
        else:
            error = self.smoothed - rtt
            if error < 0:
                error = -error
            self.variance = (3 * self.variance + error) // 4
            self.smoothed = (7 * self.smoothed + rtt) // 8
        if self.smoothed < 1:
            self.smoothed = 1
        spread = 4 * self.variance
        if spread < _GRANULARITY:
            spread = _GRANULARITY
        self._set(self.smoothed + spread)

    def backoff(self) -> None:
        """Double the time after it ran out (§5.5)."""
        self._set(self.rto * 2)

    def after_syn_timeout(self) -> None:
        """Start the data phase with the fallback when the SYN had to be sent again (§5.7)."""
        if self.smoothed == 0:
            self.rto = self._initial if self._initial > _FALLBACK else _FALLBACK

    def _set(self, rto: int) -> None:
        if rto > self._maximum:
            rto = self._maximum
        self.rto = rto if rto > self._minimum else self._minimum
