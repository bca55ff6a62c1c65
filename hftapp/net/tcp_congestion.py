"""Congestion control: slow start and avoidance (RFC 5681), NewReno recovery (RFC 6582). Sizes in bytes.

Orders fit the initial window of ten segments, so on a healthy line it never delays one.
"""

from __future__ import annotations

from typing import Final

import cython

INITIAL_SEGMENTS: Final = 10
"""RFC 6928."""
DUPLICATES: Final = 3
"""Duplicate acknowledgements that mean loss rather than reordering (RFC 5681 §3.2)."""
_INITIAL_SEGMENTS = INITIAL_SEGMENTS
_DUPLICATES = DUPLICATES


@cython.final
@cython.cclass
class NewReno:
    """How much may be in flight, and when a duplicate acknowledgement means that a segment is lost."""

    def __init__(self, mss: int) -> None:
        self.mss = mss
        self.window = INITIAL_SEGMENTS * mss
        self.threshold = 1 << 30
        self.recovering = False
        self.duplicates = 0

    def set_mss(self, mss: int) -> None:
        """Start over with the segment size that the handshake agreed on."""
        self.mss = mss
        self.window = _INITIAL_SEGMENTS * mss

    def allowance(self) -> int:
        """Bytes that may be in flight now, with Limited Transmit (RFC 3042) for the first two duplicates."""
        if self.recovering or self.duplicates == 0:
            return self.window
        return self.window + (self.mss if self.duplicates == 1 else (_DUPLICATES - 1) * self.mss)

    def on_progress(self, acked: int) -> None:
        """Grow after new data was acknowledged outside recovery; a window of 1 GiB is enough."""
        self.duplicates = 0
        if self.window >= 1 << 30:
            return
        if self.window < self.threshold:
            self.window += acked if acked < self.mss else self.mss
        else:
            growth = self.mss * self.mss // self.window
            self.window += growth if growth > 1 else 1

    def on_duplicate(self) -> bool:
        """Count a duplicate acknowledgement; say whether it is the one that means loss."""
        self.duplicates += 1
        if self.recovering:
            self.window += self.mss
            return False
        return self.duplicates == _DUPLICATES

    def enter_recovery(self, in_flight: int) -> None:
        """Halve for a fast retransmit (RFC 6582 §3.2 step 2)."""
        self._halve(in_flight)
        self.window = self.threshold + _DUPLICATES * self.mss
        self.recovering = True

    def on_partial(self, acked: int) -> None:
        """Deflate after an acknowledgement that covers only part of what was lost (step 3)."""
        self.window = (self.window - acked if self.window > acked else 0) + self.mss

    def leave_recovery(self, in_flight: int) -> None:
        """Everything that was in flight at the loss is acknowledged."""
        self.window = (in_flight if in_flight > self.mss else self.mss) + self.mss
        if self.window > self.threshold:
            self.window = self.threshold
        self.recovering = False
        self.duplicates = 0

    def on_timeout(self, in_flight: int, first: bool) -> None:
        """Start again from one segment; the threshold is halved once per loss (RFC 5681 §3.1)."""
        if first:
            self._halve(in_flight)
        self.window = self.mss
        self.recovering = False
        self.duplicates = 0

    def _halve(self, in_flight: int) -> None:
        self.threshold = in_flight // 2
        if self.threshold < 2 * self.mss:
            self.threshold = 2 * self.mss
