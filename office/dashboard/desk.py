"""What the page's server works with, and what people may do through it: pull the kill switch, acknowledge alerts.

Every action, allowed or refused, is in the audit log. An acknowledgement that cannot be recorded is not made. The kill
switch is, whatever the log does: orders must not stay in the market because a disk is full, or hangs; the answer then
says that the log has failed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from office.audited import KILL, PATIENCE
from office.commands import CommandError
from office.dashboard.hub import Hub
from office.dashboard.roles import ACTIONS, may
from office.dashboard.scribe import Log, Scribe
from office.dashboard.sessions import Sessions
from office.dashboard.users import User, Users
from store.audit import AuditError

_NAME: Final = 64
_LONGEST: Final = 10.0
"""Seconds that everything else waits for the log: longer than the log waits for another process."""
_PULLED: Final = (KILL, f"{KILL}.sent", f"{KILL}.failed")


class Alerts(Protocol):
    """Where alerts come from."""

    def alerts(self) -> Sequence[Mapping[str, Any]]:
        """All of them, as `Hub.alerts` takes them."""

    def acknowledge(self, alert: str, who: str) -> None:
        """Somebody has seen an alert; KeyError when there is none of this id."""


class Refused(Exception):
    """An action that was not done: HTTP status and why."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class Desk:
    """Everything behind the page. `kill` sends the command for somebody and gives the number of servers it went to;
    it raises `CommandError`. It and the log may block: they are called outside the event loop. `patience`: seconds that
    the kill switch waits for the log."""

    hub: Hub
    users: Users
    sessions: Sessions
    log: Log
    kill: Callable[[str], int]
    alerts: Alerts | None = None
    metrics_token: str = ""
    patience: float = PATIENCE
    _scribe: Scribe = field(init=False, repr=False)

    def __post_init__(self) -> None:
        self._scribe = Scribe(self.log)

    def record(self, who: str, role: str, action: str, subject: str = "", **detail: Any) -> None:
        """Write to the audit log; raises AuditError, also when that takes too long. What is no text is replaced."""
        self._scribe.write(
            self.patience if action.startswith(KILL) else _LONGEST,
            # What was done belongs in the log even when nobody waits for it any longer; what was refused was not done.
            late=action in _PULLED,
            who=_text(who[:_NAME]).strip() or "nobody",
            role=role,
            action=action,
            subject=_text(subject[:_NAME]),
            detail={key: _text(value) if isinstance(value, str) else value for key, value in detail.items()},
        )

    def pull_kill_switch(self, user: User, host: str, address: str) -> dict[str, Any]:
        """Stop all trading. `host`: what was typed to confirm it, the name of a connected host. Raises Refused."""
        self._authorise(user, "kill", host, address)
        if host not in self.hub.hosts():
            known = ", ".join(self.hub.hosts()) or "none is connected"
            self._try(user, "kill.refused", host, address, reason="not the name of a connected host")
            raise Refused(409, f"{host!r} is not the name of a connected host ({known}): type it as it is shown")
        failed = self._try(user, "kill", host, address)
        try:
            servers = self.kill(user.name)
        except CommandError as error:
            self._try(user, "kill.failed", host, address, reason=str(error))
            raise Refused(502, str(error)) from error
        failed = self._try(user, "kill.sent", host, address, servers=servers) or failed
        return {"servers": servers, "warning": failed}

    def acknowledge(self, user: User, alert: str, address: str) -> dict[str, Any]:
        """Say that an alert was seen. Raises Refused."""
        self._authorise(user, "acknowledge", alert, address)
        if self.alerts is None:
            raise Refused(404, "this office has no source of alerts")
        if all(str(one["id"]) != alert for one in self.alerts.alerts()):
            self._try(user, "acknowledge.refused", alert, address, reason="no such alert")
            raise Refused(404, f"there is no alert {alert!r}")
        failed = self._try(user, "acknowledge", alert, address)
        if failed:
            raise Refused(500, failed)
        try:
            self.alerts.acknowledge(alert, user.name)
        except KeyError as error:
            raise Refused(404, f"there is no alert {alert!r}") from error
        return {"acknowledged": alert}

    def _authorise(self, user: User, action: str, subject: str, address: str) -> None:
        if not may(user.role, action):
            self._try(user, f"{action}.refused", subject, address, reason="role")
            least, what = ACTIONS[action]
            raise Refused(403, f"the role {user.role} may not {what}: it takes the role {least}")

    def _try(self, user: User, action: str, subject: str, address: str, **detail: Any) -> str:
        """Write to the audit log; what went wrong, or nothing."""
        try:
            self.record(user.name, user.role, action, subject, address=address, **detail)
        except AuditError as error:
            return f"the audit log failed: {error}"
        return ""


def _text(given: str) -> str:
    """The same without lone surrogates, which JSON can say and UTF-8 cannot: question marks instead."""
    return given.encode("utf-8", "replace").decode()
