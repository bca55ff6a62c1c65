"""The order session: OUCH over SoupBinTCP, with login, heartbeats, reconnect and recovery by sequence number.

After every login the account is queried. The answer comes after everything the exchange had to say before, so it tells
which orders never arrived and which number is free; only then is the session ready.

A replayed session also holds the answers to queries of earlier logins, and an answer does not say whose it is. Where
there may be some, a first login asks for the newest message only: it tells the number up to which everything is old.
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
MAX_REFUSALS: Final = 12
"""Logins in a row refused with "session not available" before it is believed (37 s with the back-off above)."""


class SessionRefusedError(Exception):
    """The exchange does not accept the login; retrying cannot help."""


class OrderSession:
    """One login at one order gateway. `poll` does all the work; nothing blocks.

    `record(kind, message)` is called with every OUCH message before it is sent or acted upon. `sent`: number of OUCH
    messages sent, by the byte of their type; `unsent` those journalled that the connection did not take.
    `over`: why the session has ended, `failed`: it ended without the exchange saying so, orders may be live.
    """

    def __init__(
        self, settings: OrderEntry, wire: Wire, record: Callable[[int, bytes], None], say: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._wire = wire
        self._record = record
        self._say = say
        self._soup = SoupClient(settings.user, settings.password)
        self._link = self._soup
        self._old = 0
        self._queried = True
        self._refusals = 0
        self._channel: Channel | None = None
        self._greeted = False
        self._retry_at = 0
        self._backoff = BACKOFF[0]
        self._connect_deadline = 0
        self.ready = False
        self.over = ""
        self.failed = False
        self.unsent = 0
        self.reconnects = 0
        self.malformed = 0
        self.sent: dict[int, int] = {}

    @property
    def active(self) -> bool:
        """Whether messages can be sent (also before the session is ready for orders)."""
        return self._soup.state is ClientState.ACTIVE

    def send(self, message: bytes, now: int) -> bool:
        """Journal and send one OUCH message; False when the session is down (nothing is journalled) or breaks now."""
        if self._soup.state is not ClientState.ACTIVE or self._channel is None or self._channel.closed is not None:
            return False
        self._record(records.OUT, message)
        self._soup.send(message, now)
        if not self._flush(now):
            self.unsent += 1
            return False
        kind = message[0]
        self.sent[kind] = self.sent.get(kind, 0) + 1
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
            self._events(self._link.on_bytes(data, now), messages, now)
        elif channel.closed is not None:
            self._events(self._link.connection_closed(), messages, now)
            if self._channel is channel:
                channel.close(now)
                self._drop(now, channel.closed)
        elif self._link.state is ClientState.LOGGED_OUT and self._link is not self._soup:
            self._leave(channel, now)
        deadline = self._link.next_deadline()
        if deadline is not None and deadline <= now:
            self._events(self._link.tick(now), messages, now)
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
        """Connect; to find out first what is old when a query may have been answered and the answer not been seen."""
        if self._queried and self._link is self._soup:
            self._link = SoupClient(self._settings.user, self._settings.password, self._soup.session, 0)
        else:
            self._link = self._soup
        self._channel = self._wire.connect(self._settings.host, self._settings.port, now)
        self._greeted = False
        self._connect_deadline = now + CONNECT_TIMEOUT

    def _login(self, channel: Channel, now: int) -> bool:
        """Log in as soon as the connection stands."""
        if channel.established:
            self._greeted = True
            self._link.connected(now)
            self._flush(now)
            return True
        if channel.closed is not None:
            self._drop(now, channel.closed)
        elif now >= self._connect_deadline:
            channel.close(now)
            self._drop(now, "no answer")
        return False

    def _leave(self, channel: Channel, now: int) -> None:
        """The first login has served its purpose; the exchange closes the connection, or else it is closed here."""
        if now >= self._connect_deadline:
            channel.close(now)
            self._wire.tx(now)
            self._drop(now, "logged out")

    def _flush(self, now: int) -> bool:
        """Send what the session has to say; False when the connection does not take it and is of no more use.

        It is reset then, so that the next poll resumes the session and the query settles what never arrived.
        """
        data = self._link.take_output()
        if not data or self._channel is None:
            return True
        try:
            self._channel.send(data, now)
        except ConnectionError as error:
            self._say(f"order session: {len(data)} bytes not sent: {error}")
            self._channel.abort()
            self.ready = False
            return False
        finally:
            self._wire.tx(now)
        return True

    def _drop(self, now: int, reason: str) -> None:
        """The connection is over: resume later, unless the session itself is; at once when it has told what is old."""
        self.ready = False
        self._channel = None
        if self._link is not self._soup:
            if self._link.state is ClientState.LOGGED_OUT:
                self._retry_at = now
                return
            self._link = self._soup
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
                if self._link is self._soup:
                    self._message(event, messages)
            elif isinstance(event, LoggedIn):
                self._logged_in(event, now)
            elif isinstance(event, LoginRejected):
                self._rejected(event, now)
            elif isinstance(event, EndOfSession):
                self.ready = False
                self.over = "ended by the exchange"
            elif isinstance(event, LinkLost) and self._channel is not None:
                self._channel.close(now)
                self._wire.tx(now)
                self._drop(now, event.reason)

    def _logged_in(self, event: LoggedIn, now: int) -> None:
        self._backoff = BACKOFF[0]
        self._refusals = 0
        if self._link is self._soup:
            self._queried = True
            self.send(ouch50.AccountQuery().encode(), now)
            return
        self._old = event.sequence
        self._connect_deadline = now + CONNECT_TIMEOUT
        self._link.logout(now)
        self._flush(now)

    def _message(self, event: Sequenced, messages: list[ouch50.OuchOutbound]) -> None:
        self._record(records.IN, event.payload)
        try:
            message = ouch50.decode_outbound(event.payload)
        except ProtocolError as error:
            self.malformed += 1
            self._say(f"exchange sent a bad message: {error}")
            return
        if isinstance(message, ouch50.AccountQueryResponse) and not self._settles(event.sequence):
            return
        messages.append(message)

    def _settles(self, sequence: int) -> bool:
        """Whether an answer is the one to this login's query; only that one speaks about the orders of now.

        Number 1 as the newest message means one message or none. If it is an answer and old, nothing else was said
        before this login, so that it stands for the new one.
        """
        if self.ready or (sequence <= self._old and self._old != 1):
            return False
        self.ready = True
        self._queried = sequence <= self._old
        return True

    def _rejected(self, event: LoginRejected, now: int) -> None:
        if event.reason == "A":
            raise SessionRefusedError(
                f"login {self._settings.user} refused: not authorized (order_entry.user, order_entry.password)"
            )
        if self._channel is not None:
            self._channel.close(now)
            self._wire.tx(now)
        self._drop(now, f"login rejected ({event.reason}: session not available)")
        self._refusals += 1
        if self._refusals >= MAX_REFUSALS:
            self.failed = True
            self.over = f"not available: {self._refusals} logins in a row were refused"
