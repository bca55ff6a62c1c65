"""Message numbers that heartbeats announced but nobody delivered yet, with the time at which each became known."""

from __future__ import annotations

from array import array

import cython

MAX_ANNOUNCED = 64
"""Announcements that are told apart; one more counts as part of the last."""
_MAX = MAX_ANNOUNCED


@cython.final
@cython.cclass
class Announced:
    """Ascending numbers: everything below one exists. `count`: how many announcements are open."""

    def __init__(self) -> None:
        self.count = 0
        self._number = array("q", bytes(8 * MAX_ANNOUNCED))
        self._since = array("q", bytes(8 * MAX_ANNOUNCED))

    def number(self) -> int:
        """Return the lowest number; there must be one."""
        return self._number[0]

    def since(self) -> int:
        """Return when the lowest number was announced; there must be one."""
        return self._since[0]

    def add(self, number: int, now: int) -> None:
        """Note a number. One that is already known to exist keeps the time at which that was noticed."""
        if self.count > 0 and number <= self._number[self.count - 1]:
            return
        if self.count == _MAX:
            self.count -= 1
        self._number[self.count] = number
        self._since[self.count] = now
        self.count += 1

    def prune(self, expected: int) -> None:
        """Forget what has arrived: all up to the number expected next."""
        gone = 0
        while gone < self.count and self._number[gone] <= expected:
            gone += 1
        if gone > 0:
            self.count -= gone
            for i in range(self.count):
                self._number[i] = self._number[i + gone]
                self._since[i] = self._since[i + gone]
