"""Everything about one order as plain data: `hftos explain --json`, and what its page is printed from.

Two clocks: times under `capture_ns` are those of the switch that captured, times under `trader_ns` those of the server,
both ns since 1970. `stages_ns` count from the burst that brought the market data. `market` is the last message that was
applied before the decision; it is what the decision followed from when it is `caused` by market data.
"""

from typing import Any, Final

from office.explain.evidence import Evidence, OnWire
from office.explain.market import Trigger, level_changes, triggers
from office.explain.story import Story, Told
from protocols import ouch50
from protocols.itch_files import describe
from protocols.management import Decision
from protocols.ouch50_codes import CANCEL_REASONS, LIQUIDITY_FLAGS, REJECT_REASONS
from protocols.risk_checks import WALK, name_of

STAGES: Final = ("parsed", "booked", "decided", "passed", "rung")
CAUSES: Final = {
    "B": "its book changed",
    "T": "a trade was printed",
    "F": "an order was filled",
    "C": "a timer was due",
    "O": "an order came to its end",
    "R": "an operator asked",
}
DEPTH: Final = 5
"""Levels of a book that are shown."""


def explain(evidence: Evidence, story: Story, session: str | None = None) -> dict[str, Any]:
    """The whole document. `missing` says what no evidence was found for."""
    missing = list(evidence.missing)
    decision = story.decision
    document: dict[str, Any] = {
        "run": str(evidence.run),
        "venue": story.venue,
        "order": story.reference or None,
        "replaces": story.replaces or None,
        "replaced_by": story.replaced_by or None,
        "decision": None,
        "checks": [],
        "market": None,
        "book": None,
        "sent": [],
        "answers": [],
        "position": None,
    }
    if decision is None or story.decided is None:
        missing.append("no decision in the journal: why the order was sent, and what the checks found, is not known")
    else:
        document["decision"] = _decision(evidence, story, decision, missing)
        document["checks"] = checks(decision)
        _market(document, evidence, decision, session, missing)
    document["sent"] = [_told(evidence, told, missing) for told in story.sent]
    document["answers"] = [_told(evidence, told, missing) for told in story.heard]
    if story.reference and story.entered is None:
        missing.append("the message that entered the order is not in the journal")
    if story.reference and not story.heard:
        missing.append("no answer of the exchange is in the journal")
    if story.position is not None:
        document["position"] = {
            "symbol": story.position.symbol,
            "before": story.position.before,
            "bought": story.position.bought,
            "sold": story.position.sold,
            "after": story.position.after,
            "paid": story.position.paid,
        }
    document["missing"] = list(dict.fromkeys([*missing, *evidence.missing]))
    return document


def checks(decision: Decision) -> list[dict[str, Any]]:
    """Every check of the gate in the order of its walk: passed, refused, or not reached behind the one that refused."""
    rows: list[dict[str, Any]] = []
    outcome = "passed"
    for code in WALK:
        row: dict[str, Any] = {"check": name_of(code), "outcome": outcome}
        if code == decision.code:
            row |= {"outcome": "refused", "value": decision.value, "limit": decision.limit}
            outcome = "not reached"
        rows.append(row)
    if decision.code and decision.code not in WALK:
        rows = [
            {"check": name_of(decision.code), "outcome": "refused", "value": decision.value, "limit": decision.limit}
        ]
    return rows


def _decision(evidence: Evidence, story: Story, decision: Decision, missing: list[str]) -> dict[str, Any]:
    assert story.decided is not None
    ticks_per_second = evidence.ticks_per_second
    stages = {name: getattr(decision, name) for name in STAGES}
    first = any(stages.values())
    cause: dict[str, Any] = {"code": decision.cause, "text": CAUSES[decision.cause], "answer": None}
    if story.cause is not None:
        cause["answer"] = _told(evidence, story.cause, missing)
    return {
        "number": story.decided.number,
        "trader_ns": story.decided.time,
        "strategy": decision.strategy,
        "strategy_kind": evidence.strategies.get(decision.strategy),
        "cause": cause,
        "feed_venue": decision.feed_venue,
        "sequence": decision.sequence,
        "side": decision.side,
        "symbol": decision.symbol,
        "shares": decision.shares,
        "price": decision.price,
        "replaces": decision.replaces or None,
        "passed": decision.code == 0,
        "sent": bool(decision.reference),
        "check": None if decision.code == 0 else name_of(decision.code),
        "stages_ns": {name: _ns(value, ticks_per_second) for name, value in stages.items()}
        if first and ticks_per_second
        else None,
    }


