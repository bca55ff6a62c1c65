"""Figures that a side states of itself, computed again from the other side's records: totals, feed, money, the copy.

Pure functions over `Evidence`; each gives named differences, none when the statement holds.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hftapp.trader.risk.checks import NAMES as CHECKS
from protocols import ouch50
from protocols.errors import ProtocolError
from qemu import plan
from qemu.evidence import COUNTERS, Evidence
from qemu.ledger import Ledger
from qemu.reconcile import Book, Difference


@dataclass(frozen=True, slots=True)
class Money:
    """The trader's money computed from the exchange's executions, in price4 (1/10,000 dollar).

    `profit` is None when a symbol that is held had no two-sided book at the end: `unmarked` names those.
    """

    cash: int
    profit: int | None
    unmarked: tuple[str, ...]


def counted(records: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """The exchange's five counters, computed from its order log."""
    counts = dict.fromkeys(COUNTERS, 0)
    for record in records:
        if record["dir"] == "in":
            counts["received"] += 1
            continue
        match _answer(record["hex"]):
            case ouch50.OrderAccepted() | ouch50.OrderReplaced():
                counts["accepted"] += 1
            case ouch50.Rejected():
                counts["rejected"] += 1
            case ouch50.OrderExecuted(quantity=shares):
                counts["executed_shares"] += shares
            case ouch50.OrderCanceled(quantity=shares):
                counts["cancelled"] += shares
    return counts


def check_counters(evidence: Evidence) -> list[Difference]:
    """The exchange's counters, over all and of the trader's login, against its own log."""
    found = []
    log = evidence.exchange_log
    own = [record for record in log if record["login"] == plan.USER]
    stated = ((evidence.exchange, "all logins", log), (_login(evidence), plan.USER, own))
    for figures, who, records in stated:
        for name, count in counted(records).items():
            if figures.get(name) != count:
                text = f"the exchange counted {figures.get(name)}, its log has {count}"
                found.append(Difference("counter", f"{who} {name}", text))
    return found


def check_feed(evidence: Evidence, *, stopped: bool = False) -> list[Difference]:
    """The trader's feed figures against the exchange's; a trader that was `stopped` has its beginning only."""
    ours, theirs = evidence.stats.get("feed", {}), evidence.exchange.get("feed", {})
    received, lost, total = ours.get("messages", 0), ours.get("lost", 0), theirs.get("messages", 0)
    end = ours.get("next", 1) - 1
    found = []
    if received + lost != end:
        text = f"the trader stands at message {end}, but received {received} and lost {lost}"
        found.append(Difference("feed", "sequence", text))
    if (end > total) if stopped else (end != total):
        found.append(Difference("feed", "messages", f"the trader came to message {end}, the exchange sent {total}"))
    if total != evidence.exchange_sequence:
        text = f"the exchange counted {total}, its closing books stand at {evidence.exchange_sequence}"
        found.append(Difference("feed", "closing books", text))
    if ours.get("malformed"):
        found.append(Difference("feed", "malformed", f"{ours['malformed']} messages or packets made no sense"))
    return found + _check_types(ours.get("by_type"), theirs.get("by_type", {}), exact=not lost and not stopped)


def check_money(evidence: Evidence, ledger: Ledger, books: Mapping[str, Book]) -> list[Difference]:
    """The trader's cash and profit against the exchange's executions, marked with `books`."""
    own, stats = money(ledger, books), evidence.stats
    pairs = [("cash", stats.get("cash_price4"), own.cash)]
    if own.profit is not None:
        pairs.append(("profit", stats.get("pnl_price4"), own.profit))
    return [
        Difference(name, "trader", f"the trader says {ours} price4, the exchange's executions give {theirs}")
        for name, ours, theirs in pairs
        if ours != theirs
    ]


