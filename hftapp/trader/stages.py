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

if not cython.compiled:

    def ticks_now(stages: Stages) -> int:
        """The raw counter of the stages' clock, inlined where it is compiled."""
        return stages.clock.ticks()

    def stamp(stages: Stages) -> int:
        """The same, of borrowed stages."""
        return stages.clock.ticks()


@cython.final
@cython.cclass
class Stages:
    """Stamps of the tick that is handled: the loop sets `burst_at`, `parsed_at`, `booked_at`, the gateway the others.

    `rung`: an order has left since the loop reset it; the stamps are those of the first. `histograms`: one of each
    stage, `total`: from the burst to the doorbell; all in ticks.
    """

    def __init__(self, clock: Clock, histograms: list[Histogram], total: Histogram) -> None:
        self.clock = clock
        self.tsc = clock.tsc
        self._parsed_hist, self._booked_hist, self._decided_hist, self._passed_hist, self._rung_hist = histograms
        self._total_hist = total
        self.burst_at = self.parsed_at = self.booked_at = self.decided_at = self.passed_at = self.rung_at = 0
        self.rung = False

    def decided(self) -> None:
        """A strategy wants an order."""
        if not self.rung:
            self.decided_at = ticks_now(self)

    def passed(self) -> None:
        """The risk gate lets it pass."""
        if not self.rung:
            self.passed_at = ticks_now(self)

    def note(self, decided: int, passed: int) -> bool:
        """Both at once, from stamps taken earlier; whether they are those of the first order."""
        if self.rung:
            return False
        self.decided_at = decided
        self.passed_at = passed
        return True

    def doorbell(self) -> None:
        """It has been handed to the card."""
        if not self.rung:
            self.rung_at = ticks_now(self)
            self.rung = True

    def record(self) -> int:
        """Count the tick whose order has left; returns the ticks from the burst to the doorbell."""
        total = self.rung_at - self.burst_at
        self._parsed_hist.record(self.parsed_at - self.burst_at)
        self._booked_hist.record(self.booked_at - self.parsed_at)
        self._decided_hist.record(self.decided_at - self.booked_at)
        self._passed_hist.record(self.passed_at - self.decided_at)
        self._rung_hist.record(self.rung_at - self.passed_at)
        self._total_hist.record(total)
        return total
