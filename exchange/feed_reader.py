"""A market data receiver on ordinary sockets: lines A and B, re-requests and GLIMPSE, as the ready file names them.

The sockets' side of `protocols.recovery`: it keeps complete books from the first moment on, however late it joins and
whatever the network loses.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Mapping
from typing import Any

from exchange.clock import SECOND
from protocols import itch50
from protocols.order_book import OrderBooks
from protocols.recovery import FeedClient
from protocols.recovery_events import (
    CloseGlimpse,
    Event,
    FeedMessages,
    OpenGlimpse,
    Reset,
    SendGlimpse,
    SendRequest,
    SessionEnded,
    SnapshotMessages,
)
from protocols.recovery_settings import RecoverySettings

_RECEIVE_BUFFER = 4 << 20
_DATAGRAM = 65_536


class FeedReader:
    """Books of one venue. ``last_heard``: monotonic time of the last datagram.

    ``on_change`` is called after every batch of messages; ``ended`` is set with the session.

    ``venue`` is a venue's part of the ready file: ``feed_a``, ``feed_b``, ``rerequest``, ``glimpse``, ``session``.
    """

    def __init__(self, venue: Mapping[str, Any], monotonic: Callable[[], int]) -> None:
        self.books = OrderBooks()
        self.snapshots = 0
        self.messages = 0
        self.last_heard = monotonic()
        self.synchronised = asyncio.Event()
        self.ended = asyncio.Event()
        self.on_change: Callable[[], None] = lambda: None
        self._venue = venue
        self._monotonic = monotonic
        login = venue["glimpse"]
        self.client = FeedClient(
            venue["session"], None, RecoverySettings(username=login["user"], password=login["password"])
        )
        self._sockets: list[socket.socket] = []
        self._timer: asyncio.TimerHandle | None = None
        self._glimpse: _Glimpse | None = None
        self._connecting: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Join the groups and the exchange's services. OSError when a socket cannot be had."""
        loop = asyncio.get_running_loop()
        for name in ("feed_a", "feed_b"):
            feed = self._venue[name]
            line = _multicast(feed["group"], feed["port"], feed["interface"])
            self._sockets.append(line)
            loop.add_reader(line, self._receive, line, self.client.on_datagram)
        self._requests = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self._sockets.append(self._requests)
        server = self._venue["rerequest"]
        self._requests.connect((server["host"], server["port"]))
        loop.add_reader(self._requests, self._receive, self._requests, self.client.on_answer)
        self._apply(self.client.begin(self._monotonic()))

    def close(self) -> None:
        """Leave the groups and close everything."""
        loop = asyncio.get_running_loop()
        if self._timer is not None:
            self._timer.cancel()
        if self._connecting is not None:
            self._connecting.cancel()
        if self._glimpse is not None:
            self._glimpse.abort()
        for line in self._sockets:
            loop.remove_reader(line)
            line.close()

    def _receive(self, line: socket.socket, take: Callable[[bytes, int], list[Event]]) -> None:
        try:
            while True:
                data = line.recv(_DATAGRAM)
                self.last_heard = self._monotonic()
                self._apply(take(data, self.last_heard))
        except BlockingIOError:
            pass
        except ConnectionRefusedError:
            # The re-request server is gone; the client's own timers decide what follows.
            pass
        self._schedule()

    def _apply(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case FeedMessages():
                    self._take(event.messages)
                    self.messages += len(event.messages)
                case SnapshotMessages():
                    self._take(event.messages)
                case Reset():
                    self.books = OrderBooks()
                    self.snapshots += 1
                case SendRequest():
                    self._send(event.data)
                case OpenGlimpse():
                    self._connecting = asyncio.get_running_loop().create_task(self._connect())
                case SendGlimpse() if self._glimpse is not None:
                    self._glimpse.send(event.data)
                case CloseGlimpse() if self._glimpse is not None:
                    self._glimpse.abort()
                    self._glimpse = None
                case SessionEnded():
                    self.ended.set()
        if self.client.expected is not None and self.client.state.name in ("SYNCHRONISED", "ENDED"):
            self.synchronised.set()
        if events:
            self.on_change()
        self._schedule()

    def _take(self, messages: Any) -> None:
        for data in messages:
            self.books.apply(itch50.decode(data))

    def _send(self, data: bytes) -> None:
        try:
            self._requests.send(data)
        except OSError:
            # As good as lost on the way: the client asks again.
            pass

    async def _connect(self) -> None:
        server = self._venue["glimpse"]
        loop = asyncio.get_running_loop()
        try:
            _, self._glimpse = await loop.create_connection(lambda: _Glimpse(self), server["host"], server["port"])
        except OSError:
            self._apply(self.client.glimpse_closed(self._monotonic()))
            return
        self._apply(self.client.glimpse_connected(self._monotonic()))

    def glimpse_bytes(self, data: bytes) -> None:
        """Take bytes of the GLIMPSE connection."""
        self._apply(self.client.on_glimpse_bytes(data, self._monotonic()))

    def glimpse_lost(self, connection: _Glimpse) -> None:
        """Take note that the GLIMPSE connection is closed."""
        if connection is self._glimpse:
            self._glimpse = None
            self._apply(self.client.glimpse_closed(self._monotonic()))

    def _schedule(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        deadline = self.client.next_deadline()
        if deadline is not None:
            delay = max(0, deadline - self._monotonic()) / SECOND
            self._timer = asyncio.get_running_loop().call_later(delay, self._tick)

    def _tick(self) -> None:
        self._apply(self.client.tick(self._monotonic()))


class _Glimpse(asyncio.Protocol):
    """The TCP connection to the GLIMPSE server."""

    def __init__(self, reader: FeedReader) -> None:
        self._reader = reader
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport), "a TCP connection has a transport that writes"
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._reader.glimpse_bytes(data)

    def connection_lost(self, exc: Exception | None) -> None:
        del exc
        self._transport = None
        self._reader.glimpse_lost(self)

    def send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    def abort(self) -> None:
        if self._transport is not None:
            self._transport.abort()


def _multicast(group: str, port: int, interface: str) -> socket.socket:
    line = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    try:
        line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        line.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _RECEIVE_BUFFER)
        line.bind((group, port))
        membership = socket.inet_aton(group) + socket.inet_aton(interface)
        line.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    except OSError:
        line.close()
        raise
    return line
