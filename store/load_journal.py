"""Loads a run's journal as the office has it: orders, executions, decisions, and the latencies that decisions carry."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from protocols.errors import ProtocolError
from protocols.management import DECISION, IN, OUT, Decision
from protocols.risk_checks import name_of
from store import rows
from store.fees import Fees
from store.own_orders import OwnOrders, Row
from store.pipeline import Pipeline
from store.repeats import Repeats
from store.run_folder import RunFolder
from store.run_names import Names
from store.segments import login_of
from store.tables import DECISIONS, EXECUTIONS, LATENCY, ORDERS, Table

BATCH: Final = 1 << 16
STAGES: Final = ("parsed", "booked", "decided", "passed", "rung")
TICK_TO_TRADE: Final = "tick_to_trade"
_NEW_ORDERS: Final = b"OU"


class Sent(NamedTuple):
    """An order that was decided upon: number and time of its decision, what it was decided by."""

    number: int
    time: int
    venue: int
    reference: int
    feed_venue: int
    sequence: int
    cause: str


@dataclass(slots=True)
class Journalled:
    """What a load found: counts, orders by decision, and the messages with the logins and venues that had them.

    Messages received are there only where the journals are of several logins: two may have sent the same orders, but
    the exchange's answers have its time.
    """

    counts: dict[str, int] = field(default_factory=dict)
    sent: list[Sent] = field(default_factory=list)
    venues: dict[bytes, tuple[tuple[int, int], ...]] = field(default_factory=dict)

    def note(self, message: bytes, login: int, venue: int) -> None:
        """A message was sent to a venue, or received from it."""
        there = self.venues.get(message, ())
        if (login, venue) not in there:
            self.venues[message] = (*there, (login, venue))


class _Batches:
    """Collects rows and hands them over when there are enough."""

    def __init__(self, run: str, pipeline: Pipeline) -> None:
        self._run = run
        self._pipeline = pipeline
        self._rows: dict[str, list[Row]] = {}

    def add(self, table: Table, row: Row) -> None:
        found = self._rows.setdefault(table.name, [])
        found.append(row)
        if len(found) == BATCH:
            self._hand(table)

    def finish(self) -> None:
        for table in (ORDERS, EXECUTIONS, DECISIONS, LATENCY):
            self._hand(table)

    def _hand(self, table: Table) -> None:
        found = self._rows.pop(table.name, [])
        self._pipeline.put(table.name, rows.from_rows(table, self._run, found))


def load(folder: RunFolder, fees: Fees, pipeline: Pipeline, progress: Callable[[int, int], None]) -> Journalled:
    """Load the journals of a run. A record that is damaged is counted and left out; StoreError for a damaged file.

    While the run goes on, an order whose decision is not there yet waits for the next load, with all behind it.
    """
    found = Journalled({"records": 0, "undecoded": 0, "waiting": 0, "repeated": 0})
    decisions, end = _decisions(folder, found)
    strategies = {
        (login_of(number), d.venue, d.reference): folder.names_at(number).strategy(d.strategy)
        for number, d in decisions.items()
        if d.reference
    }
    own, repeats = OwnOrders(fees, strategies), Repeats()
    several_logins, several_files = folder.logins > 1, len(folder.journals) > 1
    batches = _Batches(folder.run, pipeline)
    for number, time, record in folder.records():
        if number >= end:
            found.counts["waiting"] += 1
            continue
        found.counts["records"] += 1
        if record.kind == DECISION:
            if number in decisions:
                _decision(folder, number, time, decisions[number], batches, found)
            continue
        if record.kind == OUT or several_logins:
            found.note(record.body, login_of(number), record.venue)
        if several_files and record.kind == IN and repeats.again(number, record.venue, record.body):
            found.counts["repeated"] += 1
            continue
        order, execution = own.take(number, time, record.venue, record.kind == OUT, record.body)
        if order is not None:
            batches.add(ORDERS, order)
        if execution is not None:
            batches.add(EXECUTIONS, execution)
        progress(found.counts["records"], 0)
    batches.finish()
    found.counts["undecoded"] += own.undecoded
    return found


def _decisions(folder: RunFolder, found: Journalled) -> tuple[dict[int, Decision], int]:
    """All decisions by number, and from which number on nothing is to be taken yet."""
    decisions: dict[int, Decision] = {}
    waiting: int | None = None
    for number, _, record in folder.records():
        if record.kind == DECISION:
            waiting = None
            try:
                decisions[number] = Decision.decode(record.body)
            except ProtocolError:
                found.counts["undecoded"] += 1
        elif record.kind == OUT and record.body[:1] in (_NEW_ORDERS[:1], _NEW_ORDERS[1:]):
            waiting = number
    return decisions, waiting if waiting is not None and not folder.ended else 1 << 63


def _decision(
    folder: RunFolder, number: int, time: int, decision: Decision, batches: _Batches, found: Journalled
) -> None:
    names = folder.names_at(number)
    batches.add(DECISIONS, decision_row(number, time, decision, names))
    if decision.reference:
        key = (decision.venue, decision.reference, decision.feed_venue, decision.sequence, decision.cause)
        found.sent.append(Sent(number, time, *key))
    if not decision.reference or not decision.rung or not names.ticks_per_second:
        return
    for stage in (*STAGES, TICK_TO_TRADE):
        ticks = decision.rung if stage == TICK_TO_TRADE else getattr(decision, stage)
        row = {"number": number, "reference": decision.reference, "t": time, "stage": stage}
        batches.add(LATENCY, row | {"ns": names.nanoseconds(ticks)})


def decision_row(number: int, time: int, decision: Decision, names: Names) -> dict[str, Any]:
    """The row of a decision; stages in ns, all else as it came."""
    row = {name: getattr(decision, name) for name in DECISIONS.names if hasattr(decision, name)}
    row |= {name: min(names.nanoseconds(getattr(decision, name)), 0xFFFFFFFF) for name in STAGES}
    row["strategy"] = names.strategy(decision.strategy)
    return row | {"number": number, "t": time, "check": name_of(decision.code)}
