"""Decisions of the risk gate: counted by check, refusals one by one."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from office.dashboard.rows import Rows
from protocols.management import Decision
from protocols.risk_checks import name_of

PASSED: Final = 0
CAUSES: Final = {
    "B": "book",
    "T": "trade",
    "F": "fill",
    "C": "timer",
    "O": "order's end",
    "R": "operator",
}


class Refusal(NamedTuple):
    """A refused order: which server, number in its journal, time in ns UTC."""

    server: int
    number: int
    time: int
    decision: Decision


class _Count:
    """How often a check decided, by server."""

    def __init__(self, code: int) -> None:
        self.code = code
        self.by_server: dict[int, int] = {}
        self.last = 0

    @property
    def count(self) -> int:
        return sum(self.by_server.values())


class Decisions:
    """Takes every decision."""

    def __init__(self, refusals: Rows, checks: Rows) -> None:
        self._refusals = refusals
        self._checks = checks
        self._counts: dict[int, tuple[int, _Count]] = {}

    def take(self, server: int, number: int, time: int, decision: Decision) -> None:
        """A decision with its number in the journal."""
        row = self._counts.get(decision.code)
        if row is None:
            count = _Count(decision.code)
            row = self._counts[decision.code] = (self._checks.add(count), count)
        row[1].by_server[server] = row[1].by_server.get(server, 0) + 1
        row[1].last = time
        self._checks.touch(row[0])
        if decision.code != PASSED:
            self._refusals.add(Refusal(server, number, time, decision))

    def forget(self, server: int) -> None:
        """A server's refusals are no longer there, nor do its decisions count."""
        self._refusals.forget(server)
        for code, (number, count) in list(self._counts.items()):
            if count.by_server.pop(server, 0) and count.by_server:
                self._checks.touch(number)
            elif not count.by_server:
                self._checks.remove(number)
                del self._counts[code]


def check_row(count: _Count) -> Sequence[Any]:
    """The row of the table `checks`."""
    return count.code, count.count, count.last / 1e6, name_of(count.code)


def refusal_row(refusal: Refusal, strategy: str) -> Sequence[Any]:
    """The row of the table `refusals`."""
    found = refusal.decision
    return (
        *(refusal.server, found.venue, refusal.number, refusal.time / 1e6, found.code, found.price, found.shares),
        *(found.value, found.limit, found.side, found.symbol, name_of(found.code)),
        *(strategy, CAUSES[found.cause]),
    )
