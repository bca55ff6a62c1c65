"""The GLIMPSE server's TCP side: connections to sessions, no faster than each client reads."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import cast

from exchange.clock import SECOND
from exchange.glimpse import GlimpseServer, GlimpseSession

# Pieces written in one turn of the event loop: order entry must not wait for a fast reader.
PIECES_PER_TURN = 4


class GlimpseEndpoint:
    """All connections of one server. ``monotonic`` gives ns; ``failed`` says whether nothing may be told any more."""

    def __init__(
        self, server: GlimpseServer, monotonic: Callable[[], int], failed: Callable[[], bool] = lambda: False
    ) -> None:
        self.server = server
        self.failed = failed
        self.monotonic = monotonic
        self.connections: dict[GlimpseSession, Connection] = {}
        self._listener: asyncio.Server | None = None
        self._timer: asyncio.TimerHandle | None = None

    async def listen(self, host: IPv4Address, port: int) -> int:
        """Take connections from now on; returns the port (chosen by the system for 0). OSError when it cannot."""
        loop = asyncio.get_running_loop()
        self._listener = await loop.create_server(lambda: Connection(self), str(host), port)
        return int(self._listener.sockets[0].getsockname()[1])

    def drive(self) -> None:
        """Do what is due, and come back when the next thing is."""
        now = self.monotonic()
        due = self.server.tick(now)
        for session in due.dropped:
            self.connections[session].abort()
        for session in due.ready:
            self.connections[session].pump()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self.server.next_deadline()
        if deadline is not None:
            delay = max(0, deadline - self.monotonic()) / SECOND
            self._timer = asyncio.get_running_loop().call_later(delay, self.drive)

    async def close(self) -> None:
        """Cut all connections and take no more."""
        if self._timer is not None:
            self._timer.cancel()
        if self._listener is not None:
            self._listener.close()
        for connection in list(self.connections.values()):
            connection.abort()
        if self._listener is not None:
            await self._listener.wait_closed()


class Connection(asyncio.Protocol):
    """One client's TCP connection."""

    def __init__(self, endpoint: GlimpseEndpoint) -> None:
        self._endpoint = endpoint
        self._session: GlimpseSession | None = None
        self._transport: asyncio.Transport | None = None
        self._paused: bool = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the login."""
        self._transport = cast("asyncio.Transport", transport)
        host, port = self._transport.get_extra_info("peername")[:2]
        self._session = self._endpoint.server.open(f"{host}:{port}", self._endpoint.monotonic())
        if self._session is None:
            self._transport.abort()
            return
        self._endpoint.connections[self._session] = self
        self._endpoint.drive()

    def data_received(self, data: bytes) -> None:
        """Work off what the client sent."""
        if self._session is not None:
            self._session.on_bytes(data, self._endpoint.monotonic())
            self.pump()
            self._endpoint.drive()

    def pause_writing(self) -> None:
        """The socket takes no more: hold back until it does."""
        self._paused = True
        if self._session is not None:
            self._session.stalled(self._endpoint.monotonic())
            self._endpoint.drive()

    def resume_writing(self) -> None:
        """The socket takes data again."""
        self._paused = False
        if self._session is not None:
            self._session.resumed()
            # Not at once: asyncio would end the connection twice if it were closed inside this call.
            asyncio.get_running_loop().call_soon(self.pump)

    def connection_lost(self, _exc: Exception | None) -> None:
        """Forget the client."""
        if self._session is not None:
            self._endpoint.connections.pop(self._session, None)
            self._endpoint.server.close(self._session)
        self._transport = None

    def abort(self) -> None:
        """Cut the connection."""
        if self._transport is not None:
            self._transport.abort()

    def pump(self) -> None:
        """Write what the client takes; close when that was all."""
        session, transport = self._session, self._transport
        if session is None or transport is None or transport.is_closing():
            return
        if self._endpoint.failed():
            transport.abort()
            return
        for _ in range(PIECES_PER_TURN):
            if self._paused:
                break
            piece = session.take_output()
            if not piece:
                break
            transport.write(piece)
        else:
            asyncio.get_running_loop().call_soon(self.pump)
            return
        if session.closing and not self._paused:
            transport.close()
        elif session.reason:
            transport.abort()
