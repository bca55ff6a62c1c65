"""What the trader says and counts, as records for the office and as the outcome of the run.

Events come through the telemetry ring. Counters do not: they are read from the trader's figures, once a second and once
more when it has ended.
"""

import marshal
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from hftapp import cpu, records
from hftapp.figures import Figures
from hftapp.ring import Record
from hftapp.silence.watch import SilenceWatch
from hftapp.trader import stats
from hftapp.trader.risk.checks import NAMES as CHECKS

EVENT_NAMES = {
    records.RISK: "risk",
    records.GAP: "gap",
    records.STATE: "state",
    records.BOOK: "book",
}


@dataclass
class Outcome:
    """How the run ended: status (0 = as planned), reason, the final stats record, the books by symbol, counts."""

    status: int
    reason: str
    stats: dict[str, Any] = field(default_factory=dict)
    books: dict[str, dict[str, Any]] = field(default_factory=dict)
    gaps: list[dict[str, Any]] = field(default_factory=list)
    journal: Path | None = None
    journal_records: int = 0
    risk_records: int = 0


class Reporter:
    """Makes the records; `offer` takes each, `say` gets changes of state. `number`: the trader's CPU.

    `exit`: status and reason in the trader's own words; `traded`: it was logged in; `last_state`: before it closed.
    """

    def __init__(
        self,
        figures: Figures,
        number: int | None,
        outcome: Outcome,
        offer: Callable[[dict[str, Any]], None],
        say: Callable[[str], None],
    ) -> None:
        self.exit: tuple[int, str] | None = None
        self.traded = False
        self.last_state = ""
        self.silence = SilenceWatch(figures, number, time.monotonic_ns)
        self.pid = 0
        self.dropped: Callable[[], dict[str, int]] = dict
        self._figures = figures
        self._cpu = number
        self._outcome = outcome
        self._offer = offer
        self._say = say
        self._baseline: tuple[int, dict[str, int]] | None = None

    def refusal(self, record: Record) -> dict[str, Any]:
        """A refusal of the risk gate with the names of what its record numbers."""
        code, index, value, limit = records.RISK_RECORD.unpack(record.payload)
        check = CHECKS[code] if code < len(CHECKS) else f"check {code}"
        return {"check": check, "symbol": self._figures.symbol(index), "value": value, "limit": limit}

    def event(self, record: Record) -> dict[str, Any] | None:
        """One record of the telemetry ring; a refusal is returned, to be journalled. Raises what is wrong with it."""
        kind = record.kind
        payload: Any = self.refusal(record) if kind == records.RISK else marshal.loads(record.payload)
        if kind == records.EXIT:
            self.exit = self.exit or payload
            self.figures(time.time_ns())
            return None
        line = {"kind": EVENT_NAMES[kind], **({} if kind == records.BOOK else {"t": record.time}), **payload}
        if kind == records.BOOK:
            self._outcome.books[payload["symbol"]] = payload
        elif kind == records.GAP:
            self._outcome.gaps.append(payload)
        elif kind == records.STATE:
            self._state(payload["state"])
        self._offer(line)
        return payload if kind == records.RISK else None

    def figures(self, stamp: int) -> None:
        """The `stats` record: the trader's figures, its silence, and the interrupts on its CPU. `stamp`: UTC ns."""
        counted = stats.build(self._figures)
        if self.exit is None:
            counted.pop("final", None)  # its last words are on the way
        line = {
            "kind": "stats",
            "t": stamp,
            **counted,
            "cpu": self._interrupts(),
            "silence": self.silence.record(),
            "telemetry": self.dropped(),
        }
        self._outcome.stats = line
        self._offer(line)

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
