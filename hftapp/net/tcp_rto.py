"""The retransmission timer's value (RFC 6298): smoothed round-trip time, variance, backoff. Times in ns."""

from typing import Final

GRANULARITY: Final = 1_000_000
"""G of RFC 6298 §2: the trader's loop looks at the clock far more often than this."""
FALLBACK: Final = 3_000_000_000
"""The value after a retransmitted SYN (RFC 6298 §5.7)."""


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
        if self.smoothed == 0:
            self.smoothed = max(rtt, 1)
            self.variance = rtt // 2
        else:
            self.variance = (3 * self.variance + abs(self.smoothed - rtt)) // 4
            self.smoothed = max((7 * self.smoothed + rtt) // 8, 1)
        self._set(self.smoothed + max(GRANULARITY, 4 * self.variance))

    def backoff(self) -> None:
        """Double the time after it ran out (§5.5)."""
        self._set(self.rto * 2)

    def after_syn_timeout(self) -> None:
        """Start the data phase with the fallback when the SYN had to be sent again (§5.7)."""
        if self.smoothed == 0:
            self.rto = max(FALLBACK, self._initial)

    def _set(self, rto: int) -> None:
        self.rto = min(max(rto, self._minimum), self._maximum)
