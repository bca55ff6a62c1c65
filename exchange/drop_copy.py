"""Drop copies: what happened to all orders of a firm, in one read-only SoupBinTCP stream.

Each sequenced message is Venue (alpha 4), Username (alpha 6) and the OUCH 5.0 message as that user got it: every `A U C
D E B M` of all the firm's accounts, in their order. It is recovered by sequence number like any stream. Each firm has a
user of its own, its code behind `DC`; the password follows from the session and the firm's other passwords, and is told
in the ready file. A client that sends anything but its login and heartbeats is dropped.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import TYPE_CHECKING

from exchange.copy_stream import CopyStream
from exchange.soup_connection import Connections, SoupConnection
from exchange.soup_session import Timeouts
from protocols.soup import LoginRejected, LoginRequest
from protocols.soup_server import LoggedIn, Message, SequencedStream, ServerEvent

if TYPE_CHECKING:
    from exchange.venue import Venue

log = logging.getLogger(__name__)

# The longest thing a client has to say is its login.
MAX_INBOUND = 64
USER_PREFIX = "DC"


class DropCopyEndpoint:
    """The drop copies of one venue. ``session``: as for order entry; ``monotonic`` gives ns; ``failed`` says whether
    nothing may be told any more."""

    def __init__(
        self,
        venue: Venue,
        session: str,
        monotonic: Callable[[], int],
        timeouts: Timeouts = Timeouts(),  # noqa: B008 - immutable
        failed: Callable[[], bool] = lambda: False,
    ) -> None:
        self.monotonic = monotonic
        self.failed = failed
        self.timeouts = timeouts
        self.connections = Connections()
        self._streams: dict[str, CopyStream] = {}
        self._passwords: dict[str, str] = {}
        secrets: dict[str, list[str]] = {}
        for entry in venue.entries:
            login = entry.account.login
            self._streams[login.firm] = entry.account.copies
            secrets.setdefault(login.firm, []).append(login.password)
        for firm, passwords in secrets.items():
            text = "\0".join((session, firm, *passwords))
            self._passwords[firm] = hashlib.blake2b(text.encode(), digest_size=5).hexdigest()

    def login(self, firm: str) -> dict[str, str]:
        """User and password of a firm's drop copy; KeyError for a firm without accounts."""
        return {"user": USER_PREFIX + firm, "password": self._passwords[firm]}

    async def listen(self, host: IPv4Address, port: int) -> int:
        """Take connections from now on; returns the port (chosen by the system for 0). OSError when it cannot."""
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: CopyConnection(self), str(host), port)
        self.connections.server = server
        for stream in self._streams.values():
            stream.on_output = self._wake
        return int(server.sockets[0].getsockname()[1])

    async def close(self, grace: float = 1.0) -> None:
        """End every session: clients get what is left and End of Session; after ``grace`` seconds they are cut."""
        for stream in self._streams.values():
            stream.on_output = None
            stream.end()
        await self.connections.close(grace)

    def authenticate(self, request: LoginRequest) -> SequencedStream | LoginRejected:
        """The stream of a firm, or why there is none."""
        for firm, stream in self._streams.items():
            if request.matches(**_credentials(self.login(firm))):
                return stream
        return LoginRejected("A")

    def _wake(self) -> None:
        for connection in self.connections.open:
            connection.wake()


class CopyConnection(SoupConnection):
    """One reader of a drop copy."""

    def __init__(self, endpoint: DropCopyEndpoint) -> None:
        super().__init__(endpoint.authenticate, endpoint.monotonic, endpoint.timeouts, MAX_INBOUND)
        self._endpoint = endpoint

    def opened(self) -> None:
        """Take note of the connection."""
        self._endpoint.connections.add(self)

    def lost(self) -> None:
        """Take note of its end."""
        self._endpoint.connections.discard(self)

    def failed(self) -> bool:
        """Whether its copies may follow from what the journal lacks."""
        return self._endpoint.failed()

    def on_event(self, event: ServerEvent) -> None:
        """There is nothing that a reader could say."""
        if isinstance(event, Message):
            self.drop("sent a message to its drop copy, which is read-only")
        elif isinstance(event, LoggedIn):
            self.schedule()


def _credentials(login: dict[str, str]) -> dict[str, str]:
    return {"username": login["user"], "password": login["password"]}
