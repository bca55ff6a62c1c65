"""The page's connections over uvicorn: a request and its answer take only so long; what waits in a WebSocket's send
buffer is bounded, and it can be cut off.

A peer that never reads leaves an orderly close waiting behind what it does not read; so the application is given
`abort`, which drops the connection and all that waits in it.
"""

from asyncio import TimerHandle, Transport
from asyncio.transports import BaseTransport
from typing import Any, Final, cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

ABORT: Final = "hftos.abort"
"""Extension of the ASGI scope: a function without arguments."""
HIGH_WATER: Final = 64 << 10
MOST_BUFFERED: Final = 2 << 20
REQUEST_SECONDS: Final = 10.0
ANSWER_SECONDS: Final = 30.0
"""Longer than the kill switch and the audit log may take."""


class RequestProtocol(H11Protocol):
    """uvicorn's protocol with an end to all waiting: `patience` seconds until a request is there whole, however many
    bytes of it come, and `ANSWER_SECONDS` for its answer to be read."""

    def __init__(self, patience: float = REQUEST_SECONDS, **given: Any) -> None:
        super().__init__(**given)
        self._patience = patience
        self._expects: bool | None = None
        self._end: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Called when a connection is made."""
        super().connection_made(transport)
        self._look()

    def data_received(self, data: bytes) -> None:
        """Called when bytes have come."""
        super().data_received(data)
        self._look()

    def on_response_complete(self) -> None:
        """Called when an answer is given."""
        super().on_response_complete()
        self._look()

    def connection_lost(self, exc: Exception | None) -> None:
        """Called when the connection has ended."""
        super().connection_lost(exc)
        self._look()

    def _look(self) -> None:
        """Begin the time of what comes next when something else comes next: the rest of a request, or its answer; of a
        connection that has ended, or is a WebSocket's now, nothing."""
        expects = self.conn.their_state in (h11.IDLE, h11.SEND_BODY) if self in self.connections else None
        if expects is self._expects:
            return
        self._expects = expects
        if self._end is not None:
            self._end.cancel()
            self._end = None
        if expects is not None:
            seconds = self._patience if expects else ANSWER_SECONDS
            self._end = self.loop.call_later(seconds, self.transport.abort)


class StreamProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol with the two things it lacks."""

    def connection_made(self, transport: BaseTransport) -> None:
        """Called when a connection is made."""
        super().connection_made(transport)
        self.transport.set_write_buffer_limits(HIGH_WATER)

    def handle_connect(self, event: Request) -> None:
        """The opening handshake: its scope gets `ABORT`."""
        super().handle_connect(event)
        scope = getattr(self, "scope", None)
        if scope is not None:
            extensions = cast(dict[str, object], scope["extensions"])
            extensions[ABORT] = self.transport.abort

    def handle_ping(self) -> None:
        """Answer a ping, unless the peer reads none of the answers."""
        if self.transport.get_write_buffer_size() > MOST_BUFFERED:
            self.transport.abort()
            return
        super().handle_ping()
