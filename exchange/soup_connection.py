"""One TCP connection of a SoupBinTCP server: its session, timers, output, and the end of those who misbehave."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import cast

from exchange.clock import SECOND
from exchange.soup_session import BatchSession, Timeouts
from protocols.soup_server import (
    Authenticator,
    ClientGone,
    LoggedIn,
    LoginRefused,
    ServerEvent,
)

log = logging.getLogger(__name__)

_OUTPUT = 1 << 18
# Bytes read at once. One buffer serves all connections: what was read is copied out before anybody else reads.
_BUFFER = bytearray(1 << 18)


class SoupConnection(asyncio.BufferedProtocol):
    """A connection from its acceptance to its end. Subclasses say what login, messages and the end mean."""

    def __init__(
        self, authenticate: Authenticator, monotonic: Callable[[], int], timeouts: Timeouts, max_length: int
    ) -> None:
        self.monotonic = monotonic
        self.session = BatchSession(
            authenticate,
            monotonic(),
            timeout=timeouts.silence,
            login_timeout=timeouts.login,
            max_length=max_length,
            max_output=_OUTPUT,
        )
        self.peer: str = "?"
        self.transport: asyncio.Transport | None = None
        self._stall_timeout = timeouts.stall
        self._timer: asyncio.TimerHandle | None = None
        self._stalled_since: int | None = None
        self._pump_scheduled: bool = False

    # What subclasses do

    def opened(self) -> None:
        """The connection is there."""

    def on_bytes(self, data: bytes, now: int) -> None:
        """Bytes came."""
        self.handle(self.session.on_bytes(data, now))

    def on_event(self, event: ServerEvent) -> None:
        """Something happened in the session; refused logins and vanished clients are logged already."""

    def done(self) -> None:
        """A batch of input has been worked off; its output is not written yet."""

    def failed(self) -> bool:
        """Whether nothing may be written any more, because what led to it could not be kept."""
        return False

    def left(self) -> None:
        """The session is over, for whatever reason; may be called again."""

    def lost(self) -> None:
        """The connection is gone."""

    # asyncio.BufferedProtocol

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the login."""
        self.transport = cast("asyncio.Transport", transport)
        host, port = self.transport.get_extra_info("peername")[:2]
        self.peer = f"{host}:{port}"
        log.info("%s: connected", self.peer)
        self.opened()
        self.schedule()

    def get_buffer(self, sizehint: int) -> bytearray:  # noqa: ARG002 - always the same
        """Where the next bytes go."""
        return _BUFFER

    def buffer_updated(self, nbytes: int) -> None:
        """Work off what the client sent."""
        self.on_bytes(bytes(memoryview(_BUFFER)[:nbytes]), self.monotonic())
        if self.session.closing:
            self.left()
        self.done()
        self.pump()

    def eof_received(self) -> bool:
        """Close when the client does."""
        self.session.connection_closed()
        self.left()
        return False

    def pause_writing(self) -> None:
        """The socket takes no more: hold back until it does."""
        self._stalled_since = self.monotonic()
        self.schedule()

    def resume_writing(self) -> None:
        """The socket takes data again."""
        self._stalled_since = None
        self.pump()

    def connection_lost(self, exc: Exception | None) -> None:
        """Free the login; its stream goes on."""
        log.info("%s: disconnected%s", self.peer, f": {exc}" if exc else "")
        self.session.connection_closed()
        self.left()
        if self._timer is not None:
            self._timer.cancel()
        self.transport = None
        self.lost()

    # Parts

    @property
    def gone(self) -> bool:
        """Whether nothing more comes of this connection."""
        return self.transport is None or self.transport.is_closing()

    def handle(self, events: list[ServerEvent]) -> None:
        """Pass on what happened, until the connection is gone."""
        for event in events:
            if isinstance(event, LoginRefused):
                log.warning("%s: login of %r refused: %s", self.peer, event.username, event.reason)
            elif isinstance(event, ClientGone):
                log.warning("%s: dropped: %s", self.peer, event.reason)
            else:
                if isinstance(event, LoggedIn):
                    log.info("%s: %s logged in, next message %d", self.peer, event.username, event.sequence)
                self.on_event(event)
            if self.gone:
                break

    def pump(self) -> None:
        """Let time pass for the session and write what it has to say."""
        self._pump_scheduled = False
        transport = self.transport
        if transport is None or transport.is_closing():
            return
        if self.failed():
            self.drop("the exchange stops: its journal cannot be written")
            return
        now = self.monotonic()
        if self._stalled_since is not None:
            if now - self._stalled_since >= self._stall_timeout:
                self.drop("does not read what it is sent")
            return
        for event in self.session.tick(now):
            if isinstance(event, ClientGone):
                log.warning("%s: dropped: %s", self.peer, event.reason)
        output = self.session.take_output()
        if output:
            transport.write(output)
        deadline = self.session.next_deadline()
        if self.session.closing:
            self.left()
            transport.close()
        elif deadline is not None and deadline <= now and self._stalled_since is None:
            # More of the stream waits than one piece of output holds.
            self.wake()

    def drop(self, reason: str) -> None:
        """Cut the connection at once."""
        log.warning("%s: dropped: %s", self.peer, reason)
        if self.transport is not None:
            self.transport.abort()

    def wake(self) -> None:
        """New output: write it once the present batch of work is done and committed."""
        if not self._pump_scheduled:
            self._pump_scheduled = True
            asyncio.get_running_loop().call_soon(self.pump)

    def schedule(self) -> None:
        """Call again when the session's next deadline is reached; later activity only moves it back."""
        if self._timer is not None:
            self._timer.cancel()
        if self.gone:
            return
        now = self.monotonic()
        deadline = self.session.next_deadline()
        if self._stalled_since is not None:
            deadline = self._stalled_since + self._stall_timeout
        delay = SECOND if deadline is None else max(0, deadline - now)
        self._timer = asyncio.get_running_loop().call_later(delay / SECOND, self._on_timer)

    def _on_timer(self) -> None:
        self.pump()
        self.schedule()


class Connections:
    """The open connections of one server, and how they end with it."""

    def __init__(self) -> None:
        self.open: set[SoupConnection] = set()
        self.server: asyncio.Server | None = None
        self._idle = asyncio.Event()
        self._idle.set()

    def add(self, connection: SoupConnection) -> None:
        """Take note of a connection."""
        self.open.add(connection)
        self._idle.clear()

    def discard(self, connection: SoupConnection) -> None:
        """Take note of a connection's end."""
        self.open.discard(connection)
        if not self.open:
            self._idle.set()

    async def close(self, grace: float) -> None:
        """Let every session say its last word (the streams have ended); after ``grace`` seconds they are cut."""
        if self.server is not None:
            self.server.close()
        for connection in list(self.open):
            connection.pump()
        try:
            await asyncio.wait_for(self._idle.wait(), grace)
        except TimeoutError:
            for connection in list(self.open):
                connection.drop("did not close at the end of the session")
        if self.server is not None:
            await self.server.wait_closed()
