"""The order flow of one market as a script: phases, one after the other, each with its own pace.

Deterministic: what happens depends on the steps done, not on when they are done. The pace is for whoever keeps the
clock.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exchange.flow.source import Flow

log = logging.getLogger(__name__)


@dataclass
class Phase:
    """A source of flow and its pace: ``speed`` times real time, None = as fast as possible.

    ``start`` is the time of day at which the phase begins, None = where the one before ended.
    """

    name: str
    flow: Flow
    speed: float | None = 1.0
    start: int | None = None


class Script:
    """Runs the phases over one market. ``began`` is the time of day at which the present phase began."""

    def __init__(self, phases: Sequence[Phase], time: Callable[[], int]) -> None:
        self.phase: Phase | None = None
        self.began = 0
        self.changes = 0
        self._waiting = list(phases)
        self._time = time

    def start(self) -> None:
        """Begin the first phase."""
        self._next_phase()

    def next_time(self) -> int | None:
        """When the next step is due, ns since midnight; None when there is nothing left to do."""
        while self.phase is not None:
            time = self.phase.flow.next_time()
            if time is not None:
                return time
            log.info("phase %s is over", self.phase.name)
            self._next_phase()
        return None

    def step(self) -> bool:
        """Do the next step at its own time; False when there is none."""
        if self.next_time() is None:
            return False
        assert self.phase is not None, "a next time comes from a phase"
        self.phase.flow.step()
        return True

    def stop(self) -> None:
        """Drop what is left."""
        self._waiting.clear()
        self.phase = None

    def _next_phase(self) -> None:
        self.phase = self._waiting.pop(0) if self._waiting else None
        self.changes += 1
        if self.phase is None:
            return
        self.began = self._time() if self.phase.start is None else self.phase.start
        log.info("phase %s begins", self.phase.name)
        self.phase.flow.start(self.began)
