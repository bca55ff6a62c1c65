"""The script of a trading day: opening messages, phases of order flow, closing messages.

Sans-I/O: `advance` does what is due at a monotonic time and `next_deadline` says when to call again.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass

from exchange.clock import SECOND, SessionClock
from exchange.flow.source import Flow
from exchange.market import Market

log = logging.getLogger(__name__)

# Actions of one `advance`, so that order entry is served in between however fast the flow is.
BATCH = 200


@dataclass
class Phase:
    """A source of flow and its pace: ``speed`` times real time, None = as fast as possible.

    ``start`` is the time of day at which the phase begins, None = where the one before ended.
    """

    name: str
    flow: Flow
    speed: float | None = 1.0
    start: int | None = None


class Day:
    """One session from start of messages to end of messages.

    ``opens_itself`` is False when a replayed file brings the market's opening (system event `Q`) at its own time.
    """

    def __init__(
        self,
        market: Market,
        clock: SessionClock,
        phases: Sequence[Phase] = (),
        seconds: float | None = None,
        opens_itself: bool = True,
    ) -> None:
        self.started: bool = False
        self.ended: bool = False
        self._market = market
        self._clock = clock
        self._waiting = list(phases)
        self._phase: Phase | None = None
        self._length = None if seconds is None else int(seconds * SECOND)
        self._end_at: int | None = None
        self._opens_itself = opens_itself

    def start(self, now: int) -> None:
        """Open: `O`, the directory of all symbols, `S`, `Q`, then the first phase of flow."""
        if self.started:
            return
        self.started = True
        if self._length is not None:
            self._end_at = now + self._length
        self._clock.set(self._clock.now(now), now)
        time = self._clock.now(now)
        self._market.system_event("O", time)
        self._market.announce_symbols(time)
        self._market.system_event("S", time)
        if self._opens_itself:
            self._market.system_event("Q", time)
        log.info("day started: %d symbols", len(self._market.directory.listings))
        self._next_phase(now)

    def advance(self, now: int) -> None:
        """Do what is due, at most one batch of flow actions, and send it."""
        if not self.started or self.ended:
            return
        if self._end_at is not None and now >= self._end_at:
            self.end(now)
            return
        for _ in range(BATCH):
            if not self._step(now):
                break
        self._market.publisher.flush(now)

    def next_deadline(self) -> int | None:
        """Monotonic time of the next thing to do, None while there is nothing to wait for."""
        if not self.started or self.ended:
            return None
        due = self._due()
        if due is None or self._end_at is None:
            return self._end_at if due is None else due
        return min(due, self._end_at)

    def end(self, now: int) -> None:
        """Close: `M`, `E`, `C`, then the end of the feed's session. A day that never began only ends its session."""
        if self.ended:
            return
        self.ended = True
        self._phase = None
        if self.started:
            time = self._clock.now(now)
            for code in "MEC":
                self._market.system_event(code, time)
        self._market.publisher.end(now)
        log.info("day ended: %d messages", len(self._market.publisher.messages))

    def _due(self) -> int | None:
        if self._phase is None:
            return None
        time = self._phase.flow.next_time()
        return 0 if time is None or self._phase.speed is None else self._clock.monotonic_at(time)

    def _step(self, now: int) -> bool:
        """Do one action if one is due; at the end of a phase begin the next one."""
        phase = self._phase
        if phase is None:
            return False
        time = phase.flow.next_time()
        if time is None:
            log.info("phase %s is over", phase.name)
            self._next_phase(now)
            return self._phase is not None
        if phase.speed is None:
            self._clock.set(max(time, self._market.time), now)
        elif time > self._clock.now(now):
            return False
        phase.flow.step()
        return True

    def _next_phase(self, now: int) -> None:
        self._phase = self._waiting.pop(0) if self._waiting else None
        start = self._market.time if self._phase is None or self._phase.start is None else self._phase.start
        self._clock.set(start, now, 1.0 if self._phase is None else self._phase.speed or 1.0)
        if self._phase is not None:
            log.info("phase %s begins", self._phase.name)
            self._phase.flow.start(start)