def _ns(ticks: int, per_second: int) -> int:
    return ticks * 1_000_000_000 // per_second


def _market(
    document: dict[str, Any], evidence: Evidence, decision: Decision, session: str | None, missing: list[str]
) -> None:
    """The packet that brought the last message that was applied, and the book around it."""
    if evidence.capture is None:
        missing.append("without a capture: the market data, the book, and the frames of the order are not known")
        return
    if not decision.sequence:
        missing.append("no message of the feed had been applied before the decision")
        return
    session = session or evidence.feeds.get(decision.feed_venue)
    every = triggers(evidence.capture, decision.sequence, decision.symbol, session)
    sessions = evidence.capture.sessions()
    if session is not None and session not in sessions:
        missing.append(f"the capture has no feed session {session!r}; it has {', '.join(sessions) or 'none'}")
        return
    if len(every) != 1:
        where = f"message {decision.sequence} of the feed"
        several = ", ".join(one.session for one in every)
        unknown = f"which of them is venue {decision.feed_venue}'s is not known, name it with --session"
        missing.append(f"{where} is in sessions {several}: {unknown}" if every else f"{where} is in no packet")
        return
    (found,) = every
    document["market"] = _trigger(found, decision)
    before, after = found.before, found.after
    if before is not None and after is not None:
        document["book"] = {
            "before": {side: levels[:DEPTH] for side, levels in before.items()},  # type: ignore[index]
            "after": {side: levels[:DEPTH] for side, levels in after.items()},  # type: ignore[index]
            "changes": [
                {"side": side, "price": price, "before": old, "after": new}
                for side, price, old, new in level_changes(before, after)
            ],
        }
    if found.first > 1:
        missing.append(f"the book is built from message {found.first} on: the capture has none before it")
    if found.gaps:
        lost = sum(last - first + 1 for first, last in found.gaps)
        missing.append(f"the book lacks {lost:,} messages that no line brought, the first of them {found.gaps[0][0]}")


def _trigger(found: Trigger, decision: Decision) -> dict[str, Any]:
    first = found.carriers[0]
    return {
        "caused": decision.cause in "BT",
        "session": found.session,
        "sequence": found.sequence,
        "packet": first.packet,
        "capture_ns": first.time,
        "line": first.line,
        "also": [
            {"packet": carrier.packet, "capture_ns": carrier.time, "line": carrier.line}
            for carrier in found.carriers[1:]
        ],
        "messages": [{"sequence": number, **describe(raw)} for number, raw in found.messages],
    }


def _told(evidence: Evidence, told: Told, missing: list[str]) -> dict[str, Any]:
    """A message of the journal, and its frame in the capture."""
    facts: dict[str, Any] = {"number": told.entry.number, "trader_ns": told.entry.time, **message(told.message)}
    frame = _frame(evidence, told)
    facts |= {"packet": None, "capture_ns": None} if frame is None else _place(frame)
    if frame is None and evidence.capture is not None:
        missing.append(f"{facts['name']} (record {told.entry.number}) is in no frame of the capture")
    return facts


def _place(frame: OnWire) -> dict[str, Any]:
    return {"packet": frame.packet, "capture_ns": frame.order.time}


def _frame(evidence: Evidence, told: Told) -> OnWire | None:
    """Where the message is on the wire: the same bytes the same way, of several the one nearest in time."""
    outbound = isinstance(told.message, ouch50.OuchInbound)
    same = [
        each for each in evidence.on_wire if each.order.sent is outbound and each.order.payload == told.entry.payload
    ]
    return min(same, key=lambda each: abs(each.order.time - told.entry.time), default=None)


def message(told: ouch50.OuchMessage) -> dict[str, Any]:
    """An OUCH message as plain data; codes with their meaning."""
    facts: dict[str, Any] = {"type": told.TYPE, "name": told.NAME}
    facts |= {name: getattr(told, name) for name in told.ATTRIBUTES if name not in ("appendage", "explicit_appendage")}
    if isinstance(told, ouch50.OrderExecuted):
        facts["liquidity"] = LIQUIDITY_FLAGS.get(told.liquidity_flag, told.liquidity_flag)
    elif isinstance(told, ouch50.OrderCanceled):
        facts["why"] = CANCEL_REASONS.get(told.reason, told.reason)
    elif isinstance(told, ouch50.Rejected):
        facts["why"] = REJECT_REASONS.get(told.reason, f"reason {told.reason}")
    return facts
