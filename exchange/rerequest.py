"""The MoldUDP64 re-request server (PROTOCOLS §2.4): any part of the session again, by unicast.

Sans-I/O but for `RerequestEndpoint`. Bad requests get no answer: whoever forged their source address must not be able
to aim our answers at it, nor to make us busy. They are counted by reason and logged at most once a second per reason.
The server goes on answering after the end of the session (§2.3).
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import cast

from exchange.clock import SECOND
from exchange.message_store import MessageStore
from exchange.token_bucket import SourceBuckets, TokenBucket
from protocols import mold
from protocols.errors import LengthError, ProtocolError, TruncatedError

log = logging.getLogger(__name__)

BURST = 200
RATE = 2000
"""Requests at once, and a second, of one source address (PROTOCOLS §2.5)."""
GLOBAL_BURST = 2000
GLOBAL_RATE = 20_000
"""The same for all sources together."""

SHORT = "shorter than 20 bytes"
LONG = "longer than 20 bytes"
MALFORMED = "session is not ASCII"
SESSION = "another session"
NUMBER_ZERO = "sequence number 0"
BEYOND = "beyond the end"
COUNT_ZERO = "count 0"
SOURCE_RATE = "too many requests from the source"
GLOBAL_RATE_REACHED = "too many requests in total"
BUSY = "the socket is full"
_FAULTS: dict[type[ProtocolError], str] = {TruncatedError: SHORT, LengthError: LONG}


class RerequestServer:
    """Answers from one session's store. ``max_payload``: bytes of an answer, but one message always fits.

    ``answered`` and ``messages`` count answers and the messages in them, ``dropped`` the rest by reason.
    """

    def __init__(
        self,
        session: str,
        store: MessageStore,
        max_payload: int = mold.MAX_PAYLOAD,
        burst: int = BURST,
        rate: int = RATE,
        global_burst: int = GLOBAL_BURST,
        global_rate: int = GLOBAL_RATE,
    ) -> None:
        self.answered: int = 0
        self.messages: int = 0
        self.dropped: Counter[str] = Counter()
        self._session = session.rstrip(" ")
        self._store = store
        self._room = max_payload - mold.HEADER_SIZE
        self._sources = SourceBuckets(burst, rate)
        self._global = TokenBucket(global_burst, global_rate, 0)
        self._logged: dict[str, int] = {}

    def on_request(self, data: bytes, source: str, now: int) -> bytes | None:
        """The answer to one datagram from the address ``source``, None for one that deserves none."""
        try:
            request = mold.decode_request(data)
        except ProtocolError as error:
            self._drop(_FAULTS.get(type(error), MALFORMED), source, now)
            return None
        reason = self._refusal(request) or self._limit(source, now)
        if reason is not None:
            self._drop(reason, source, now)
            return None
        taken, blocks = self._store.blocks(request.sequence, min(request.count, mold.MAX_COUNT), self._room)
        self.answered += 1
        self.messages += taken
        header = mold.encode_heartbeat(self._session, request.sequence)
        return header[:18] + taken.to_bytes(2, "big") + blocks

    def _refusal(self, request: mold.Request) -> str | None:
        if request.session != self._session:
            return SESSION
        if request.sequence == 0:
            return NUMBER_ZERO
        if request.sequence > len(self._store):
            return BEYOND
        return COUNT_ZERO if request.count == 0 else None

    def _limit(self, source: str, now: int) -> str | None:
        if not self._sources.take(source, now):
            return SOURCE_RATE
        return None if self._global.take(now) else GLOBAL_RATE_REACHED

    def _drop(self, reason: str, source: str, now: int) -> None:
        self.dropped[reason] += 1
        last = self._logged.get(reason)
        if last is None or now - last >= SECOND:
            self._logged[reason] = now
            log.warning(
                "re-request from %s dropped: %s (%d of session %s so far)",
                source,
                reason,
                self.dropped[reason],
                self._session,
            )


class RerequestEndpoint(asyncio.DatagramProtocol):
    """The server's UDP socket; answers go to the address and port that the request came from.

    ``failed`` says whether nothing may be told any more.
    """

    def __init__(
        self, server: RerequestServer, monotonic: Callable[[], int], failed: Callable[[], bool] = lambda: False
    ) -> None:
        self._server = server
        self._failed = failed
        self._monotonic = monotonic
        self._transport: asyncio.DatagramTransport | None = None
        self._full: bool = False

    async def listen(self, host: IPv4Address, port: int) -> int:
        """Take requests from now on; returns the port (chosen by the system for 0). OSError when it cannot."""
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(str(host), port))
        return int(transport.get_extra_info("sockname")[1])

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take note of the socket."""
        self._transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        """Answer one request."""
        if self._failed():
            return
        answer = self._server.on_request(data, addr[0], self._monotonic())
        if answer is None or self._transport is None:
            return
        if self._full:
            self._server.dropped[BUSY] += 1
        else:
            self._transport.sendto(answer, addr)

    def pause_writing(self) -> None:
        """The socket takes nothing: answers are lost until it does, clients ask again."""
        self._full = True

    def resume_writing(self) -> None:
        """The socket takes answers again."""
        self._full = False

    def error_received(self, exc: Exception) -> None:
        """A client went away before its answer came (ICMP port unreachable): no matter."""

    def close(self) -> None:
        """Close the socket."""
        if self._transport is not None:
            self._transport.close()
