"""The page's WebSockets over uvicorn: what waits in a connection's send buffer is bounded, and it can be cut off.

A peer that never reads leaves an orderly close waiting behind what it does not read; so the application is given
`abort`, which drops the connection and all that waits in it.
"""

from asyncio.transports import BaseTransport
from typing import Final, cast

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol
from websockets.http11 import Request

ABORT: Final = "hftos.abort"
"""Extension of the ASGI scope: a function without arguments."""
HIGH_WATER: Final = 64 << 10
MOST_BUFFERED: Final = 2 << 20


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
