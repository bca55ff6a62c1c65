"""The client's end of a SoupBinTCP 3.00 session, without I/O: bytes and the time in, events and bytes out.

The owner has the TCP connection. It calls `connected` when the connection stands, `on_bytes` for what arrives,
`connection_closed` when the peer closes, `tick` at `next_deadline()`, and sends what `take_output` returns.
After a lost link, `connected` on a new connection logs in again to the same session at the next number: nothing is lost
and nothing comes twice. All times are integer nanoseconds of one monotonic clock.
"""

import enum
from dataclasses import dataclass
from typing import Final

from protocols.soup import (
    MAX_LENGTH,
    ClientHeartbeat,
    Debug,
    EndOfSession,
    Framer,
    LoginAccepted,
    LoginRejected,
    LoginRequest,
    LogoutRequest,
    SequencedData,
    ServerHeartbeat,
    SoupPacket,
    UnsequencedData,
)
from protocols.soup_endpoint import SECOND, SoupEndpoint

__all__ = [
    "ClientEvent",
    "ClientState",
    "Debug",
    "EndOfSession",
    "LinkLost",
    "LoggedIn",
    "LoginRejected",
    "Sequenced",
    "SessionStateError",
    "SoupClient",
    "Unsequenced",
]


class SessionStateError(RuntimeError):
    """A call that the session's state does not allow."""


class ClientState(enum.Enum):
    """Where the session stands."""

    DISCONNECTED = "disconnected"
    LOGIN_SENT = "login sent"
    ACTIVE = "active"
    LOGGED_OUT = "logged out"
    REJECTED = "rejected"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """The server accepted; `sequence` is the number of the next sequenced message."""

    session: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Sequenced:
    """A numbered message from the server."""

    sequence: int
    payload: bytes


@dataclass(frozen=True, slots=True)
class Unsequenced:
    """An unnumbered message from the server (which servers send from SoupBinTCP 4.00 on)."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class LinkLost:
    """The connection is of no more use; close it, and connect again to resume."""

    reason: str


ClientEvent = LoggedIn | LoginRejected | Sequenced | Unsequenced | Debug | EndOfSession | LinkLost
_UP: Final = (ClientState.LOGIN_SENT, ClientState.ACTIVE)


class SoupClient(SoupEndpoint[ClientEvent]):
    """One login to one session.

    `session` blank = the server's current one; `next_sequence` = first number wanted (0: the newest message). Both
    follow the session once it is joined. For the intervals see `SoupEndpoint`.
    """

    def __init__(
        self,
        username: str,
        password: str,
        session: str = "",
        next_sequence: int = 1,
        *,
        heartbeat: int = SECOND,
        timeout: int = 15 * SECOND,
        max_length: int = MAX_LENGTH,
    ) -> None:
        super().__init__(0, heartbeat=heartbeat, timeout=timeout, max_length=max_length)
        self.session = session.strip(" ")
        self.next_sequence = next_sequence
        self.state = ClientState.DISCONNECTED
        self._username, self._password = username, password
        self._incoming = next_sequence

    def connected(self, now: int) -> None:
        """Start on a fresh connection: asks to join the session at the next number wanted.

        SessionStateError when the session is over for good or a connection is in use.
        """
        if self.state in (*_UP, ClientState.ENDED):
            raise SessionStateError(f"cannot log in: the session is {self.state.value}")
        self._framer = Framer(self._max_length)
        self._output.clear()
        self._last_received = now
        self.state = ClientState.LOGIN_SENT
        self._send(LoginRequest(self._username, self._password, self.session, self.next_sequence), now)

    def connection_closed(self) -> list[ClientEvent]:
        """Take note that the peer closed; LinkLost unless the end was agreed upon."""
        return [self._lose("connection closed")] if self._open else []

    def send(self, payload: bytes, now: int) -> None:
        """Send one unsequenced message; SessionStateError when not logged in."""
        if self.state is not ClientState.ACTIVE:
            raise SessionStateError(f"cannot send: the session is {self.state.value}")
        self._send(UnsequencedData(payload), now)

    def logout(self, now: int) -> None:
        """Ask the server to close; without effect when not connected."""
        if self._open:
            self._send(LogoutRequest(), now)
            self.state = ClientState.LOGGED_OUT

    def tick(self, now: int) -> list[ClientEvent]:
        """Let time pass: sends a heartbeat after our silence, gives the link up after theirs."""
        events = self._check_silence(now) if self._open else []
        if self.state is ClientState.ACTIVE:
            self._keep_alive(ClientHeartbeat(), now)
        return events

    def next_deadline(self) -> int | None:
        """When `tick` has something to do, None while disconnected."""
        if not self._open:
            return None
        return self._silence_deadline if self.state is ClientState.LOGIN_SENT else self._active_deadline

    @property
    def _open(self) -> bool:
        return self.state in _UP

    def _give_up(self, reason: str, _now: int, /) -> LinkLost:
        return self._lose(reason)

    def _lose(self, reason: str) -> LinkLost:
        self.state = ClientState.DISCONNECTED
        self._output.clear()
        return LinkLost(reason)

    def _on_packet(self, packet: SoupPacket, _now: int, /) -> ClientEvent | None:
        match packet:
            case ServerHeartbeat():
                return None
            case Debug():
                return packet
            case LoginAccepted() if self.state is ClientState.LOGIN_SENT:
                return self._on_accepted(packet)
            case LoginRejected() if self.state is ClientState.LOGIN_SENT:
                self.state = ClientState.REJECTED
                return packet
            case SequencedData() if self.state is ClientState.ACTIVE:
                return self._on_sequenced(packet.payload)
            case UnsequencedData() if self.state is ClientState.ACTIVE:
                return Unsequenced(packet.payload)
            case EndOfSession() if self.state is ClientState.ACTIVE:
                self.state = ClientState.ENDED
                return packet
        return self._lose(f"unexpected {type(packet).__name__} while {self.state.value}")

    def _on_accepted(self, packet: LoginAccepted) -> ClientEvent:
        if self.session and packet.session != self.session:
            return self._lose(f"asked for session {self.session!r}, was given {packet.session!r}")
        self.session = packet.session
        self._incoming = packet.sequence
        # A server may start below what was asked for; what is known already is then passed over.
        self.next_sequence = max(self.next_sequence, packet.sequence)
        self.state = ClientState.ACTIVE
        return LoggedIn(packet.session, packet.sequence)

    def _on_sequenced(self, payload: bytes) -> ClientEvent | None:
        sequence = self._incoming
        self._incoming += 1
        if sequence < self.next_sequence:
            return None
        self.next_sequence = sequence + 1
        return Sequenced(sequence, payload)
