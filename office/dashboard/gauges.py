"""Counters with their rates, and latencies of each interval out of histograms that only grow."""

from collections.abc import Sequence
from typing import Any, Final

from office.dashboard.rows import Rows
from office.latency.live import LiveLatency
from protocols.management import Counters, Frame

STAGES: Final = ("tick_to_trade", "frame_parsed", "book_updated", "decision", "risk_passed", "doorbell")
"""Histograms whose course is shown; those of the strategies are in the run's report."""
_NS: Final = 1_000_000_000


class Counter:
    """One counter: its value, its rate a second over the last interval, when it last came and changed (ns UTC)."""

    def __init__(self, server: int, group: str, name: str, value: int, time: int) -> None:
        self.server = server
        self.group = group
        self.name = name
        self.value = value
        self.time = time
        self.changed = 0
        self.rate = 0.0
        self.row = 0

    def set(self, value: int, time: int) -> bool:
        """Take the next value; whether the row is another one now."""
        before = self.value, self.rate
        seconds = (time - self.time) / _NS
        if seconds > 0:
            self.rate = (value - self.value) / seconds
        if value != self.value:
            self.changed = time
        self.value, self.time = value, time
        return before != (self.value, self.rate)


class CounterTable:
    """All counters of all servers."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._known: dict[tuple[int, str, str], Counter] = {}

    def take(self, server: int, message: Counters, time: int) -> None:
        """A group, whole."""
        for name, value in message.values.items():
            key = server, message.group, name
            counter = self._known.get(key)
            if counter is None:
                if len(self._known) >= self._rows.table.limit:
                    continue
                counter = self._known[key] = Counter(server, message.group, name, value, time)
                counter.row = self._rows.add(counter)
            elif counter.set(value, time):
                self._rows.touch(counter.row)

    def rest(self, server: int) -> None:
        """A server is gone: its counters keep their values and move no longer."""
        for key, counter in self._known.items():
            if key[0] == server and counter.rate:
                counter.rate = 0.0
                self._rows.touch(counter.row)

    def forget(self, server: int) -> None:
        """A server's counters are no longer there."""
        self._rows.forget(server)
        self._known = {key: counter for key, counter in self._known.items() if key[0] != server}


class LatencyTable:
    """A point for every interval in which something was measured."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._live = LiveLatency()

    def take(self, server: int, session: int, frame: Frame) -> None:
        """A greeting, which brings the clock, or a histogram."""
        found = self._live.take(session, frame)
        if found is None or not found.count:
            return
        stage = found.name.rpartition(".")[2]
        if stage in STAGES:
            values = map(float, (found.p50, found.p90, found.p99, found.p999, found.greatest))
            self._rows.add((server, found.end / 1e6, found.count, *values, stage))


def counter_row(counter: Counter) -> Sequence[Any]:
    """The row of the table `counters`."""
    return (*(counter.server, counter.value, counter.rate, counter.changed / 1e6, counter.group, counter.name),)


def latency_row(point: Sequence[Any]) -> Sequence[Any]:
    """The row of the table `latency`."""
    return point
