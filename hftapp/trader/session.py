"""The order session: OUCH over SoupBinTCP, with login, heartbeats, reconnect and recovery by sequence number.

After every login the account is queried. The answer comes after everything the exchange had to say before, so it tells
which orders never arrived and which number is free; only then is the session ready.
"""

from collections.abc import Callable
from typing import Final

from hftapp import records
from hftapp.config import OrderEntry
from hftapp.wire import Channel, Wire
from protocols import ouch50
from protocols.errors import ProtocolError
from protocols.soup_client import (
    ClientEvent,
    ClientState,
    EndOfSession,
    LinkLost,
    LoggedIn,
    LoginRejected,
    Sequenced,
    SoupClient,
)

MS: Final = 1_000_000
BACKOFF: Final = (100 * MS, 5_000 * MS)
CONNECT_TIMEOUT: Final = 3_000 * MS


class SessionRefusedError(Exception):
    """The exchange does not accept the login; retrying cannot help."""


class OrderSession:
    """One login at one order gateway. `poll` does all the work; nothing blocks.

    `record(kind, message)` is called with every OUCH message before it is sent or acted upon. `sent`: number of OUCH
    messages sent, by the byte of their type.
    """

    def __init__(
        self, settings: OrderEntry, wire: Wire, record: Callable[[int, bytes], None], say: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._wire = wire
        self._record = record
        self._say = say
        self._soup = SoupClient(settings.user, settings.password)
        self._channel: Channel | None = None
        self._greeted = False
        self._retry_at = 0
        self._backoff = BACKOFF[0]
        self._connect_deadline = 0
        self.ready = False
        self.over = ""
        self.reconnects = 0
        self.malformed = 0
        self.sent: dict[int, int] = {}

    @property
    def active(self) -> bool:
        """Whether messages can be sent (also before the session is ready for orders)."""
        return self._soup.state is ClientState.ACTIVE

    def send(self, message: bytes, now: int) -> bool:
        """Journal and send one OUCH message; False (nothing journalled) when the session is down."""
        if self._soup.state is not ClientState.ACTIVE or self._channel is None:
            return False
        self._record(records.OUT, message)
        self._soup.send(message, now)
        kind = message[0]
        self.sent[kind] = self.sent.get(kind, 0) + 1
        self._flush(now)
        return True

    def poll(self, now: int) -> list[ouch50.OuchOutbound]:
        """Connect, log in, receive, keep alive; returns the exchange's messages in order.

        Raises SessionRefusedError for a wrong user or password.
        """
        channel = self._channel
        if channel is None:
            if not self.over and now >= self._retry_at:
                self._connect(now)
            return []
        if not self._greeted and not self._login(channel, now):
            return []
        messages: list[ouch50.OuchOutbound] = []
        data = channel.receive(now)
        if data:
            self._events(self._soup.on_bytes(data, now), messages, now)
        elif channel.closed is not None:
            self._events(self._soup.connection_closed(), messages, now)
            if self._channel is channel:
                self._drop(now, channel.closed)
        deadline = self._soup.next_deadline()
        if deadline is not None and deadline <= now:
            self._events(self._soup.tick(now), messages, now)
            self._flush(now)
        return messages

    def logout(self, now: int) -> None:
        """Ask the exchange to end the session; `over` says when it has."""
        self.ready = False
        if self.active:
            self._soup.logout(now)
            self._flush(now)
        else:
            self.over = self.over or "not logged in"

    def abort(self) -> None:
        """Reset the connection, so that the exchange cancels what is open at once and not after its timeout."""
        self.ready = False
        if self._channel is not None:
            self._channel.abort()

    def _connect(self, now: int) -> None:
        self._channel = self._wire.connect(self._settings.host, self._settings.port, now)
        self._greeted = False
        self._connect_deadline = now + CONNECT_TIMEOUT

    def _login(self, channel: Channel, now: int) -> bool:
        """Log in as soon as the connection stands."""
        if channel.established:
            self._greeted = True
            self._soup.connected(now)
            self._flush(now)
            return True
        if channel.closed is not None:
            self._drop(now, channel.closed)
        elif now >= self._connect_deadline:
            channel.close(now)
            self._drop(now, "no answer")
        return False

    def _flush(self, now: int) -> None:
        data = self._soup.take_output()
        if not data or self._channel is None:
            return
        try:
            self._channel.send(data, now)
        except ConnectionError:
            return  # `closed` says so at the next poll, where the session is resumed
        self._wire.tx(now)

    def _drop(self, now: int, reason: str) -> None:
        """The connection is over: resume later, unless the session itself is."""
        self.ready = False
        self._channel = None
        state = self._soup.state
        if state is ClientState.LOGGED_OUT or state is ClientState.ENDED:
            self.over = self.over or state.value
            return
        self.reconnects += 1
        self._say(f"order session down: {reason}")
        self._retry_at = now + self._backoff
        self._backoff = min(2 * self._backoff, BACKOFF[1])

    def _events(self, events: list[ClientEvent], messages: list[ouch50.OuchOutbound], now: int) -> None:
        for event in events:
            if isinstance(event, Sequenced):
                self._message(event.payload, messages)
            elif isinstance(event, LoggedIn):
                self._backoff = BACKOFF[0]
                self.send(ouch50.AccountQuery().encode(), now)
            elif isinstance(event, LoginRejected):
                self._rejected(event, now)
            elif isinstance(event, EndOfSession):
                self.ready = False
                self.over = "ended by the exchange"
            elif isinstance(event, LinkLost) and self._channel is not None:
                self._channel.close(now)
                self._wire.tx(now)
                self._drop(now, event.reason)

    def _message(self, payload: bytes, messages: list[ouch50.OuchOutbound]) -> None:
        self._record(records.IN, payload)
        try:
            message = ouch50.decode_outbound(payload)
        except ProtocolError as error:
            self.malformed += 1
            self._say(f"exchange sent a bad message: {error}")
            return
        if isinstance(message, ouch50.AccountQueryResponse):
            self.ready = True
        messages.append(message)

    def _rejected(self, event: LoginRejected, now: int) -> None:
        if event.reason == "A":
            raise SessionRefusedError(
                f"login {self._settings.user} refused: not authorized (order_entry.user, order_entry.password)"
            )
        if self._channel is not None:
            self._channel.close(now)
            self._wire.tx(now)
        self._drop(now, f"login rejected ({event.reason}: session not available)")
