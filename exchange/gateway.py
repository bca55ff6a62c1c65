"""The order gateway: SoupBinTCP sessions over TCP, in front of the accounts' order entry.

A connection that sends garbage, stays silent, or does not read what it is sent is closed with a logged reason; the
others do not notice. What it missed waits in its account's stream; its open orders wait for the grace time of cancel
on disconnect.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from ipaddress import IPv4Address
from typing import cast

from exchange.clock import SECOND, SessionClock
from exchange.disconnect import DEFAULT_GRACE, DisconnectGuard
from exchange.market import Market
from exchange.order_entry import GarbageError, OrderEntry
from protocols.soup import LoginRejected, LoginRequest
from protocols.soup_server import ClientGone, LoggedIn, LoginRefused, Message, SequencedStream, SoupServerSession

log = logging.getLogger(__name__)

# An OUCH message with every option is far below this; a longer packet can only be garbage.
MAX_INBOUND = 1024
# A client whose socket takes nothing for this long does not read.
STALL_TIMEOUT = 10 * SECOND


class Gateway:
    """All order-entry connections of one exchange. ``monotonic`` gives ns; ``on_login`` is told each user.

    ``timeout`` and ``login_timeout`` are SoupBinTCP's (§3.5), in ns. ``cancel_on_disconnect`` ns after its connection
    ended, a login that is not back loses its open orders; None: never.
    """

    def __init__(
        self,
        market: Market,
        clock: SessionClock,
        entries: Sequence[OrderEntry],
        monotonic: Callable[[], int],
        on_login: Callable[[str], None],
        timeout: int = 15 * SECOND,
        login_timeout: int = 30 * SECOND,
        stall_timeout: int = STALL_TIMEOUT,
        cancel_on_disconnect: int | None = DEFAULT_GRACE,
    ) -> None:
        self.market = market
        self.clock = clock
        self.monotonic = monotonic
        self.on_login = on_login
        self.timeout = timeout
        self.login_timeout = login_timeout
        self.stall_timeout = stall_timeout
        self.connections: set[Connection] = set()
        self._entries = {entry.account.login.user.upper(): entry for entry in entries}
        self.guard = DisconnectGuard(clock, cancel_on_disconnect)
        self._guard_timer: asyncio.TimerHandle | None = None
        self._ending: bool = False
        self._server: asyncio.Server | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    async def listen(self, host: IPv4Address, port: int) -> int:
        """Take connections from now on; returns the port (chosen by the system for 0). OSError when it cannot."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(lambda: Connection(self), str(host), port)
        return int(self._server.sockets[0].getsockname()[1])

    def authenticate(self, request: LoginRequest) -> SequencedStream | LoginRejected:
        """The stream of a login, or why there is none."""
        entry = self._entries.get(request.username.upper())
        if entry is None or not request.matches(entry.account.login.user, entry.account.login.password):
            return LoginRejected("A")
        return entry.account.stream

    def entry(self, user: str) -> OrderEntry:
        """The order entry of a logged-in user."""
        return self._entries[user.upper()]

    def joined(self, entry: OrderEntry) -> None:
        """Take note of a login."""
        self.guard.connected(entry)
        self._schedule_guard()
        self.on_login(entry.account.login.user)

    def left(self, entry: OrderEntry) -> None:
        """Take note that a login's connection is of no more use; at the end of the session all orders stay."""
        if not self._ending:
            self.guard.disconnected(entry, self.monotonic())
            self._schedule_guard()

    def add(self, connection: Connection) -> None:
        """Take note of a connection."""
        self.connections.add(connection)
        self._idle.clear()

    def discard(self, connection: Connection) -> None:
        """Take note of a connection's end."""
        self.connections.discard(connection)
        if not self.connections:
            self._idle.set()

    async def close(self, grace: float = 1.0) -> None:
        """End every session: clients get what is left and End of Session; after ``grace`` seconds they are cut."""
        self._ending = True
        if self._guard_timer is not None:
            self._guard_timer.cancel()
        if self._server is not None:
            self._server.close()
        for entry in self._entries.values():
            entry.account.stream.end()
        for connection in list(self.connections):
            connection.pump()
        try:
            await asyncio.wait_for(self._idle.wait(), grace)
        except TimeoutError:
            for connection in list(self.connections):
                connection.drop("did not close at the end of the session")
        if self._server is not None:
            await self._server.wait_closed()

    def _cancel_due(self) -> None:
        """Cancel the orders of those who did not come back."""
        now = self.monotonic()
        self.guard.advance(now)
        self.market.publisher.flush(now)
        self._schedule_guard()

    def _schedule_guard(self) -> None:
        if self._guard_timer is not None:
            self._guard_timer.cancel()
        deadline = self.guard.next_deadline()
        if deadline is not None:
            delay = max(0, deadline - self.monotonic())
            self._guard_timer = asyncio.get_running_loop().call_later(delay / SECOND, self._cancel_due)


