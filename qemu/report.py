"""The report of a run: figures from the trader, the exchange and the machine, and whether they add up.

`assemble` is pure: evidence in, JSON types out. Times of `boot` are seconds of guest uptime, tick-to-trade is
nanoseconds of the guest's clock, money is price4 (1/10,000 dollar), sizes are bytes.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qemu import audit, keeping, losses, plan
from qemu.evidence import COUNTERS, Evidence, Record
from qemu.ledger import Entry, Ledger, Way, build
from qemu.outcome import Outcome
from qemu.reconcile import (
    Claims,
    Difference,
    journal_entries,
    log_entries,
    reconcile,
    reconcile_books,
    reconcile_claims,
)
from qemu.scenario import Image, Scenario

STOPPED = "stop command"
"""The guest's exit reason after the operator's `stop`."""

_FEED = ("packets", "messages", "gaps", "duplicates", "symbols", "lost")
_ORDERS = ("sent", "accepted", "rejected", "executed_shares", "cancelled")
_LATENCY = ("count", "min", "p50", "p99", "p999", "max")
_SYSTEM_EVENT = "53"  # `S` (OUCH 5.0 §5.3), as hex digits
_SHOWN_DIFFERENCES = 20
_SHOWN_DAMAGE = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the comparisons gave. `drops` says what was wrong about a loss on purpose; None: there was none.

    `partial` says why the closing books cannot be compared; empty: they can.
    """

    complete: bool
    ledger: Ledger
    differences: list[Difference]
    book_differences: list[Difference]
    drops: list[str] | None
    partial: str

    @property
    def expected_gap(self) -> bool:
        """Whether messages were lost on purpose, and the trader took it as it should."""
        return self.complete and self.drops == []


def assemble(scenario: Scenario, image: Image, outcome: Outcome, evidence: Evidence) -> Record:
    """The report as JSON types; `ok` is true only when nothing is in `reasons`."""
    stats, verdict = evidence.stats, _judge(scenario, outcome, evidence)
    report: Record = {
        "ok": False,
        "accel": outcome.accelerator.name,
        "accel_reason": outcome.accelerator.reason,
        "image": _image(image),
        "boot": _boot(evidence),
        "configuration": evidence.boot.get("configuration", {}),
        "knobs": evidence.boot.get("knobs", []),
        "knob_counts": _knob_counts(evidence),
        "feed": _chosen(stats.get("feed", {}), _FEED),
        "orders": _chosen(stats.get("orders", {}), _ORDERS),
        "exchange": _chosen(evidence.exchange, COUNTERS),
        "position": {symbol: shares for symbol, shares in stats.get("position", {}).items() if shares},
        "pnl": stats.get("pnl_price4"),
        "pnl_unmarked": list(audit.money(verdict.ledger, evidence.exchange_books).unmarked),
        "port": stats.get("port"),
        "tick_to_trade": _latency(stats, outcome),
        "stages": stats.get("stages", {}),
        "strategies": stats.get("strategies", {}),
        "silence": stats.get("silence", {}),
        "reconciled": verdict.complete and not verdict.differences,
        "books": _books(evidence, verdict),
        "cpu": stats.get("cpu", {}) | evidence.boot.get("cpu", {}),
        "executions": dict(zip(("bought", "sold"), verdict.ledger.traded(), strict=True)),
        "replay": _replay(evidence),
        "gaps": evidence.gaps,
        "expected_gap": verdict.expected_gap,
        "decisions": len(evidence.decisions),
        "risk_refusals": evidence.refusals,
        "office": evidence.summary,
        "store": _kept(outcome),
        "guest": {"status": outcome.guest_status, "reason": outcome.guest_reason, "machine": outcome.machine_ending},
        "phases": outcome.phases,
        "switch": evidence.switch,
        "captures": [str(path) for path in map(scenario.capture, plan.SEGMENTS) if path.exists()],
        "differences": _shown([*verdict.differences, *verdict.book_differences], _SHOWN_DIFFERENCES),
    }
    report["reasons"] = _reasons(report, outcome, evidence, verdict)
    report["ok"] = not report["reasons"]
    if report["reasons"]:
        report["console"] = outcome.console
    return report


