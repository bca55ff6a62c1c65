"""The whole trader under a feed, and what disturbs its CPU meanwhile: a supervisor that reads counters and no more.

Counted is from `SETTLE_S` after the trader trades until it closes, or for `seconds`.
"""

import marshal
import os
import time
from collections.abc import Mapping, Sequence
from typing import Final

from hftapp import clock, records, spawn
from hftapp.config import Config
from hftapp.harness import HarnessError, number
from hftapp.harness.probe import SETTLE_S, elsewhere
from hftapp.histogram import export, lower
from hftapp.probe import kernel_log, memory, sampler
from hftapp.records import Rings
from hftapp.silence import counted
from hftapp.trader.stages import NAMES

SUPERVISES = True
POLL_S: Final = 0.005
"""As the supervisor's."""
BATCH: Final = 64


class Watched:
    """One trader and its readings. `exit`: status and reason in its own words; `knobs`: those it has read back."""

    def __init__(self, rings: Rings, pid: int, numbers: Sequence[int], seconds: float) -> None:
        self.readings: list[sampler.Reading] = []
        self.exit: tuple[int, str] = (1, "trader ended without a reason")
        self.knobs: list[dict[str, object]] = []
        self._rings = rings
        self._pid = pid
        self._numbers = numbers
        self._seconds = seconds
        self._next: float | None = None
        self._trading = False

    def watch(self) -> None:
        """See the trader to its end, and read the counters once a second while it trades."""
        publish_at = 0.0
        while os.waitpid(self._pid, os.WNOHANG) == (0, 0):
            self._drain()
            now = time.monotonic()
            if now >= publish_at:
                publish_at = now + 1.0
                clock.publish(self._rings.figures.reference)
            if self._next is not None and now >= self._next and self._trading:
                self._read()
            time.sleep(POLL_S)  # a ring is no event to wait for
        self._drain()

    def _read(self) -> None:
        reading = sampler.read(self._numbers, self._pid)
        self.readings.append(reading)
        self._next = self.readings[0].time + len(self.readings)
        if reading.time - self.readings[0].time >= self._seconds:
            self._next = None

    def _drain(self) -> None:
        rings = self._rings
        while rings.journal.drain(BATCH):
            pass
        while batch := rings.telemetry.drain(BATCH):
            for record in batch:
                payload = marshal.loads(record.payload)
                if record.kind == records.EXIT:
                    self.exit = payload
                elif record.kind == records.KNOBS:
                    self.knobs = payload
                elif record.kind == records.STATE:
                    self._state(payload["state"])

    def _state(self, state: str) -> None:
        if state == "trading" and not self._trading:
            self._trading, self._next = True, time.monotonic() + SETTLE_S
        elif state.startswith("closing"):
            self._trading = False


def run(settings: Config, arguments: Mapping[str, str], cpu: int | None) -> dict[str, object]:
    """Trade until the exchange ends the session; counters over `seconds` (default 10) of it, and latencies.

    Raises HarnessError when the trader fails, or trades for less than two readings.
    """
    here = elsewhere(cpu)
    assert cpu is not None
    found = {"memory": memory.meminfo(), "unknown_parameters": kernel_log.unknown_parameters()}
    os.sched_setaffinity(0, here)
    rings = Rings()
    clock.publish(rings.figures.reference)
    pid = spawn.spawn(settings, rings, cpu)
    watched = Watched(rings, pid, (cpu, *here), number(arguments, "seconds", 10))
    watched.watch()
    status, reason = watched.exit
    if status or len(watched.readings) < 2:
        raise HarnessError(f"the trader was watched for {len(watched.readings)} readings; it ended so: {reason}")
    return {
        "harness": "loaded",
        **found,
        "knobs": watched.knobs,
        **sampler.report(watched.readings, cpu),
        "latency": latencies(rings),
        "counters": {name: rings.figures.counters(name) for name in ("feed.0", "orders", "nic")},
        "silence": dict(zip(counted.NAMES, rings.figures.words(counted.GROUP).tolist(), strict=False)),
        "outcome": reason,
        "cpu": cpu,
    }


def latencies(rings: Rings) -> dict[str, dict[str, object]]:
    """Histograms of the tick's stages in ns: `count`, `max`, `histogram` as `[[upper bound, count], …]`."""
    rate = rings.figures.ticks_per_second
    found = {}
    for name in ("tick_to_trade", *(f"stages.{stage}" for stage in NAMES)):
        exported = export(rings.figures.words(name))
        counts, most = exported["counts"], exported["max"]
        assert isinstance(counts, dict)
        assert isinstance(most, int)
        pairs = [[lower(place + 1) * 1_000_000_000 // rate, count] for place, count in counts.items()]
        found[name] = {"count": exported["count"], "max": most * 1_000_000_000 // rate, "histogram": pairs}
    return found