class Connection(asyncio.Protocol):
    """One client's TCP connection: bytes to its session, messages to its order entry."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway
        self._session = SoupServerSession(
            gateway.authenticate,
            gateway.monotonic(),
            timeout=gateway.timeout,
            login_timeout=gateway.login_timeout,
            max_length=MAX_INBOUND,
        )
        self._transport: asyncio.Transport | None = None
        self._entry: OrderEntry | None = None
        self._peer: str = "?"
        self._timer: asyncio.TimerHandle | None = None
        self._stalled_since: int | None = None
        self._pump_scheduled: bool = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the login."""
        self._transport = cast("asyncio.Transport", transport)
        host, port = self._transport.get_extra_info("peername")[:2]
        self._peer = f"{host}:{port}"
        log.info("%s: connected", self._peer)
        self._gateway.add(self)
        self._schedule()

    def data_received(self, data: bytes) -> None:
        """Work off what the client sent; what came of it goes to the feed and to all clients concerned."""
        now = self._gateway.monotonic()
        for event in self._session.on_bytes(data, now):
            if isinstance(event, Message):
                self._on_message(event.payload)
            elif isinstance(event, LoggedIn):
                self._on_login(event)
            elif isinstance(event, LoginRefused):
                log.warning("%s: login of %r refused: %s", self._peer, event.username, event.reason)
            elif isinstance(event, ClientGone):
                log.warning("%s: dropped: %s", self._peer, event.reason)
            if self._transport is None or self._transport.is_closing():
                break
        if self._session.closing:
            self._leave()
        self._gateway.market.publisher.flush(self._gateway.monotonic())
        self.pump()

    def eof_received(self) -> bool:
        """Close when the client does."""
        self._session.connection_closed()
        self._leave()
        return False

    def pause_writing(self) -> None:
        """The socket takes no more: hold back until it does."""
        self._stalled_since = self._gateway.monotonic()

    def resume_writing(self) -> None:
        """The socket takes data again."""
        self._stalled_since = None
        self.pump()

    def connection_lost(self, exc: Exception | None) -> None:
        """Free the login; its stream goes on."""
        log.info("%s: disconnected%s", self._peer, f": {exc}" if exc else "")
        self._session.connection_closed()
        self._leave()
        if self._timer is not None:
            self._timer.cancel()
        self._transport = None
        self._gateway.discard(self)

    def pump(self) -> None:
        """Let time pass for the session and write what it has to say."""
        self._pump_scheduled = False
        transport = self._transport
        if transport is None or transport.is_closing():
            return
        now = self._gateway.monotonic()
        if self._stalled_since is not None:
            if now - self._stalled_since >= self._gateway.stall_timeout:
                self.drop("does not read what it is sent")
            return
        for event in self._session.tick(now):
            if isinstance(event, ClientGone):
                log.warning("%s: dropped: %s", self._peer, event.reason)
        transport.write(self._session.take_output())
        deadline = self._session.next_deadline()
        if self._session.closing:
            self._leave()
            transport.close()
        elif deadline is not None and deadline <= now and self._stalled_since is None:
            # More of the stream waits than one piece of output holds.
            self._wake()

    def drop(self, reason: str) -> None:
        """Cut the connection at once."""
        log.warning("%s: dropped: %s", self._peer, reason)
        if self._transport is not None:
            self._transport.abort()

    def _on_login(self, event: LoggedIn) -> None:
        self._entry = self._gateway.entry(event.username)
        self._entry.account.on_output = self._wake
        log.info("%s: %s logged in, next message %d", self._peer, event.username, event.sequence)
        # The first heartbeat is due long before the login would have been.
        self._schedule()
        self._gateway.joined(self._entry)

    def _leave(self) -> None:
        """Let go of the login, in the same moment as the session frees its stream for another connection."""
        entry, self._entry = self._entry, None
        if entry is not None:
            entry.account.on_output = None
            self._gateway.left(entry)

    def _on_message(self, payload: bytes) -> None:
        assert self._entry is not None, "a session passes messages on only after login"
        now = self._gateway.clock.now(self._gateway.monotonic())
        try:
            self._entry.on_message(payload, now)
        except GarbageError as error:
            self.drop(str(error))
        except Exception:
            # A fault of ours costs this connection, not the others'; its trace is in the log.
            log.exception("%s: fault while handling %s", self._peer, payload.hex())
            self.drop("its message could not be handled")

    def _wake(self) -> None:
        """New output: write it once the present batch of work is done."""
        if not self._pump_scheduled:
            self._pump_scheduled = True
            asyncio.get_running_loop().call_soon(self.pump)

    def _on_timer(self) -> None:
        self.pump()
        self._schedule()

    def _schedule(self) -> None:
        """Call again when the session's next deadline is reached; later activity only moves it back."""
        if self._timer is not None:
            self._timer.cancel()
        if self._transport is None or self._transport.is_closing():
            return
        now = self._gateway.monotonic()
        deadline = self._session.next_deadline()
        if self._stalled_since is not None:
            deadline = self._stalled_since + self._gateway.stall_timeout
        delay = SECOND if deadline is None else max(0, deadline - now)
        self._timer = asyncio.get_running_loop().call_later(delay / SECOND, self._on_timer)
