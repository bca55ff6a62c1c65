"""The GLIMPSE 5.0 server, without I/O: logins, snapshots at one sequence number, patience (PROTOCOLS §7).

All clients that wait get the same snapshot, and snapshots are at least ``build_interval`` apart: making one keeps
order entry waiting (about 50 ms for a million orders), so clients must not be able to ask for more. A snapshot is
made in one call between two messages; nothing can come in between.
"""

from __future__ import annotations

import enum
import logging
from collections import Counter, deque
from collections.abc import Mapping
from typing import NamedTuple

from exchange.clock import SECOND
from exchange.snapshot import SnapshotSource, take_snapshot
from protocols import soup
from protocols.errors import ProtocolError

log = logging.getLogger(__name__)

BUILD_INTERVAL = SECOND // 5
MAX_CLIENTS = 32
LOGIN_TIMEOUT = 30 * SECOND
STALL_TIMEOUT = 10 * SECOND
TRANSFER_TIMEOUT = 120 * SECOND
# The longest packet a client has to send is its login.
_MAX_INBOUND = 256


class SessionState(enum.Enum):
    """Where a client stands."""

    AWAITING_LOGIN = "awaiting login"
    WAITING = "waiting for the snapshot"
    SENDING = "sending"
    CLOSED = "closed"


class GlimpseSession:
    """One client. The owner writes what `take_output` returns and closes once `closing` is true and it is empty.

    `stalled` and `resumed` tell whether the client's socket takes data; `reason` says why it was dropped, if it was.
    """

    def __init__(self, server: GlimpseServer, peer: str, now: int) -> None:
        self.state = SessionState.AWAITING_LOGIN
        self.peer = peer
        self.reason = ""
        self._server = server
        self._framer = soup.Framer(_MAX_INBOUND)
        self._output: deque[bytes] = deque()
        self._deadline = now + LOGIN_TIMEOUT
        self._stalled_since: int | None = None

    @property
    def closing(self) -> bool:
        """Whether to close the connection once the output is written."""
        return self.state is SessionState.CLOSED

    def on_bytes(self, data: bytes, now: int) -> None:
        """Take received bytes."""
        if self.closing:
            return
        try:
            for packet in self._framer.feed(data):
                self._on_packet(packet, now)
                if self.closing:
                    return
        except ProtocolError as error:
            self.drop(f"malformed packet: {error}")

    def start(self, snapshot: tuple[bytes, ...], now: int) -> None:
        """Send the snapshot, then close."""
        self._output.extend(snapshot)
        self.state = SessionState.SENDING
        self._deadline = now + TRANSFER_TIMEOUT

    def take_output(self) -> bytes:
        """Return the next piece to write, empty when there is none."""
        if not self._output:
            return b""
        piece = self._output.popleft()
        if not self._output and self.state is SessionState.SENDING:
            self.state = SessionState.CLOSED
            self._server.served += 1
        return piece

    def stalled(self, now: int) -> None:
        """Take note that the socket takes no more."""
        self._stalled_since = now

    def resumed(self) -> None:
        """Take note that the socket takes data again."""
        self._stalled_since = None

    def tick(self, now: int) -> bool:
        """Drop a client that does not log in, does not read, or takes too long; whether it was dropped."""
        deadline = self.next_deadline()
        if deadline is None or now < deadline:
            return False
        if self.state is SessionState.AWAITING_LOGIN:
            self.drop("no login request in time")
        elif now >= self._deadline:
            self.drop("takes too long")
        else:
            self.drop("does not read what it is sent")
        return True

    def next_deadline(self) -> int | None:
        """When `tick` has something to do; also after the last piece, which may never be read. None when dropped."""
        if self.reason:
            return None
        return (
            self._deadline if self._stalled_since is None else min(self._deadline, self._stalled_since + STALL_TIMEOUT)
        )

    def drop(self, reason: str) -> None:
        """Be done with the client; what it was to be sent is forgotten."""
        self.reason = reason
        self.state = SessionState.CLOSED
        self._output.clear()
        self._server.dropped[reason.partition(":")[0]] += 1
        log.warning("glimpse %s: dropped: %s", self.peer, reason)

    def _on_packet(self, packet: soup.SoupPacket, now: int) -> None:
        match packet:
            case soup.ClientHeartbeat() | soup.Debug():
                return
            case soup.LogoutRequest():
                self.state = SessionState.CLOSED
                self._output.clear()
            case soup.LoginRequest() if self.state is SessionState.AWAITING_LOGIN:
                self._on_login(packet, now)
            case _:
                self.drop(f"unexpected packet: {type(packet).__name__} while {self.state.value}")

    def _on_login(self, request: soup.LoginRequest, now: int) -> None:
        refusal = self._server.refusal(request)
        if refusal is not None:
            reject, reason = refusal
            self.drop(f"login refused: {reason}")
            # Unlike others that are dropped, it is told why.
            self._output.append(soup.Debug(reason).encode() + soup.LoginRejected(reject).encode())
            return
        self._output.append(soup.LoginAccepted(self._server.session, 1).encode())
        self.state = SessionState.WAITING
        self._deadline = now + TRANSFER_TIMEOUT


