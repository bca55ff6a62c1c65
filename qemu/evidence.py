"""What a finished run left in its directory, read and checked record by record.

Nothing here trusts a file: a record that is cut, no JSON, no UTF-8 or of the wrong shape is named in `damaged` and
left out, so that whatever works on the evidence afterwards may rely on its types.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from office import files
from protocols import binaryfile
from protocols.errors import ProtocolError
from protocols.management import DECISION, IN, OUT, Decision, Frame, Gap, Hello, JournalRecord, Stats
from protocols.management import Book as BookMessage
from protocols.management_files import FileError
from qemu import plan
from qemu.reconcile import Book
from qemu.scenario import Scenario
from qemu.sent_feed import SentFeed, read_sent
from qemu.shape import Each, Shape, misfit

Record = dict[str, Any]

COUNTERS = ("received", "accepted", "rejected", "executed_shares", "cancelled")
"""What the exchange counts of order entry; executed and cancelled are shares."""

_COUNTS = dict.fromkeys(COUNTERS, int)
_BOOK = {"bids": [[int]], "asks": [[int]]}
_FEED = dict.fromkeys(("next", "packets", "messages", "gaps", "lost", "duplicates", "symbols", "malformed"), int)
_ORDERS = dict.fromkeys(("sent", "accepted", "rejected", "executed_shares", "cancelled"), int)
_LATENCY = dict.fromkeys(("count", "min", "p50", "p99", "p999", "max"), int) | {"unit?": str}
_KNOB = {"name": str, "layer": str, "requested": str, "effective": str, "ok": bool, "reason": str}

_CONFIGURATION = {"source": str, "path": str, "fallback": bool, "refused": [{"path": str, "problems": [str]}]}

_KINDS: dict[str, Shape] = {
    "boot": {
        "kernel_s": float,
        "pid1_s": float,
        "configuration?": _CONFIGURATION,
        "cpu": {"trader": int, "isolated": [int], "nohz_full": [int]},
        "knobs": [_KNOB],
    },
    "stats": {
        "final?": bool,
        "feed": {**_FEED, "by_type?": Each(int)},
        "orders": _ORDERS,
        "position": Each(int),
        "pnl_price4": int,
        "cash_price4": int,
        "tick_to_trade": _LATENCY,
        "first_order_s": (None, float),
        "cpu?": {"seconds?": float, "per_s?": (None, float)},
    },
    "book": {"symbol": str, "sequence": int, **_BOOK},
}
_LOG: Shape = {"login": str, "dir": str, "hex": str}
_FILE: Shape = {"count": int, "last": int, "missing": int}
_SUMMARY: Shape = {"faults": int, "duplicates": int, "conflicts": int, "live": Each(_FILE), "journals": Each(_FILE)}
_WAYS = {OUT: "out", IN: "in"}
_CLOSING: Shape = {"sequence": int, "books": Each(_BOOK)}
_EXCHANGE: Shape = {
    **_COUNTS,
    "by_login": Each(_COUNTS),
    "feed": {"messages": int, "by_type": Each(int)},
    "flow": {"replay": (None, {"messages": int})},
}
_SWITCH: Shape = {"faults": [{"kind": str, "applied": int}]}


@dataclass(slots=True)
class Evidence:
    """What the run's files say. Books by symbol; `summary` is the collector's own (empty: there is none).

    `journal`: the OUCH messages in the office's copy, `decisions`: the risk gate's, both by number in the journal.

    `sent` is the feed as it left the exchange, from the capture; read only when the trader did not get all of it.
    """

    boot: Record = field(default_factory=dict)
    stats: Record = field(default_factory=dict)
    journal: list[Record] = field(default_factory=list)
    decisions: dict[int, Decision] = field(default_factory=dict)
    summary: Record = field(default_factory=dict)
    trader_books: dict[str, Book] = field(default_factory=dict)
    trader_sequences: dict[str, int] = field(default_factory=dict)
    gaps: list[Record] = field(default_factory=list)
    exchange: Record = field(default_factory=dict)
    exchange_log: list[Record] = field(default_factory=list)
    exchange_books: dict[str, Book] = field(default_factory=dict)
    exchange_sequence: int | None = None
    switch: Record = field(default_factory=dict)
    slice: list[bytes] = field(default_factory=list)
    sent: SentFeed | None = None
    damaged: list[str] = field(default_factory=list)

    @property
    def refusals(self) -> int:
        """How often the risk gate refused."""
        return sum(decision.code != 0 for decision in self.decisions.values())

    def whole_feed(self) -> bool:
        """Whether the trader has every message of the exchange's feed, by both sides' counts."""
        feed, sent = self.stats.get("feed", {}), self.exchange.get("feed", {})
        return not self.gaps and not feed.get("lost") and feed.get("messages") == sent.get("messages")


def gather(scenario: Scenario) -> Evidence:
    """Read what a run left; missing files are empty evidence, damaged records are named in `damaged`."""
    evidence = Evidence()
    damaged, office, exchange = evidence.damaged, scenario.office_directory, scenario.exchange_directory
    for segment in files.segments(office):
        try:
            for frame in files.read(segment.path):
                _sort_in(frame, evidence)
        except (FileError, OSError) as error:
            damaged.append(str(error))
    evidence.summary = _object(office / "summary.json", _SUMMARY, damaged)
    evidence.exchange = _object(exchange / "counters.json", _EXCHANGE, damaged)
    evidence.exchange_log = [
        record for _, record in _records(exchange / "orders.jsonl", _LOG, damaged, ways=("in", "out"))
    ]
    closing = _object(exchange / "books.json", _CLOSING, damaged)
    evidence.exchange_books, evidence.exchange_sequence = closing.get("books", {}), closing.get("sequence")
    evidence.switch = _object(scenario.directory / "switch.json", _SWITCH, damaged)
    if scenario.replay is not None:
        with binaryfile.read(scenario.replay) as messages:
            evidence.slice = list(messages)
    if scenario.drop_both or not evidence.whole_feed():
        evidence.sent = read_sent(scenario.capture(plan.EXCHANGE), damaged)
    return evidence


def _sort_in(frame: Frame, evidence: Evidence) -> None:
    """One frame of the management stream."""
    match frame.message:
        case Hello() as hello:
            evidence.boot = _said(hello, "boot", evidence.damaged) or evidence.boot
        case Stats() as stats:
            evidence.stats = _said(stats, "stats", evidence.damaged) or evidence.stats
        case BookMessage() as book:
            record = _said(book, "book", evidence.damaged)
            if record:
                evidence.trader_books[record["symbol"]] = {"bids": record["bids"], "asks": record["asks"]}
                evidence.trader_sequences[record["symbol"]] = record["sequence"]
        case Gap() as gap:
            evidence.gaps.append({"t": frame.time, "from": gap.first, "to": gap.last, "venue": gap.venue})
        case JournalRecord() as entry:
            _journalled(frame, entry, evidence)


def _journalled(frame: Frame, entry: JournalRecord, evidence: Evidence) -> None:
    if entry.kind in _WAYS:
        record = {"n": frame.number, "t": frame.time, "dir": _WAYS[entry.kind], "hex": entry.body.hex()}
        evidence.journal.append(record)
        return
    try:
        if entry.kind != DECISION:
            raise ProtocolError(f"no record has the kind {entry.kind}")
        evidence.decisions[frame.number] = Decision.decode(entry.body)
    except ProtocolError as error:
        evidence.damaged.append(f"journal, record {frame.number}: {error}")


def _said(message: Hello | Stats | BookMessage, kind: str, damaged: list[str]) -> Record:
    """The object in a message's body; empty when it is none, or not as it should be."""
    record: Record
    fault, record = _decoded(message.body)
    fault = fault or misfit(record, _KINDS[kind])
    if fault is not None:
        damaged.append(f"{kind}: {fault}")
        return {}
    return record


