"""One run's counts from three sides that do not know of each other: capture, journal, telemetry; and from the store.

| Count | Capture | Journal | Telemetry |
|---|---|---|---|
| `messages` | feed messages at the trader's port, each once | | messages that the arbiters passed on |
| `orders` | Enter Order and Replace Order sent | the same, journalled | entered and replaced |
| `executions` | Executed received, each once | the same, journalled | executions |
| `decisions` | | decisions that sent an order or refused one | orders and refusals |
| `refused` | | decisions that refused | refusals, of all checks |

None: that side does not know, or is not there.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from protocols import ouch50
from protocols.errors import ProtocolError
from protocols.management import DECISION, IN, OUT, Decision
from store.captured_feed import Captured, feeds_of, first_of_each, messages, open_index, orders
from store.client import Store
from store.run_folder import RunFolder, last_stats, look_into
from store.schema import DATABASE
from store.segments import login_of

NAMES: Final = ("messages", "orders", "executions", "decisions", "refused")
SIDES: Final = ("capture", "journal", "telemetry")

Counts = dict[str, int | None]


def count(path: Path) -> dict[str, Counts]:
    """The counts of a run's folder by side. StoreError when it holds no run, or a file is damaged."""
    folder = look_into(path)
    return {"capture": captured(folder), "journal": journalled(folder), "telemetry": told(last_stats(folder.live))}


def captured(folder: RunFolder) -> Counts:
    """What the captures of the trader's port count."""
    if not folder.captures:
        return _counts({})
    notes = Captured()
    indices = [open_index(path, notes) for path in folder.captures]
    try:
        found = [messages(index, notes) for index in indices]
        feed = sum(len(first_of_each(found, one)[0]) for one in feeds_of(indices, found))
        own = orders(indices, notes)
    finally:
        for index in indices:
            index.close()
    entered = sum(order.sent and isinstance(order.message, ouch50.EnterOrder | ouch50.ReplaceOrder) for order in own)
    # The exchange tells an execution again to a trader that starts again, over another connection.
    executed = {
        (order.flow.source, order.flow.source_port, order.payload)
        for order in own
        if not order.sent and isinstance(order.message, ouch50.OrderExecuted)
    }
    return _counts({"messages": feed, "orders": entered, "executions": len(executed)})


def journalled(folder: RunFolder) -> Counts:
    """What the office's copy of the journal counts."""
    if not folder.journals:
        return _counts({})
    found = {"orders": 0, "executions": 0, "decisions": 0, "refused": 0}
    executed = set()
    for number, _, record in folder.records():
        if record.kind == DECISION:
            try:
                decision = Decision.decode(record.body)
            except ProtocolError:
                continue
            found["decisions"] += decision.code > 0 or decision.reference > 0
            found["refused"] += decision.code > 0
        elif record.kind == OUT:
            found["orders"] += record.body[:1] in (b"O", b"U")
        elif record.kind == IN and record.body[:1] == b"E":
            executed.add((login_of(number), record.venue, record.body))
    return _counts(found | {"executions": len(executed)})


def told(stats: Mapping[str, Any]) -> Counts:
    """What the trader's last figures say (`Stats`)."""
    own, feed, risk = (stats.get(name) for name in ("orders", "feed", "risk"))
    if not isinstance(own, dict) or not isinstance(feed, dict) or not isinstance(risk, dict):
        return _counts({})
    refused = sum(int(number) for name, number in risk.items() if name != "passed")
    sent = int(own.get("entered", 0)) + int(own.get("replaced", 0))
    return _counts(
        {
            "messages": int(feed.get("messages", 0)),
            "orders": sent,
            "executions": int(own.get("executions", 0)),
            "decisions": sent + refused,
            "refused": refused,
        }
    )


def stored(store: Store, run: str) -> Counts:
    """What the store has of a run."""

    def one(sql: str) -> int:
        return int(store.rows(f"SELECT {sql}", {"run": run})[0][0])

    of = f"FROM {DATABASE}"
    where = "WHERE run = {run:String}"
    refused = f"count() {of}.decisions {where} AND code > 0"
    return _counts(
        {
            "messages": one(f"uniqExact(venue, feed_sequence) {of}.messages {where} AND feed_sequence > 0"),
            "orders": one(f"count() {of}.orders {where} AND event IN ('entered', 'replace_sent')"),
            "executions": one(f"count() {of}.executions {where}"),
            "decisions": one(f"count() {of}.decisions {where} AND (code > 0 OR reference > 0)"),
            "refused": one(refused),
        }
    )


def differences(counts: Mapping[str, Counts]) -> list[str]:
    """Where sides that know a count do not agree; empty: everything adds up."""
    found = []
    for name in NAMES:
        known = {side: values[name] for side, values in counts.items() if values.get(name) is not None}
        if len(set(known.values())) > 1:
            found.append(f"{name}: " + ", ".join(f"{side} {number}" for side, number in known.items()))
    return found


def _counts(found: Mapping[str, int]) -> Counts:
    return {name: found.get(name) for name in NAMES}
