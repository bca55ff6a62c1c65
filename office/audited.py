"""Commands that somebody gives on the command line, each in the audit log before it is sent.

A stop that cannot be recorded is not sent. The kill switch is, at once and whatever the log does: orders must not stay
in the market because a disk is full; the answer then has a `warning`.
"""

import os
import threading
from pathlib import Path
from typing import Any, Final

from office.commands import CommandError, control_of, login, send
from store.audit import AuditError, AuditLog

ROLE: Final = "operator"
KILL: Final = "kill"
PATIENCE: Final = 1.0
"""Seconds that the kill switch waits for the log."""
_NAME: Final = 64


def audit_log_of(directory: Path) -> Path:
    """The audit log that belongs to the directory of a run, or of a collector: it lies beside it, and outlives it."""
    return directory.absolute().parent / "audit" / "audit.jsonl"


def command(directory: Path, name: str, *, who: str | None = None, log: Path | None = None) -> dict[str, Any]:
    """Give a command as `office.commands.send` does, and record it in `log` (None: the directory's own).

    The answer has `warning` when the log failed. Raises CommandError; what the log then had against it is in its text.
    No log is begun beside a directory in which there is no run.
    """
    path = audit_log_of(directory) if log is None else log
    if log is None and not path.exists():
        control_of(directory)
    person = (login() if who is None else who)[:_NAME]
    subject = os.fsencode(directory).decode("utf-8", "replace")[:_NAME]
    warning = _record(path, name, person, subject)
    if warning and name != KILL:
        raise CommandError(f"{name} was not sent: {warning}")
    try:
        answer = send(directory, name, who=person)
    except CommandError as error:
        failed = _record(path, f"{name}.failed", person, subject, reason=str(error)) or warning
        raise CommandError(f"{error}; and {failed}" if failed else str(error)) from error
    warning = _record(path, f"{name}.sent", person, subject, servers=answer["servers"]) or warning
    return {**answer, "warning": warning} if warning else answer


def _record(path: Path, action: str, who: str, subject: str, **detail: Any) -> str:
    """Write to the log; what went wrong, or nothing. A log that takes too long has gone wrong."""
    wrong = [f"the audit log {path} has not answered for {PATIENCE:g} s"]

    def write() -> None:
        try:
            with AuditLog(path) as log:
                log.append(who=who, role=ROLE, action=action, subject=subject, detail={**detail, "login": login()})
            wrong.clear()
        except AuditError as error:
            wrong[:] = [f"the audit log failed: {error}"]

    writer = threading.Thread(target=write, daemon=True)
    writer.start()
    writer.join(PATIENCE if action.startswith(KILL) else None)
    return "".join(wrong[:1])
