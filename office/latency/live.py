"""Latencies while a server runs: what came between two of its cumulative histograms, by name.

Pure: frames of the management stream in, figures of an interval out. A histogram that is not a later state of the one
before (the server started anew) counts as new from the beginning.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from office.latency import ticks
from office.latency.histogram import UNSET, Histogram
from protocols.errors import ProtocolError
from protocols.management import Frame, Hello, Latency

PERCENTS: Final = {"p50": 50.0, "p90": 90.0, "p99": 99.0, "p999": 99.9}
"""Percentiles of an interval, by their names."""
MOST_NAMES: Final = 64
"""Histograms that are followed of one server; what has another name then is counted in `refused`."""


@dataclass(frozen=True, slots=True)
class LatencyInterval:
    """Figures of one histogram between two frames, in ns: `start` and `end` are the frames' times in ns since 1970.

    `start` is that of the server's greeting for the first. With `count` 0 all figures are 0. `whole` has the figures of
    the server's run so far.
    """

    session: int
    name: str
    start: int
    end: int
    count: int
    least: int
    p50: int
    p90: int
    p99: int
    p999: int
    greatest: int
    whole: dict[str, int]


@dataclass(slots=True)
class _Followed:
    """The last state of one histogram, in ticks, and the time of its frame."""

    time: int
    histogram: Histogram


class LiveLatency:
    """Follows the histograms of all servers. `refused`: frames that were no histogram, or of too many names."""

    def __init__(self) -> None:
        self.refused = 0
        self._clocks: dict[int, tuple[int, int]] = {}
        self._followed: dict[int, dict[str, _Followed]] = {}

    def take(self, session: int, frame: Frame) -> LatencyInterval | None:
        """Take a frame of a server; gives an interval for a `Latency` message, None for everything else.

        Never raises: what is wrong is counted. The clock comes with `Hello`; before it a tick counts as a nanosecond.
        """
        message = frame.message
        if isinstance(message, Hello):
            self._clocks[session] = max(message.ticks_per_second, 1), frame.time
            return None
        if not isinstance(message, Latency):
            return None
        names = self._followed.setdefault(session, {})
        if message.name not in names and len(names) >= MOST_NAMES:
            self.refused += 1
            return None
        try:
            return self._interval(session, names, frame.time, message)
        except (ProtocolError, ValueError):
            self.refused += 1
            return None

    def forget(self, session: int) -> None:
        """Drop everything of a server that will not come back."""
        self._clocks.pop(session, None)
        self._followed.pop(session, None)

    def names(self, session: int) -> Iterator[str]:
        """The histograms followed of a server, in the order in which they came."""
        yield from self._followed.get(session, {})

    def _interval(
        self, session: int, names: dict[str, _Followed], time: int, message: Latency
    ) -> LatencyInterval | None:
        rate, began = self._clocks.get(session, (ticks.NANOSECONDS, time))
        current = ticks.from_message(message)
        whole = _figures(current, rate)
        before = names.get(message.name)
        names[message.name] = _Followed(time, current)
        start, grown = (began, current) if before is None else (before.time, _grown(before.histogram, current))
        figures = _figures(grown, rate)
        return LatencyInterval(session, message.name, start, time, whole=whole, **figures)


def _grown(before: Histogram, current: Histogram) -> Histogram:
    """What came since; all of it when the histogram began anew."""
    try:
        return current.since(before)
    except ValueError:
        return current


def _figures(histogram: Histogram, rate: int) -> dict[str, int]:
    values = [histogram.least, *histogram.percentiles(tuple(PERCENTS.values())), histogram.greatest]
    shown = [0 if value == UNSET else ticks.nanoseconds(value, rate) for value in values]
    return {"count": histogram.total, **dict(zip(("least", *PERCENTS, "greatest"), shown, strict=True))}
