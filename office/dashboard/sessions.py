"""Who is logged in: random tokens, of which the server keeps only hashes. Times are monotonic seconds."""

import hashlib
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from office.dashboard.users import User

IDLE: Final = 30 * 60.0
"""A session nobody uses ends after so long; a page that is open uses it."""
LONGEST: Final = 12 * 3600.0
MOST: Final = 1_000
MOST_OF_ONE: Final = 8


@dataclass(slots=True)
class Session:
    """One login. `password` is the hash it was made with: another password, another login."""

    name: str
    password: str
    made: float
    used: float


class Sessions:
    """All sessions; `find` gives the users file's entry of a name, so a role that changes counts at once."""

    def __init__(self, find: Callable[[str], User | None], token: Callable[[], str] | None = None) -> None:
        self._find = find
        self._token = token or (lambda: secrets.token_urlsafe(32))
        self._sessions: dict[bytes, Session] = {}

    def begin(self, user: User, now: float) -> str:
        """A new session; gives its token. The oldest of the user's goes when there are too many."""
        own = [key for key, session in self._sessions.items() if session.name == user.name]
        for key in own[: max(0, len(own) - MOST_OF_ONE + 1)]:
            del self._sessions[key]
        while len(self._sessions) >= MOST:
            del self._sessions[next(iter(self._sessions))]
        token = self._token()
        self._sessions[_hash(token)] = Session(user.name, user.password, now, now)
        return token

    def user(self, token: str, now: float) -> User | None:
        """The user of a session, as the users file has it now; None for a token that is none, or no longer."""
        key = _hash(token)
        session = self._sessions.get(key)
        if session is None:
            return None
        user = self._find(session.name)
        old = now - session.used > IDLE or now - session.made > LONGEST
        if user is None or old or user.password != session.password:
            del self._sessions[key]
            return None
        session.used = now
        return user

    def end(self, token: str) -> None:
        """End a session, if there is one."""
        self._sessions.pop(_hash(token), None)


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "replace")).digest()
