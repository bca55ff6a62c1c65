"""When the stages of one tick were passed, in TSC ticks: from the burst's return to the doorbell of its first order.

Reading the counter is one instruction; what the differences mean is worked out after the doorbell.
"""

from __future__ import annotations

from typing import Final

import cython

from hftapp.clock import Clock
from hftapp.histogram import Histogram

NAMES: Final = ("frame_parsed", "book_updated", "decision", "risk_passed", "doorbell")
"""The stages in their order; the histogram of each holds the ticks since the one before, the first since the burst."""


@cython.final
@cython.cclass
class Stages:
    """Stamps of the tick that is handled. `rung`: an order has left since `start`.

    `histograms`: one of each stage, `total`: from the burst to the doorbell; all in ticks.
    """

    def __init__(self, clock: Clock, histograms: list[Histogram], total: Histogram) -> None:
        self._clock = clock
        self._parsed_hist, self._booked_hist, self._decided_hist, self._passed_hist, self._rung_hist = histograms
        self._total_hist = total
        self._burst = self._parsed = self._booked = self._decided = self._passed = self._rung_at = 0
        self.rung = False

    def start(self, burst: int) -> None:
        """A burst came back at `burst`; its frames have been parsed now."""
        self._burst = burst
        self._parsed = self._clock.ticks()
        self.rung = False

    def booked(self) -> None:
        """A datagram is in the books."""
        self._booked = self._clock.ticks()

    def decided(self) -> None:
        """A strategy wants an order."""
        if not self.rung:
            self._decided = self._clock.ticks()

    def passed(self) -> None:
        """The risk gate lets it pass."""
        if not self.rung:
            self._passed = self._clock.ticks()

    def doorbell(self) -> None:
        """It has been handed to the card."""
        if not self.rung:
            self._rung_at = self._clock.ticks()
            self.rung = True

    def record(self) -> int:
        """Count the tick whose order has left; returns the ticks from the burst to the doorbell."""
        total = self._rung_at - self._burst
        self._parsed_hist.record(self._parsed - self._burst)
        self._booked_hist.record(self._booked - self._parsed)
        self._decided_hist.record(self._decided - self._booked)
        self._passed_hist.record(self._passed - self._decided)
        self._rung_hist.record(self._rung_at - self._passed)
        self._total_hist.record(total)
        return total