def _records(path: Path, shape: Shape, damaged: list[str], ways: tuple[str, ...] = ()) -> Iterator[tuple[int, Record]]:
    """(line number, object) of the good lines of a file; `ways` are the values that `dir` may have."""
    for number, line in enumerate(_content(path, damaged).splitlines(), 1):
        fault, record = _decoded(line)
        if fault is None:
            fault = misfit(record, shape)
        if fault is None and ways and record["dir"] not in ways:
            fault = f"dir is {record['dir'][:20]!r}, not {' or '.join(ways)}"
        if fault is None:
            yield number, record
        else:
            damaged.append(f"{path.name}, line {number}: {fault}")


def _object(path: Path, shape: Shape, damaged: list[str]) -> Record:
    """A file that holds one object; empty when it is missing or damaged."""
    content = _content(path, damaged)
    if not content.strip():
        return {}
    record: Record
    fault, record = _decoded(content)
    fault = fault or misfit(record, shape)
    if fault is not None:
        damaged.append(f"{path.name}: {fault}")
        return {}
    return record


def _content(path: Path, damaged: list[str]) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""
    except OSError as error:
        damaged.append(f"{path.name}: {error.strerror}")
        return b""


def _decoded(data: bytes) -> tuple[str | None, Any]:
    """(what is wrong or None, the value): strict JSON, without NaN and Infinity, which JSON does not know."""
    try:
        return None, json.loads(data.decode(), parse_constant=_no_number)
    except UnicodeDecodeError as error:
        return f"is no UTF-8 (byte {error.start}): {data[:80]!r}", None
    except (ValueError, RecursionError):
        return f"is no JSON: {data[:80]!r}", None


def _no_number(text: str) -> None:
    raise ValueError(text)