def money(ledger: Ledger, books: Mapping[str, Book]) -> Money:
    """Cash from the executions; positions at the middle of best bid and best ask, rounded down, as the trader does."""
    cash = value = 0
    for order in ledger.orders.values():
        for shares, price in order.executions.values():
            cash += -shares * price if order.side == "B" else shares * price
    unmarked = []
    for symbol, shares in ledger.position().items():
        book = books.get(symbol, {})
        bids, asks = book.get("bids"), book.get("asks")
        if bids and asks:
            value += shares * ((bids[0][0] + asks[0][0]) // 2)
        else:
            unmarked.append(symbol)
    return Money(cash, None if unmarked else cash + value, tuple(sorted(unmarked)))


def check_latency(evidence: Evidence) -> list[Difference]:
    """Each sample of tick-to-trade led to at least one message."""
    samples = evidence.stats.get("tick_to_trade", {}).get("count", 0)
    sent = evidence.stats.get("orders", {}).get("sent", 0)
    if samples <= sent:
        return []
    return [
        Difference("tick to trade", "samples", f"{samples} ticks led to orders, but only {sent} messages were sent")
    ]


def check_collector(evidence: Evidence) -> list[Difference]:
    """The office's copy is whole: the collector saw nothing malformed, and no number is missing or in conflict."""
    summary = evidence.summary
    if not summary:
        return [Difference("collector", "summary.json", "missing: the office's copy cannot be trusted")]
    found = [
        Difference("collector", name, f"{summary[name]} {what}")
        for name, what in (("faults", "connections made no sense"), ("conflicts", "messages came twice, differently"))
        if summary[name]
    ]
    lost = sum(file["missing"] for file in summary["live"].values())
    if lost:
        found.append(Difference("collector", "live", f"{lost} messages of the management stream were lost"))
    numbers = sorted([*(record["n"] for record in evidence.journal), *evidence.decisions])
    wrong = next((wanted for wanted, number in enumerate(numbers, 1) if number != wanted), None)
    if wrong is not None:
        found.append(Difference("journal", f"record {wrong}", "missing, or there twice"))
    counted = sum(file["count"] for file in summary["journals"].values())
    if counted != len(numbers):
        found.append(Difference("journal", "count", f"the collector counted {counted}, its files have {len(numbers)}"))
    return found


def check_decisions(evidence: Evidence) -> list[Difference]:
    """Every order has its decision, every decision that passed its order, and every refusal is counted by its check."""
    found, sent, passed = [], Counter[int](), Counter[int]()
    for record in evidence.journal:
        message = _asked(record["hex"]) if record["dir"] == "out" else None
        if isinstance(message, ouch50.EnterOrder | ouch50.ReplaceOrder):
            sent[message.user_ref_num] += 1
    refused = Counter[str]()
    for decision in evidence.decisions.values():
        if decision.code:
            refused[CHECKS[decision.code] if decision.code < len(CHECKS) else f"check {decision.code}"] += 1
        elif decision.reference:
            passed[decision.reference] += 1
    found += [Difference("decision", f"order {ref}", "has none in the journal") for ref in (sent - passed).elements()]
    found += [Difference("decision", f"order {ref}", "was never sent") for ref in (passed - sent).elements()]
    stated = evidence.stats.get("risk", {})
    for name in sorted({*stated, *refused}):
        if stated.get(name, 0) != refused[name]:
            text = f"the trader counted {stated.get(name, 0)} refusals, the journal has {refused[name]}"
            found.append(Difference("decision", name, text))
    lost = evidence.stats.get("telemetry", {}).get("journal_dropped", 0)
    return [*found, Difference("decision", "journal", f"{lost} found no room in the ring")] if lost else found


def _check_types(ours: Mapping[str, int] | None, theirs: Mapping[str, int], *, exact: bool) -> list[Difference]:
    """Messages by type; with losses the trader may have fewer of a type, never more."""
    if ours is None:
        return []
    found = []
    for kind in sorted(set(ours) | set(theirs)):
        mine, sent = ours.get(kind, 0), theirs.get(kind, 0)
        if (mine != sent) if exact else (mine > sent):
            found.append(Difference("feed", f"type {kind}", f"the trader received {mine}, the exchange sent {sent}"))
    return found


def _login(evidence: Evidence) -> Mapping[str, int]:
    figures: Mapping[str, int] = evidence.exchange.get("by_login", {}).get(plan.USER, {})
    return figures


def _asked(text: str) -> ouch50.OuchInbound | None:
    """The message of a record to the exchange; None for bytes that are none."""
    try:
        return ouch50.decode_inbound(bytes.fromhex(text))
    except (ProtocolError, ValueError):
        return None


def _answer(text: str) -> ouch50.OuchOutbound | None:
    """The message of an outbound record; None for bytes that are none, which the reconciliation names."""
    try:
        return ouch50.decode_outbound(bytes.fromhex(text))
    except (ProtocolError, ValueError):
        return None
