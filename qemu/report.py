"""The report of a run: figures from the trader, the exchange and the machine, and whether they add up.

`assemble` is pure; `gather` reads the files a run left. Times of `boot` are seconds of guest uptime, tick-to-trade is
nanoseconds of the guest's clock, money is price4 (1/10,000 dollar), sizes are bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from protocols import binaryfile
from qemu import plan
from qemu.ledger import Ledger, build
from qemu.outcome import Outcome
from qemu.reconcile import (
    Book,
    Claims,
    Difference,
    journal_entries,
    log_entries,
    reconcile,
    reconcile_books,
    reconcile_claims,
)
from qemu.scenario import Image, Scenario

Record = dict[str, Any]

_FEED = ("packets", "messages", "gaps", "duplicates", "symbols")
_ORDERS = ("sent", "accepted", "rejected", "executed_shares", "cancelled")
_EXCHANGE = ("received", "accepted", "rejected", "executed_shares", "cancelled")
_LATENCY = ("count", "min", "p50", "p99", "p999", "max")
_SHOWN_DIFFERENCES = 20


@dataclass(slots=True)
class Evidence:
    """What the run's files say. Books by symbol; `journal_summary` is the collector's (holes, conflicts)."""

    boot: Record = field(default_factory=dict)
    stats: Record = field(default_factory=dict)
    journal: list[Record] = field(default_factory=list)
    journal_summary: Record = field(default_factory=dict)
    trader_books: dict[str, Book] = field(default_factory=dict)
    trader_sequences: dict[str, int] = field(default_factory=dict)
    gaps: list[Record] = field(default_factory=list)
    risks: int = 0
    exchange: Record = field(default_factory=dict)
    exchange_log: list[Record] = field(default_factory=list)
    exchange_books: dict[str, Book] = field(default_factory=dict)
    exchange_sequence: int | None = None
    switch: Record = field(default_factory=dict)
    slice_messages: int = 0
    damaged: list[str] = field(default_factory=list)


def gather(scenario: Scenario) -> Evidence:
    """Read what a run left; missing files are empty evidence, unreadable ones are named in `damaged`."""
    evidence = Evidence()
    office, exchange = scenario.office_directory, scenario.exchange_directory
    for record in _lines(office / "telemetry.jsonl", evidence):
        _sort_in(record, evidence)
    evidence.journal = _lines(office / "journal.jsonl", evidence)
    evidence.journal_summary = _object(office / "summary.json", evidence).get("journal", {})
    evidence.exchange = _object(exchange / "counters.json", evidence)
    evidence.exchange_log = _lines(exchange / "orders.jsonl", evidence)
    closing = _object(exchange / "books.json", evidence)
    evidence.exchange_books, evidence.exchange_sequence = closing.get("books", {}), closing.get("sequence")
    if scenario.replay is not None:
        with binaryfile.read(scenario.replay) as messages:
            evidence.slice_messages = sum(1 for _ in messages)
    evidence.switch = _object(scenario.directory / "switch.json", evidence)
    return evidence


def assemble(scenario: Scenario, image: Image, outcome: Outcome, evidence: Evidence) -> Record:
    """The report as JSON types; `ok` is true only when nothing is in `reasons`."""
    stats, exchange_entries = evidence.stats, log_entries(evidence.exchange_log, plan.USER)
    ledger = build(exchange_entries)
    differences = reconcile(journal_entries(evidence.journal), exchange_entries)
    differences += reconcile_claims(_claims(stats), exchange_entries) + _journal_differences(evidence)
    book_differences = reconcile_books(evidence.trader_books, evidence.exchange_books) + _sequence_differences(evidence)
    complete = bool(stats.get("final")) and bool(evidence.exchange)
    report: Record = {
        "ok": False,
        "accel": outcome.accelerator.name,
        "accel_reason": outcome.accelerator.reason,
        "image": _image(image),
        "boot": _boot(evidence),
        "feed": _chosen(stats.get("feed", {}), _FEED) | {"lost": stats.get("feed", {}).get("lost")},
        "orders": _chosen(stats.get("orders", {}), _ORDERS),
        "exchange": _chosen(evidence.exchange, _EXCHANGE),
        "position": {symbol: shares for symbol, shares in stats.get("position", {}).items() if shares},
        "pnl": stats.get("pnl_price4"),
        "tick_to_trade": _latency(stats, outcome),
        "reconciled": complete and not differences,
        "books": _books(evidence) | {"equal": complete and not book_differences},
        "cpu": stats.get("cpu", {}) | evidence.boot.get("cpu", {}),
        "executions": dict(zip(("bought", "sold"), ledger.traded(), strict=True)),
        "replay": _replay(evidence),
        "gaps": evidence.gaps,
        "risk_refusals": evidence.risks,
        "guest": {"status": outcome.guest_status, "reason": outcome.guest_reason, "machine": outcome.machine_ending},
        "phases": outcome.phases,
        "switch": evidence.switch,
        "captures": [str(path) for path in map(scenario.capture, plan.SEGMENTS) if path.exists()],
        "differences": [str(item) for item in (*differences, *book_differences)[:_SHOWN_DIFFERENCES]],
    }
    report["reasons"] = _reasons(report, outcome, evidence, ledger, complete)
    report["ok"] = not report["reasons"]
    if report["reasons"]:
        report["console"] = outcome.console
    return report


def write(report: Record, scenario: Scenario) -> Path:
    """Write `report.json` into the run's directory; gives its path."""
    path = scenario.directory / "report.json"
    path.write_text(json.dumps(report, indent=2) + "\n")
    return path