def write(report: Record, scenario: Scenario) -> Path:
    """Write `report.json` into the run's directory; gives its path. Raises OSError, and leaves no part of one."""
    path = scenario.directory / "report.json"
    try:
        path.write_text(json.dumps(report, indent=2) + "\n")
    except OSError:
        path.unlink(missing_ok=True)
        raise
    return path


def _judge(scenario: Scenario, outcome: Outcome, evidence: Evidence) -> Verdict:
    entries = log_entries(evidence.exchange_log, plan.USER)
    drops = losses.judge_drops(evidence, scenario.drop_both) if scenario.drop_both else None
    stopped = outcome.guest_reason == STOPPED
    if stopped:
        entries = _until_logout(entries)
    ledger = build(entries)
    partial = "messages were lost on purpose" if drops == [] else "the trader was told to stop early" if stopped else ""
    differences = [
        *reconcile(journal_entries(evidence.journal), entries),
        *reconcile_claims(_claims(evidence.stats), entries),
        *audit.check_collector(evidence),
        *audit.check_decisions(evidence),
        *audit.check_counters(evidence),
        *audit.check_feed(evidence, stopped=stopped),
        *audit.check_money(evidence, ledger, evidence.trader_books if partial else evidence.exchange_books),
        *audit.check_latency(evidence),
    ]
    return Verdict(
        complete=bool(evidence.stats.get("final")) and bool(evidence.exchange),
        ledger=ledger,
        differences=differences,
        book_differences=[] if partial else _book_differences(evidence),
        drops=drops,
        partial=partial,
    )


def _kept(outcome: Outcome) -> Record:
    """What the store has of the run."""
    return keeping.without_what_came_later(outcome.kept) if outcome.guest_reason == STOPPED else outcome.kept


def _until_logout(entries: list[Entry]) -> list[Entry]:
    """The log without the system events at its end: the exchange's day ends after a stopped trader has logged out."""
    end = len(entries)
    while end and entries[end - 1].way is Way.FROM_EXCHANGE and entries[end - 1].hex.lower().startswith(_SYSTEM_EVENT):
        end -= 1
    return entries[:end]


def _reasons(report: Record, outcome: Outcome, evidence: Evidence, verdict: Verdict) -> list[str]:
    """Everything that keeps the run from being right, in the order of its causes."""
    reasons = [*outcome.reasons, *_shown(evidence.damaged, _SHOWN_DAMAGE)]
    failed = [knob for knob in report["knobs"] if not knob["ok"]]
    reasons += [_failed_knob(knob) for knob in failed]
    if report["configuration"].get("fallback"):
        reasons.append(_fallback(report["configuration"]))
    if not verdict.complete:
        missing = [] if evidence.stats.get("final") else ["the trader's final statistics are missing"]
        return reasons or missing or ["the exchange's counters are missing"]
    if not evidence.boot:
        reasons.append("the guest's boot record is missing: nothing is known of its knobs")
    if outcome.guest_status != 0 and not outcome.reasons:
        reasons.append(f"the guest's exit status is {outcome.guest_status}, not 0")
    if not report["reconciled"]:
        reasons.append("trader and exchange do not agree: see differences")
    if verdict.book_differences:
        reasons.append("the trader's books are not the exchange's: see differences")
    reasons += _feed_reasons(report, verdict)
    reasons += keeping.reasons(report["store"])
    if not verdict.ledger.orders:
        reasons.append("no order reached the exchange")
    return reasons


def _fallback(configuration: Record) -> str:
    """A run on another configuration than was asked for is not the run that was asked for."""
    refused = [f"{one['path']}: {'; '.join(one['problems'])}" for one in configuration["refused"]]
    why = "; ".join(refused) or "a change of it was interrupted"
    return f"the guest refused its configuration and ran on {configuration['path']} instead: {why}"


def _feed_reasons(report: Record, verdict: Verdict) -> list[str]:
    """What was lost, unless it was lost on purpose and taken as it should be."""
    feed, replay = report["feed"], report["replay"]
    if not feed["messages"]:
        return ["the trader received no market data"]
    if verdict.drops == []:
        return []
    reasons = list(verdict.drops or ())
    if replay["received"] < replay["messages"] and not verdict.partial:
        reasons.append(f"of the real slice's {replay['messages']} messages only {replay['received']} were received")
    if feed["lost"]:
        reasons.append(f"{feed['lost']} messages of the feed were lost in {feed['gaps']} gaps")
    return reasons


