"""The order gateway of one venue: SoupBinTCP sessions over TCP, in front of the accounts' order entry.

A connection that sends garbage, stays silent, or does not read what it is sent is closed with a logged reason; the
others do not notice. What it missed waits in its account's stream; its open orders wait for the grace time of cancel
on disconnect.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import TYPE_CHECKING, cast

from exchange.clock import SECOND, SessionClock
from exchange.disconnect import DEFAULT_GRACE, DisconnectGuard
from exchange.order_entry import GarbageError, OrderEntry
from exchange.soup_connection import Connections, SoupConnection
from exchange.soup_frames import may_continue, split_unsequenced
from exchange.soup_session import Timeouts
from protocols.soup import LoginRejected, LoginRequest
from protocols.soup_server import LoggedIn, Message, SequencedStream, ServerEvent

if TYPE_CHECKING:
    from exchange.core import Exchange
    from exchange.venue import Venue

log = logging.getLogger(__name__)

# An OUCH message with every option is far below this; a longer packet can only be garbage.
MAX_INBOUND = 1024
# Connections that wait to be accepted: many clients may come at the same moment.
BACKLOG = 1024


class Gateway:
    """All order-entry connections of one venue. ``monotonic`` gives ns; ``on_login`` is told each user.

    ``cancel_on_disconnect`` ns after its connection ended, a login that is not back loses its open orders; None: never.
    """

    def __init__(
        self,
        exchange: Exchange,
        venue: Venue,
        clock: SessionClock,
        monotonic: Callable[[], int],
        on_login: Callable[[str], None],
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - immutable
        cancel_on_disconnect: int | None = DEFAULT_GRACE,
    ) -> None:
        self.exchange = exchange
        self.clock = clock
        self.monotonic = monotonic
        self.timeouts = timeouts
        self.connections = Connections()
        self.guard = DisconnectGuard(cancel_on_disconnect, self._cancel)
        self._on_login = on_login
        self._entries = {entry.account.login.user.upper(): entry for entry in venue.entries}
        self._guard_timer: asyncio.TimerHandle | None = None
        self.ending: bool = False

    async def listen(self, host: IPv4Address, port: int) -> int:
        """Take connections from now on; returns the port (chosen by the system for 0). OSError when it cannot.

        Logins that have open orders already (the exchange was started again) have the grace time to come back.
        """
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: OrderConnection(self), str(host), port, backlog=BACKLOG)
        self.connections.server = server
        for entry in self._entries.values():
            if entry.orders:
                self.guard.disconnected(entry, self.monotonic())
        self._schedule_guard()
        return int(server.sockets[0].getsockname()[1])

    def authenticate(self, request: LoginRequest) -> SequencedStream | LoginRejected:
        """The stream of a login, or why there is none."""
        entry = self._entries.get(request.username.upper())
        if entry is None or not request.matches(entry.account.login.user, entry.account.login.password):
            return LoginRejected("A")
        return cast("SequencedStream", entry.account.stream)

    def entry(self, user: str) -> OrderEntry:
        """The order entry of a logged-in user."""
        return self._entries[user.upper()]

    def joined(self, entry: OrderEntry) -> None:
        """Take note of a login."""
        self.guard.connected(entry)
        self._schedule_guard()
        self._on_login(entry.account.login.user)

    def left(self, entry: OrderEntry) -> None:
        """Take note that a login's connection is of no more use; at the end of the session all orders stay."""
        if not self.ending:
            self.guard.disconnected(entry, self.monotonic())
            self._schedule_guard()

    async def close(self, grace: float = 1.0) -> None:
        """End every session: clients get what is left and End of Session; after ``grace`` seconds they are cut."""
        self.ending = True
        if self._guard_timer is not None:
            self._guard_timer.cancel()
        for entry in self._entries.values():
            entry.account.stream.end()
        await self.connections.close(grace)

    def _cancel(self, entry: OrderEntry, now: int) -> int:
        return self.exchange.on_disconnect_due(entry, self.clock.now(now))

    def _cancel_due(self) -> None:
        """Cancel the orders of those who did not come back."""
        now = self.monotonic()
        self.guard.advance(now)
        self.exchange.commit(now)
        self._schedule_guard()

    def _schedule_guard(self) -> None:
        if self._guard_timer is not None:
            self._guard_timer.cancel()
            self._guard_timer = None
        deadline = self.guard.next_deadline()
        if deadline is not None:
            delay = max(0, deadline - self.monotonic())
            self._guard_timer = asyncio.get_running_loop().call_later(delay / SECOND, self._cancel_due)


class OrderConnection(SoupConnection):
    """One client's connection: messages to its order entry. The input of one read is one batch, committed as a whole
    before any of its answers is written."""

    def __init__(self, gateway: Gateway) -> None:
        super().__init__(gateway.authenticate, gateway.monotonic, gateway.timeouts, MAX_INBOUND)
        self._gateway = gateway
        self._entry: OrderEntry | None = None
        self._rest = b""

    def opened(self) -> None:
        """Take note of the connection."""
        self._gateway.connections.add(self)

    def lost(self) -> None:
        """Take note of its end."""
        self._gateway.connections.discard(self)

    def on_bytes(self, data: bytes, now: int) -> None:
        """Work off whole packets of requests; anything else is the session's business."""
        session = self.session
        if not session.in_step:
            self.handle(session.on_bytes(data, now))
            return
        session.heard(now)
        data = self._rest + data
        payloads: list[bytes] = []
        end = split_unsequenced(data, MAX_INBOUND, payloads)
        self._rest = b""
        if payloads:
            self._work(payloads)
        if end == len(data) or self.gone:
            return
        rest = data[end:]
        if may_continue(rest, MAX_INBOUND):
            self._rest = rest
        else:
            self.handle(session.on_bytes(rest, now))

    def on_event(self, event: ServerEvent) -> None:
        """Login and messages of the slow path."""
        if isinstance(event, Message):
            self._work([event.payload])
        elif isinstance(event, LoggedIn):
            self._entry = self._gateway.entry(event.username)
            self._entry.account.on_output = self.wake
            # The first heartbeat is due long before the login would have been.
            self.schedule()
            self._gateway.joined(self._entry)

    def done(self) -> None:
        """Journal and feed first; answers follow."""
        self._gateway.exchange.commit(self.monotonic())

    def failed(self) -> bool:
        """Whether its answers may follow from what the journal lacks."""
        return self._gateway.exchange.failed()

    def left(self) -> None:
        """Let go of the login, in the same moment as the session frees its stream for another connection."""
        entry, self._entry = self._entry, None
        if entry is not None:
            entry.account.on_output = None
            self._gateway.left(entry)

    def _work(self, payloads: list[bytes]) -> None:
        """Pass requests on, all with the time at which they were read."""
        entry, gateway = self._entry, self._gateway
        assert entry is not None, "a session passes messages on only after login"
        if gateway.ending:
            # The stream has ended: no answer could be told any more.
            return
        on_message, now = gateway.exchange.on_message, gateway.clock.now(gateway.monotonic())
        payload = b""
        try:
            for payload in payloads:
                on_message(entry, payload, now)
        except GarbageError as error:
            self.drop(str(error))
        except Exception:
            # A fault of ours costs this connection, not the others'; its trace is in the log.
            log.exception("%s: fault while handling %s", self.peer, payload.hex())
            self.drop("its message could not be handled")
