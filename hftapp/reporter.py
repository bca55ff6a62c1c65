"""What the trader says and counts, as messages for the office and as the outcome of the run.

Events come through the telemetry ring. Counters do not: they are read from the trader's figures, once a second and once
more when it has ended.
"""

import json
import marshal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hftapp import cpu, records
from hftapp.figures import Figures
from hftapp.gauges import Gauges
from hftapp.ring import Record
from hftapp.silence.watch import SilenceWatch
from hftapp.trader import stats
from hftapp.trader.figures_table import VENUES
from protocols.management import Book, Gap, ManagementMessage, State, Stats

Offer = Callable[[ManagementMessage, int], None]
"""Takes a message and its time, ns UTC."""


@dataclass
class Outcome:
    """How the run ended: status (0 = as planned), reason, the final stats record, the books by symbol, counts.

    `decisions` and `refusals`: decisions of the risk gate in the journal, all and those that refused.
    """

    status: int
    reason: str
    stats: dict[str, Any] = field(default_factory=dict)
    books: dict[str, dict[str, Any]] = field(default_factory=dict)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    journal: Path | None = None
    journal_records: int = 0
    decisions: int = 0
    refusals: int = 0


class Reporter:
    """Makes the messages; `offer` takes each, `say` gets changes of state. `number`: the trader's CPU.

    `exit`: status and reason in the trader's own words; `traded`: it was logged in; `last_state`: before it closed.
    `dropped`: what did not reach the office, or the journal. `knobs`: rows of the boot record that are the trader's.
    """

    def __init__(
        self, figures: Figures, number: int | None, outcome: Outcome, offer: Offer, say: Callable[[str], None]
    ) -> None:
        self.exit: tuple[int, str] | None = None
        self.traded = False
        self.last_state = ""
        self.silence = SilenceWatch(figures, number, time.monotonic_ns)
        self.gauges = Gauges(figures, number)
        self.pid = 0
        self.dropped: Callable[[], dict[str, int]] = dict
        self.knobs: list[dict[str, Any]] = []
        self._figures = figures
        self._cpu = number
        self._outcome = outcome
        self._offer = offer
        self._say = say
        self._ended = False
        self._baseline: tuple[int, dict[str, int]] | None = None

    def event(self, record: Record) -> None:
        """One record of the telemetry ring. Raises what is wrong with it."""
        kind, payload = record.kind, marshal.loads(record.payload)
        if kind == records.EXIT:
            self.exit = self.exit or payload
            self.last(time.time_ns())
        elif kind == records.KNOBS:
            self.knobs = payload
        elif kind == records.BOOK:
            self._outcome.books[payload["symbol"]] = payload
            self._offer(Book(body=_json(payload)), record.time)
        elif kind == records.GAP:
            self._outcome.gaps.append(payload)
            venue = self._venue(payload.get("venue", ""))
            self._offer(Gap(venue=venue, first=payload["from"], last=payload["to"]), record.time)
        elif kind == records.STATE:
            self._state(payload["state"])
            self.state(payload["state"], record.time)
        else:
            raise ValueError(f"telemetry records have no kind {kind}")

    def state(self, text: str, stamp: int) -> None:
        """A line about what the trader does, or is told to do. `stamp`: UTC ns."""
        self._offer(State(body=text.encode("utf-8", "replace")), stamp)

    def figures(self, stamp: int) -> None:
        """The trader's figures, silence and interrupts, as counters and as statistics. `stamp`: UTC ns."""
        counted = stats.build(self._figures)
        if self.exit is None:
            counted.pop("final", None)  # its last words are on the way
        dropped, interrupts, silence = self.dropped(), self._interrupts(), self.silence.record()
        line = {"t": stamp, **counted, "cpu": interrupts, "silence": silence, "telemetry": dropped}
        self._outcome.stats = line
        plain = {name: value for name, value in silence.items() if type(value) is int}
        since = {"interrupts_trading": interrupts["interrupts"]} if self._baseline is not None else {}
        for message in self.gauges.counted({"telemetry": dropped, "silence": plain, **since}):
            self._offer(message, stamp)
        self._offer(Stats(body=_json(line)), stamp)

    def changes(self, now: int) -> None:
        """Books and positions that have changed; `now`: monotonic ns."""
        stamp = time.time_ns()
        for message in self.gauges.changes(now, time.monotonic_ns):
            self._offer(message, stamp)

    def last(self, stamp: int) -> None:
        """Books, positions and figures as the trader left them; again only what has changed since. `stamp`: UTC ns."""
        for message in self.gauges.rest():
            self._offer(message, stamp)
        if not self._ended:
            self._ended = True
            self.figures(stamp)

    def _venue(self, name: str) -> int:
        names = [self._figures.text(f"venue.{number}") for number in range(VENUES)]
        return names.index(name) if name in names else 0

    def _state(self, state: str) -> None:
        self._say(f"trader: {state}")
        if state == "trading":
            self.traded = True
            self.silence.start(self.pid)
            if self._cpu is not None and self._baseline is None:
                self._baseline = (time.monotonic_ns(), cpu.read_interrupts(self._cpu))
        elif state.startswith("closing"):
            self.silence.stop()
        else:
            self.last_state = state

    def _interrupts(self) -> dict[str, Any]:
        """Interrupts on the trader's CPU since trading began."""
        if self._baseline is None or self._cpu is None:
            return {"seconds": 0.0, "local_timer_interrupts": 0, "per_s": 0.0, "interrupts": {}}
        start, before = self._baseline
        seconds = (time.monotonic_ns() - start) / 1e9
        now = cpu.read_interrupts(self._cpu)
        grown = {name: count - before.get(name, 0) for name, count in now.items() if count > before.get(name, 0)}
        local = grown.get("LOC", 0)
        return {
            "seconds": round(seconds, 3),
            "local_timer_interrupts": local,
            "per_s": round(local / seconds, 3) if seconds else 0.0,
            "interrupts": grown,
        }


def _json(record: object) -> bytes:
    return json.dumps(record, separators=(",", ":")).encode()
