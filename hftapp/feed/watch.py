"""Whether the feed is alive: a market data line that says nothing is no proof that nothing happens.

MoldUDP64 servers send a heartbeat in every silent second (PROTOCOLS §2), so a feed that shows nothing new for several
has failed, and the books with it. It is trusted again once a packet or heartbeat in sequence proves that nothing was
missed in between.
"""

from __future__ import annotations

from collections.abc import Callable

import cython

from hftapp.feed.arbiter import Arbiter
from hftapp.feed.counters import COUNTERS

SECOND = 1_000_000_000
LINES = "AB"
_WRONG_SESSION = COUNTERS.index("wrong_session")


@cython.final
@cython.cclass
class FeedWatch:
    """Looks at an arbiter from time to time. `timeout`: ns of silence that are too long; `say` gets every change.

    `silent`: nothing in sequence for too long. `silences` and `line_silences` count how often that began, for the feed
    and for a single line while the other one was alive.
    """

    def __init__(self, arbiter: Arbiter, timeout: int, now: int, say: Callable[[str], None]) -> None:
        self.silent = False
        self.silences = 0
        self.line_silences = [0, 0]
        self._arbiter = arbiter
        self._timeout = timeout
        self._start = now
        self._say = say
        self._quiet_a = self._quiet_b = False
        self._foreign = 0

    def check(self, now: int) -> bool:
        """Look at the lines; returns whether `silent` changed. After the end of session silence is in order."""
        arbiter = self._arbiter
        if arbiter.ended:
            return False
        quiet = self._late(arbiter.current, now)
        changed = quiet != self.silent and not (self.silent and arbiter.gap_open)
        if changed:
            self.silent = quiet
            self.silences += quiet
            self._say(f"stale: {self._reason()}" if quiet else "the feed is live again, nothing was missed")
        if not self.silent:
            self._foreign = arbiter.counts[_WRONG_SESSION]
            self._lines(now)
        return changed

    def _late(self, last: int, now: int) -> bool:
        return now - max(last, self._start) > self._timeout

    def _reason(self) -> str:
        arbiter = self._arbiter
        reason = f"no market data in sequence for {self._timeout / SECOND:g} s"
        if arbiter.counts[_WRONG_SESSION] > self._foreign:
            other = arbiter.foreign.decode("ascii", "replace").strip()
            reason += f", session {other!r} is sent instead of {arbiter.session!r}"
        return reason

    def _lines(self, now: int) -> None:
        """Report a line that falls silent while the other one goes on, and its return."""
        quiet = self._late(self._arbiter.heard[0], now)
        if quiet != self._quiet_a:
            self._quiet_a = quiet
            self._line(0, quiet)
        quiet = self._late(self._arbiter.heard[1], now)
        if quiet != self._quiet_b:
            self._quiet_b = quiet
            self._line(1, quiet)

    def _line(self, line: int, quiet: bool) -> None:
        self.line_silences[line] += quiet
        self._say(f"line {LINES[line]} is {'silent' if quiet else 'back'}")