def _claims(stats: Record) -> Claims:
    orders = stats.get("orders", {})
    figures = {name: int(orders.get(name, 0)) for name in _ORDERS}
    return Claims(position=stats.get("position", {}), **figures)


def _book_differences(evidence: Evidence) -> list[Difference]:
    """Level by level; books compare only when both sides have some and stand at the same message of the feed."""
    wanted = evidence.exchange_sequence
    found = []
    for owner, books in (("trader", evidence.trader_books), ("exchange", evidence.exchange_books)):
        if not books:
            found.append(Difference("book", "all", f"the {owner} left no book: there is nothing to compare"))
    if wanted is None:
        found.append(Difference("book sequence", "all", "the exchange left no sequence number with its closing books"))
    found += [
        Difference("book sequence", symbol, f"the trader's stands at message {at}, the exchange's at {wanted}")
        for symbol, at in sorted(evidence.trader_sequences.items())
        if at != wanted
    ]
    return found + reconcile_books(evidence.trader_books, evidence.exchange_books)


def _books(evidence: Evidence, verdict: Verdict) -> Record:
    """How many books were compared and how many levels they have; `equal` is null when none could be."""
    books = {} if verdict.partial else evidence.exchange_books
    levels = sum(len(book["bids"]) + len(book["asks"]) for book in books.values())
    equal = None if verdict.partial and verdict.complete else verdict.complete and not verdict.book_differences
    found = {"compared": len(books), "levels": levels, "equal": equal}
    return found | {"not_compared": verdict.partial} if verdict.partial else found


def _replay(evidence: Evidence) -> Record:
    """Messages of the real slice, how many the exchange went through, and how many of them surely were received."""
    flow = evidence.exchange.get("flow", {}).get("replay") or {}
    replayed = int(flow.get("messages", 0))
    received = max(0, replayed - losses.slice_missing(evidence)) if replayed else 0
    return {"messages": len(evidence.slice), "replayed": replayed, "received": received, "flow": flow}


def _latency(stats: Record, outcome: Outcome) -> Record:
    measured = stats.get("tick_to_trade", {})
    worth = {"quotable": False, "not_quotable": outcome.accelerator.not_quotable}
    return {"unit": measured.get("unit", "ns"), **_chosen(measured, _LATENCY), **worth}


def _boot(evidence: Evidence) -> Record:
    figures = _chosen(evidence.boot, ("kernel_s", "pid1_s"))
    return figures | {"first_order_s": evidence.stats.get("first_order_s")}


def _failed_knob(knob: Record) -> str:
    why = f" ({knob['reason']})" if knob["reason"] else ""
    return f"knob {knob['name']}: wanted {knob['requested']}, got {knob['effective']}{why}"


def _knob_counts(evidence: Evidence) -> Record:
    """How many knobs took effect, have nothing to act on in this machine (which is fine), failed, or are left alone."""
    knobs = evidence.boot.get("knobs", [])
    asked = [knob for knob in knobs if knob["requested"] != "unset"]
    failed = sum(not knob["ok"] for knob in asked)
    absent = sum(knob["ok"] and knob["effective"] in ("absent", "not applicable") for knob in asked)
    return {
        "all": len(knobs),
        "effective": len(asked) - failed - absent,
        "absent": absent,
        "failed": failed,
        "unset": len(knobs) - len(asked),
    }


def _image(image: Image) -> Record:
    sizes = {"uki_bytes": image.uki, "kernel_bytes": image.kernel, "rootfs_bytes": image.initramfs}
    return {name: path.stat().st_size if path.exists() else None for name, path in sizes.items()}


def _chosen(values: Mapping[str, Any], names: tuple[str, ...]) -> Record:
    return {name: values.get(name) for name in names}


def _shown(items: list[Any], limit: int) -> list[str]:
    """The first items as texts, and how many more there are."""
    texts = [str(item) for item in items[:limit]]
    return [*texts, f"and {len(items) - limit} more"] if len(items) > limit else texts
