"""The risk monitor behind the page: it gets the same stream, and the exchange's drop copy, and gives the alerts.

Books are handed to it ten times a second, the newest of each symbol: a hundred thousand a second would leave it no time
for anything else. Everything else it gets as it comes.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from office.dashboard.books import KEY
from office.dashboard.source import Raw
from office.monitor import service
from office.monitor.monitor import Monitor
from office.monitor.service import DropCopy
from protocols.errors import ProtocolError
from protocols.management import JOURNAL, Frame, TopOfBook, decode

BOOK_SECONDS: Final = 0.1
TICK_EVERY: Final = 3
_BOOK: Final = ord(TopOfBook.TYPE)


class Watched:
    """A monitor fed with frames that are not decoded; it is a source of alerts (`desk.Alerts`)."""

    def __init__(self, monitor: Monitor, clock: Callable[[], int] = time.time_ns) -> None:
        self._monitor = monitor
        self._clock = clock
        self._books: dict[tuple[int, bytes], Raw] = {}

    def take(self, raw: Raw) -> None:
        """One frame; what cannot be read is left out, the hub counts it."""
        if raw.stream == JOURNAL or not raw.message:
            return
        if raw.message[0] == _BOOK:
            self._books[raw.session, raw.message[KEY]] = raw
        else:
            self._hand(raw)

    def flush(self) -> None:
        """Hand over the books that have changed."""
        books, self._books = self._books, {}
        for raw in books.values():
            self._hand(raw)

    def alerts(self) -> Sequence[Mapping[str, Any]]:
        """All alerts there are."""
        return self._monitor.alerts()

    def acknowledge(self, alert: str, who: str) -> None:
        """Somebody has seen an alert; KeyError when there is none of this id."""
        self._monitor.acknowledge(alert, who)

    def tasks(self, copies: Sequence[DropCopy]) -> list[Callable[[], Awaitable[None]]]:
        """What has to run beside the page."""
        follow = [
            lambda copy=copy: service.follow_copy(self._monitor, copy, self._clock, time.monotonic_ns)
            for copy in copies
        ]
        return [self.run, *follow]

    async def run(self) -> None:
        """Until cancelled: books and ticks."""
        turns = 0
        while True:
            self.flush()
            turns += 1
            if turns % TICK_EVERY == 0:
                self._monitor.tick(self._clock())
            await asyncio.sleep(BOOK_SECONDS)

    def _hand(self, raw: Raw) -> None:
        try:
            frame = Frame(raw.stream, raw.number, raw.time, decode(raw.message))
        except ProtocolError:
            return
        self._monitor.on_frame(raw.session, frame, self._clock())


def watched(ready_file: Path, firm: str | None, audit_log: Path) -> tuple[Watched, list[DropCopy]]:
    """A monitor with the usual limits and thresholds, and the drop copies it reads. Alerts that the audit log says
    were acknowledged stay so. Raises MonitorError, LimitsError, ThresholdError, AuditError."""
    from office.monitor.cli import THRESHOLDS, drop_copies
    from office.monitor.limits import read
    from store.surveillance.catalogue import RULES
    from store.surveillance.dispositions import read_states
    from store.surveillance.engine import Surveillance
    from store.surveillance.thresholds import read as read_thresholds

    copies = drop_copies(ready_file, None, firm)
    surveillance = Surveillance(read_thresholds(THRESHOLDS, RULES))
    return Watched(Monitor(read(), surveillance, read_states(audit_log))), copies
