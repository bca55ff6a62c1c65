"""Commands on their way to the trader: none is lost when the ring is full, and a stop has to be obeyed in time."""

import time
from collections.abc import Callable

from hftapp import records
from hftapp.ring import Ring

STOP_GRACE_NS = 15_000_000_000
"""How long a stop may take, besides the time that cancels have."""


class CommandQueue:
    """Commands that the control ring has had no room for yet, a kill before a stop. `cancel_ns`: what cancels have."""

    def __init__(self, ring: Ring, cancel_ns: int, say: Callable[[str], None]) -> None:
        self._ring = ring
        self._say = say
        self._grace = cancel_ns + STOP_GRACE_NS
        self._waiting: list[str] = []
        self._deadline: int | None = None

    def give(self, name: str) -> None:
        """Pass `stop` or `kill` on to the trader, now or as soon as there is room."""
        if name not in self._waiting:
            self._waiting = sorted([*self._waiting, name])
            self.pass_on()
            if name in self._waiting:
                self._say(f"command {name} waits: the trader has not taken {self._ring.used} bytes of others")
        if name == "stop" and self._deadline is None:
            self._deadline = time.monotonic_ns() + self._grace

    def pass_on(self) -> None:
        """Give the trader what waits, as far as the ring has room."""
        while self._waiting:
            if not self._ring.push(records.COMMANDS[self._waiting[0]], time.time_ns(), b""):
                return
            self._waiting.pop(0)

    def overdue(self, now: int) -> bool:
        """Whether a stop was not obeyed in time; said once. `now`: monotonic ns."""
        if self._deadline is None or now < self._deadline:
            return False
        self._deadline = None
        return True
