"""The order flow of one market as a script: phases, one after the other, each with its own pace.

Deterministic: what happens depends on the steps done, not on when they are done. The pace is for whoever keeps the
clock. The last phase stays even when it has nothing to do: what clients do may give its flow something again.
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
        if self._waiting:
            self._next_phase()
            self._skip_finished()

    def next_time(self) -> int | None:
        """When the next step is due, ns since midnight; None when there is nothing left to do."""
        return None if self.phase is None else self.phase.flow.next_time()

    def step(self) -> bool:
        """Do the next step at its own time; False when there is none."""
        if self.next_time() is None:
            return False
        assert self.phase is not None, "a next time comes from a phase"
        self.phase.flow.step()
        self._skip_finished()
        return True

    def stop(self) -> None:
        """Drop what is left."""
        self._waiting.clear()
        self.phase = None

    def _skip_finished(self) -> None:
        """Go on to the next phase as part of the last one's last step: what clients do meanwhile must not matter."""
        while self.phase is not None and self._waiting and self.phase.flow.next_time() is None:
            log.info("phase %s is over", self.phase.name)
            self._next_phase()

    def _next_phase(self) -> None:
        self.phase = self._waiting.pop(0)
        self.changes += 1
        self.began = self._time() if self.phase.start is None else self.phase.start
        log.info("phase %s begins", self.phase.name)
        self.phase.flow.start(self.began)
