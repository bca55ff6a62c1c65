"""What a finished run left in its directory, read and checked record by record.

Nothing here trusts a file: a record that is cut, no JSON, no UTF-8 or of the wrong shape is named in `damaged` and
left out, so that whatever works on the evidence afterwards may rely on its types.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from protocols import binaryfile
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
_KNOB = {"name": str, "requested": str, "effective": str, "ok": bool}

_KINDS: dict[str, Shape] = {
    "boot": {
        "kernel_s": float,
        "pid1_s": float,
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
    "gap": {"t": int, "from": int, "to": int},
}
_TELEMETRY: Shape = {"kind": str}
_JOURNAL: Shape = {"n": int, "t": int, "dir": str, "hex": str}
_LOG: Shape = {"login": str, "dir": str, "hex": str}
_SUMMARY: Shape = {
    "malformed": int,
    "oversized": int,
    "journal": {"count": int, "holes": [[int]], "conflicts": [int]},
}
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

    `sent` is the feed as it left the exchange, from the capture; read only when the trader did not get all of it.
    """

    boot: Record = field(default_factory=dict)
    stats: Record = field(default_factory=dict)
    journal: list[Record] = field(default_factory=list)
    summary: Record = field(default_factory=dict)
    trader_books: dict[str, Book] = field(default_factory=dict)
    trader_sequences: dict[str, int] = field(default_factory=dict)
    gaps: list[Record] = field(default_factory=list)
    risks: int = 0
    exchange: Record = field(default_factory=dict)
    exchange_log: list[Record] = field(default_factory=list)
    exchange_books: dict[str, Book] = field(default_factory=dict)
    exchange_sequence: int | None = None
    switch: Record = field(default_factory=dict)
    slice: list[bytes] = field(default_factory=list)
    sent: SentFeed | None = None
    damaged: list[str] = field(default_factory=list)

    def whole_feed(self) -> bool:
        """Whether the trader has every message of the exchange's feed, by both sides' counts."""
        feed, sent = self.stats.get("feed", {}), self.exchange.get("feed", {})
        return not self.gaps and not feed.get("lost") and feed.get("messages") == sent.get("messages")


def gather(scenario: Scenario) -> Evidence:
    """Read what a run left; missing files are empty evidence, damaged records are named in `damaged`."""
    evidence = Evidence()
    damaged, office, exchange = evidence.damaged, scenario.office_directory, scenario.exchange_directory
    for number, record in _records(office / "telemetry.jsonl", _TELEMETRY, damaged):
        fault = misfit(record, _KINDS.get(record["kind"], _TELEMETRY))
        if fault is None:
            _sort_in(record, evidence)
        else:
            damaged.append(f"telemetry.jsonl, line {number}: {record['kind']}: {fault}")
    evidence.journal = [
        record for _, record in _records(office / "journal.jsonl", _JOURNAL, damaged, ways=("in", "out"))
    ]
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


def _sort_in(record: Record, evidence: Evidence) -> None:
    match record["kind"]:
        case "boot":
            evidence.boot = record
        case "stats":
            evidence.stats = record
        case "book":
            evidence.trader_books[record["symbol"]] = {"bids": record["bids"], "asks": record["asks"]}
            evidence.trader_sequences[record["symbol"]] = record["sequence"]
        case "gap":
            evidence.gaps.append(record)
        case "risk":
            evidence.risks += 1


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