def _reasons(report: Record, outcome: Outcome, evidence: Evidence, ledger: Ledger, complete: bool) -> list[str]:
    """Everything that keeps the run from being right, in the order of its causes."""
    reasons = [*outcome.reasons, *evidence.damaged]
    if not complete:
        return reasons or ["the trader's final statistics or the exchange's counters are missing"]
    if outcome.guest_status != 0:
        reasons.append(f"the guest's exit status is {outcome.guest_status}, not 0")
    if not report["reconciled"]:
        reasons.append("trader and exchange do not agree: see differences")
    if not report["books"]["equal"]:
        reasons.append("the trader's books are not the exchange's: see differences")
    replay = report["replay"]
    if replay["received"] < replay["messages"]:
        reasons.append(f"of the real slice's {replay['messages']} messages only {replay['received']} were received")
    if report["feed"]["lost"]:
        reasons.append(f"{report['feed']['lost']} messages of the feed were lost in {report['feed']['gaps']} gaps")
    if report["feed"]["messages"] == 0:
        reasons.append("the trader received no market data")
    if not ledger.orders:
        reasons.append("no order reached the exchange")
    return reasons


def _claims(stats: Record) -> Claims:
    orders = stats.get("orders", {})
    figures = {name: int(orders.get(name, 0)) for name in _ORDERS}
    return Claims(position=stats.get("position", {}), **figures)


def _journal_differences(evidence: Evidence) -> list[Difference]:
    """Holes and conflicts in the office's copy of the journal."""
    summary = evidence.journal_summary
    found = [Difference("journal", f"records {a} to {b}", "missing") for a, b in summary.get("holes", [])]
    conflicts = summary.get("conflicts", [])
    return found + [Difference("journal", f"record {n}", "came twice with different contents") for n in conflicts]


def _sequence_differences(evidence: Evidence) -> list[Difference]:
    """Books compare only when both stand at the same message of the feed."""
    wanted = evidence.exchange_sequence
    return [
        Difference("book sequence", symbol, f"the trader's stands at message {at}, the exchange's at {wanted}")
        for symbol, at in sorted(evidence.trader_sequences.items())
        if at != wanted
    ]


def _books(evidence: Evidence) -> Record:
    """How many books were compared and how many levels they have."""
    books = evidence.exchange_books
    levels = sum(len(book.get("bids", ())) + len(book.get("asks", ())) for book in books.values())
    return {"compared": len(books), "levels": levels}


def _replay(evidence: Evidence) -> Record:
    """Messages of the real slice, how many the exchange went through, and how many of them surely were received: a
    message the trader lost is taken to be one of them."""
    flow = evidence.exchange.get("flow", {}).get("replay") or {}
    replayed, feed = int(flow.get("messages", 0)), evidence.stats.get("feed", {})
    received = max(0, min(replayed, int(feed.get("messages", 0))) - int(feed.get("lost", 0)))
    return {"messages": evidence.slice_messages, "replayed": replayed, "received": received, "flow": flow}


def _latency(stats: Record, outcome: Outcome) -> Record:
    measured = stats.get("tick_to_trade", {})
    return {"unit": measured.get("unit", "ns"), **_chosen(measured, _LATENCY), "quotable": outcome.accelerator.quotable}


def _boot(evidence: Evidence) -> Record:
    figures = _chosen(evidence.boot, ("kernel_s", "pid1_s"))
    return figures | {"first_order_s": evidence.stats.get("first_order_s")}


def _image(image: Image) -> Record:
    sizes = {"uki_bytes": image.uki, "kernel_bytes": image.kernel, "rootfs_bytes": image.initramfs}
    return {name: path.stat().st_size if path.exists() else None for name, path in sizes.items()}


def _chosen(values: Mapping[str, Any], names: tuple[str, ...]) -> Record:
    return {name: values.get(name) for name in names}


def _sort_in(record: Record, evidence: Evidence) -> None:
    match record.get("kind"):
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


def _lines(path: Path, evidence: Evidence) -> list[Record]:
    if not path.exists():
        return []
    records = []
    for number, line in enumerate(path.read_text().splitlines(), 1):
        try:
            records.append(json.loads(line))
        except ValueError:
            evidence.damaged.append(f"{path.name}, line {number} is no JSON: {line[:80]!r}")
    return records


def _object(path: Path, evidence: Evidence) -> Record:
    found = _lines(path, evidence)
    return found[0] if found and isinstance(found[0], dict) else {}
