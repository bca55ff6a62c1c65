"""What was decided about alerts. The audit log is the only place where that is kept."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from store.audit.log import AuditLog
from store.audit.record import AuditRecord
from store.audit.verify import records
from store.surveillance.alert import DISPOSITIONS, OPEN, Alert
from store.surveillance.files import AlertsError

DISPOSE: Final = "surveillance.dispose"
ACKNOWLEDGE: Final = "acknowledge"
ACKNOWLEDGED: Final = "acknowledged"
STATES: Final = (OPEN, ACKNOWLEDGED, *DISPOSITIONS)
MAX_NOTE: Final = 4_000


@dataclass(frozen=True, slots=True)
class State:
    """``state``: open, acknowledged, closed or escalated; by whom, when (ns UTC), with which note."""

    state: str = OPEN
    who: str = ""
    time: int = 0
    note: str = ""


def states(rows: Iterable[AuditRecord]) -> dict[str, State]:
    """The latest state of each alert that the records of an audit log speak of, by id."""
    found: dict[str, State] = {}
    for one in rows:
        if one.action == DISPOSE:
            found[one.subject] = State(
                str(one.detail.get("as", "")), one.who, one.time, str(one.detail.get("note", ""))
            )
        elif one.action == ACKNOWLEDGE and found.get(one.subject, State()).state == OPEN:
            found[one.subject] = State(ACKNOWLEDGED, one.who, one.time)
    return found


def read_states(log: Path) -> dict[str, State]:
    """The same from a log; empty when there is none yet. AuditError: it cannot be read."""
    return states(records(log)) if log.exists() else {}


def dispose(log: AuditLog, alert: Alert, state: str, note: str, who: str, role: str, source: str) -> AuditRecord:
    """Decide about an alert. AlertsError: not a decision, no note, or decided so already; AuditError: not recorded."""
    if state not in DISPOSITIONS:
        raise AlertsError(f"--as {state!r}: give one of {', '.join(DISPOSITIONS)}")
    if not note.strip() or len(note) > MAX_NOTE:
        raise AlertsError(f"--note of {len(note)} characters: say why, in 1 to {MAX_NOTE}")
    now = read_states(log.path).get(alert.id, State())
    if now.state == state:
        raise AlertsError(f"alert {alert.id} is {state} already, by {now.who}: {now.note}")
    detail = {
        "as": state,
        "note": note,
        "was": now.state,
        "rule": alert.rule,
        "symbol": alert.symbol,
        "owner": alert.owner,
        "t": alert.t,
        "source": source,
    }
    return log.append(who=who, role=role, action=DISPOSE, subject=alert.id, detail=detail)
