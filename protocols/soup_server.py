"""The server's end of SoupBinTCP 3.00, without I/O: a sequenced stream, and one session object per TCP connection.

`SequencedStream` holds the numbered messages of a session and outlives connections. `SoupServerSession` speaks to one
client: bytes and the time in, events and bytes out. The owner sends what `take_output` returns and closes the
connection once `closing` is set and the output is sent. Where the specification leaves a choice, §3.5's are made:

- wanted number above the next one: debug text, reject `S`, close; wanted 0: from the newest message;
- another session than the stream's, a stream that has ended, a stream in use by another client: reject `S`, close;
- data before login, malformed packets: debug text, close.
"""

import enum
from collections.abc import Callable
from dataclasses import dataclass, field

from protocols.soup import (
    MAX_LENGTH,
    ClientHeartbeat,
    Debug,
    EndOfSession,
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


@dataclass(slots=True)
class SequencedStream:
    """The numbered messages of one session, from 1. `exclusive`: one client at a time may be logged in."""

    session: str
    exclusive: bool = True
    ended: bool = field(default=False, init=False)
    clients: int = field(default=0, init=False)
    _messages: list[bytes] = field(default_factory=list, init=False, repr=False)

    @property
    def next_sequence(self) -> int:
        """The number that the next message will have."""
        return len(self._messages) + 1

    def append(self, payload: bytes) -> int:
        """Add a message; returns its number. ValueError after `end`."""
        if self.ended:
            raise ValueError(f"session {self.session!r} has ended")
        self._messages.append(payload)
        return len(self._messages)

    def read(self, first: int, count: int | None = None) -> list[bytes]:
        """Return messages from number `first` (>= 1) on, at most `count`; empty beyond the end."""
        if first < 1:
            raise ValueError(f"messages are numbered from 1, not {first}")
        return self._messages[first - 1 : None if count is None else first - 1 + count]

    def end(self) -> None:
        """End the session: clients get End of Session after the last message, and none may join any more."""
        self.ended = True


@dataclass(frozen=True, slots=True)
class LoggedIn:
    """A client joined; `sequence` is the number of the next message it gets."""

    username: str
    session: str
    sequence: int


@dataclass(frozen=True, slots=True)
class LoginRefused:
    """A login was refused with a reject reason (`A` or `S`)."""

    username: str
    reason: str


@dataclass(frozen=True, slots=True)
class Message:
    """An unsequenced message from the client."""

    payload: bytes


@dataclass(frozen=True, slots=True)
class Logout:
    """The client asked to close."""


@dataclass(frozen=True, slots=True)
class ClientGone:
    """The connection is of no more use: silence, a fault of the client, or closed by it."""

    reason: str


ServerEvent = LoggedIn | LoginRefused | Message | Logout | ClientGone
Authenticator = Callable[[LoginRequest], SequencedStream | LoginRejected]
"""Looks at a login request (`LoginRequest.matches` compares) and returns the client's stream or the refusal."""


class ServerState(enum.Enum):
    """Where the session stands."""

    AWAITING_LOGIN = "awaiting login"
    ACTIVE = "active"
    CLOSED = "closed"


class SoupServerSession(SoupEndpoint[ServerEvent]):
    """One client's connection, from `now` on. All intervals in ns.

    `tick` also takes new messages of the stream to the output, up to `max_output` bytes at a time: a client that does
    not read holds up itself only.
    """

    def __init__(
        self,
        authenticate: Authenticator,
        now: int,
        *,
        heartbeat: int = SECOND,
        timeout: int = 15 * SECOND,
        login_timeout: int = 30 * SECOND,
        max_length: int = MAX_LENGTH,
        max_output: int = 1 << 16,
    ) -> None:
        super().__init__(now, heartbeat=heartbeat, timeout=timeout, max_length=max_length)
        self.state = ServerState.AWAITING_LOGIN
        self.username = ""
        self.stream: SequencedStream | None = None
        self.next_sequence = 1
        self._authenticate = authenticate
        self._login_deadline = now + login_timeout
        self._max_output = max_output

    @property
    def closing(self) -> bool:
        """Whether to close the connection once the output is sent."""
        return self.state is ServerState.CLOSED

    def connection_closed(self) -> list[ServerEvent]:
        """Take note that the client closed; ClientGone unless the end was known already."""
        if self.closing:
            return []
        self._close()
        return [ClientGone("connection closed")]

    def tick(self, now: int) -> list[ServerEvent]:
        """Let time pass and new messages go out; ClientGone after too long a silence."""
        if self.state is ServerState.AWAITING_LOGIN and now >= self._login_deadline:
            return [self._give_up("no login request in time", now)]
        if self.state is not ServerState.ACTIVE:
            return []
        events = self._check_silence(now)
        if not self.closing:
            self._pump(now)
        if not self.closing:
            self._keep_alive(ServerHeartbeat(), now)
        return events

    def next_deadline(self) -> int | None:
        """When `tick` has something to do; the past when messages wait, None when closed."""
        if self.state is ServerState.AWAITING_LOGIN:
            return self._login_deadline
        if self.state is ServerState.CLOSED or self.stream is None:
            return None
        room = len(self._output) < self._max_output
        if room and (self.next_sequence < self.stream.next_sequence or self.stream.ended):
            return self._last_sent
        return self._active_deadline

    @property
    def _open(self) -> bool:
        return not self.closing

    def _pump(self, now: int) -> None:
        """Move messages from the stream to the output while there is room; End of Session follows the last."""
        stream = self.stream
        if stream is None:
            return
        while self.next_sequence < stream.next_sequence and len(self._output) < self._max_output:
            self._send(SequencedData(stream.read(self.next_sequence, 1)[0]), now)
            self.next_sequence += 1
        if stream.ended and self.next_sequence == stream.next_sequence:
            self._send(EndOfSession(), now)
            self._close()

    def _close(self) -> None:
        if self.state is ServerState.ACTIVE and self.stream is not None:
            self.stream.clients -= 1
        self.state = ServerState.CLOSED

    def _give_up(self, reason: str, now: int, /) -> ClientGone:
        """Tell the client why, as debug text, and close."""
        self._send(Debug(reason), now)
        self._close()
        return ClientGone(reason)

    def _on_packet(self, packet: SoupPacket, now: int, /) -> ServerEvent | None:
        match packet:
            case ClientHeartbeat() | Debug():
                return None
            case LogoutRequest():
                self._close()
                return Logout()
            case LoginRequest() if self.state is ServerState.AWAITING_LOGIN:
                return self._on_login(packet, now)
            case UnsequencedData() if self.state is ServerState.ACTIVE:
                return Message(packet.payload)
        return self._give_up(f"unexpected {type(packet).__name__} while {self.state.value}", now)

    def _on_login(self, request: LoginRequest, now: int) -> ServerEvent:
        answer = self._authenticate(request)
        if isinstance(answer, LoginRejected):
            return self._refuse(request, answer.reason, now)
        unavailable = _why_unavailable(answer, request)
        if unavailable is not None:
            self._send(Debug(unavailable), now)
            return self._refuse(request, "S", now)
        self.username, self.stream = request.username, answer
        self.next_sequence = request.sequence or max(1, answer.next_sequence - 1)
        self.state = ServerState.ACTIVE
        answer.clients += 1
        self._send(LoginAccepted(answer.session, self.next_sequence), now)
        sequence = self.next_sequence
        self._pump(now)
        return LoggedIn(request.username, answer.session, sequence)

    def _refuse(self, request: LoginRequest, reason: str, now: int) -> LoginRefused:
        self._send(LoginRejected(reason), now)
        self._close()
        return LoginRefused(request.username, reason)


def _why_unavailable(stream: SequencedStream, request: LoginRequest) -> str | None:
    """Say why a client cannot join a stream as it asks to, None when it can."""
    if request.session and request.session != stream.session.strip(" "):
        return f"no such session: {request.session!r}"
    if stream.ended:
        return "the session has ended"
    if stream.exclusive and stream.clients:
        return "the user is logged in already"
    if request.sequence > stream.next_sequence:
        return f"the next sequence number is {stream.next_sequence}, not {request.sequence}"
    return None