class Due(NamedTuple):
    """What came of `GlimpseServer.tick`: sessions with something to write, and those whose connections to cut."""

    ready: list[GlimpseSession]
    dropped: list[GlimpseSession]


class GlimpseServer:
    """All clients of one venue's snapshots. ``logins``: password by user.

    ``served``, ``snapshots`` and ``dropped`` (by reason) count.
    """

    def __init__(
        self,
        session: str,
        source: SnapshotSource,
        logins: Mapping[str, str],
        max_clients: int = MAX_CLIENTS,
        build_interval: int = BUILD_INTERVAL,
    ) -> None:
        self.session = session
        self.served: int = 0
        self.snapshots: int = 0
        self.dropped: Counter[str] = Counter()
        self.sessions: set[GlimpseSession] = set()
        self._source = source
        self._logins = {user.upper(): (user, password) for user, password in logins.items()}
        self._max_clients = max_clients
        self._interval = build_interval
        self._next_build: int = 0

    def open(self, peer: str, now: int) -> GlimpseSession | None:
        """A session for a new connection, None when there are too many: then close it."""
        if len(self.sessions) >= self._max_clients:
            self.dropped["too many clients"] += 1
            log.warning("glimpse %s: dropped: more than %d clients", peer, self._max_clients)
            return None
        session = GlimpseSession(self, peer, now)
        self.sessions.add(session)
        return session

    def close(self, session: GlimpseSession) -> None:
        """Forget a session whose connection is gone."""
        if not session.closing:
            session.drop("connection closed")
        self.sessions.discard(session)

    def tick(self, now: int) -> Due:
        """Let time pass."""
        dropped = [session for session in self.sessions if session.tick(now)]
        waiting = [session for session in self.sessions if session.state is SessionState.WAITING]
        if not waiting or now < self._next_build:
            return Due([], dropped)
        snapshot = take_snapshot(self._source)
        self.snapshots += 1
        self._next_build = now + self._interval
        for session in waiting:
            session.start(snapshot, now)
        return Due(waiting, dropped)

    def next_deadline(self) -> int | None:
        """When `tick` has something to do, None when there are no clients."""
        deadlines = [deadline for session in self.sessions if (deadline := session.next_deadline()) is not None]
        if any(session.state is SessionState.WAITING for session in self.sessions):
            deadlines.append(self._next_build)
        return min(deadlines, default=None)

    def refusal(self, request: soup.LoginRequest) -> tuple[str, str] | None:
        """Reject code and reason for a login that is not good, None for a good one."""
        known = self._logins.get(request.username.upper())
        if known is None or not request.matches(*known):
            return "A", "wrong username or password"
        if request.session and request.session != self.session.strip(" "):
            return "S", f"no such session: {request.session!r}"
        if request.sequence > 1:
            return "S", f"a snapshot begins at sequence number 1, not {request.sequence}"
        return None
