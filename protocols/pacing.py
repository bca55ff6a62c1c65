"""The pace of a replay: events keep their distances, or a fixed fraction of them. Clock and waiting come from outside.

Each event has a deadline counted from the first one, so a late one does not push back those behind it.
"""

from collections.abc import Callable


class Pace:
    """Waits until an event is due. `speed`: times real time, None: as fast as possible.

    `now` gives the time in ns, `wait` waits that many ns (at least 1). `latest`: the most that an event was behind its
    deadline when it was asked about, ns.
    """

    def __init__(self, speed: float | None, now: Callable[[], int], wait: Callable[[int], None]) -> None:
        self.speed = speed
        self.latest = 0
        self._now = now
        self._wait = wait
        self._first: int | None = None
        self._began = 0

    def deadline(self, time: int) -> int:
        """When the event that happened at `time` (ns) is due, on the clock; the first one is due at once."""
        if self._first is None:
            self._first = time
            self._began = self._now()
        if self.speed is None:
            return self._began
        return self._began + round((time - self._first) / self.speed)

    def __call__(self, time: int) -> None:
        """Wait for the event that happened at `time`; not at all for one that is due."""
        due = self.deadline(time)
        if self.speed is None:
            return
        while (left := due - self._now()) > 0:
            self._wait(left)
        self.latest = max(self.latest, -left)
