"""Recovery over real sockets on loopback: multicast lines with losses, the re-request server, GLIMPSE over TCP."""

import asyncio
import logging
import os
import random
import socket
import time
from ipaddress import IPv4Address

import pytest

from exchange import glimpse
from exchange.glimpse import GlimpseServer, GlimpseSession
from exchange.glimpse_endpoint import GlimpseEndpoint
from exchange.itch_writer import ItchWriter
from exchange.lines import Line, MulticastLine
from exchange.market_data import Publisher
from exchange.rerequest import RerequestEndpoint, RerequestServer
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
    SnapshotMessages,
)
from protocols.recovery_settings import RecoverySettings, RecoveryState
from protocols.soup import LoginRequest
from tests.exchange.live_venue import LiveVenue, queues_of

LOOPBACK = IPv4Address("127.0.0.1")
GROUPS = IPv4Address("239.20.9.3"), IPv4Address("239.20.9.4")


class Dropping:
    """A line that loses packets: some of its own, and those that `both` names on either line."""

    def __init__(self, line: Line, rng: random.Random, both: range) -> None:
        self.line, self.rng, self.both = line, rng, both
        self.sent = 0

    def send(self, packet: bytes) -> None:
        self.sent += 1
        if self.sent not in self.both and self.rng.random() > 0.05:
            self.line.send(packet)

    def close(self) -> None:
        self.line.close()


class Receiver:
    """The client on an event loop."""

    def __init__(self, ports: tuple[int, int], rerequest_port: int, glimpse_port: int) -> None:
        settings = RecoverySettings(username="user", password="secret", request_timeout=50_000_000)
        self.client = FeedClient("S", None, settings)
        self.books = OrderBooks()
        self.changed = asyncio.Event()
        self._rerequest = LOOPBACK.compressed, rerequest_port
        self._glimpse_port = glimpse_port
        self._writer: asyncio.StreamWriter | None = None
        self._reader: asyncio.Task[None] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._loop = asyncio.get_running_loop()
        self._lines = [listen(group, port) for group, port in zip(GROUPS, ports, strict=True)]
        self._unicast = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._unicast.bind((LOOPBACK.compressed, 0))
        self._unicast.setblocking(False)
        for line in self._lines:
            self._loop.add_reader(line, self._on_line, line)
        self._loop.add_reader(self._unicast, self._on_answer)

    def begin(self) -> None:
        self._act(self.client.begin(time.monotonic_ns()))

    async def close(self) -> None:
        for reader in (*self._lines, self._unicast):
            self._loop.remove_reader(reader)
            reader.close()
        if self._timer is not None:
            self._timer.cancel()
        if self._reader is not None:
            await self._reader

    def _on_line(self, line: socket.socket) -> None:
        self._act(self.client.on_datagram(line.recv(2048), time.monotonic_ns()))

    def _on_answer(self) -> None:
        self._act(self.client.on_answer(self._unicast.recv(2048), time.monotonic_ns()))

    async def _read_glimpse(self) -> None:
        reader, self._writer = await asyncio.open_connection(LOOPBACK.compressed, self._glimpse_port)
        self._act(self.client.glimpse_connected(time.monotonic_ns()))
        while self._writer is not None:
            data = await reader.read(1 << 16)
            now = time.monotonic_ns()
            self._act(self.client.on_glimpse_bytes(data, now) if data else self.client.glimpse_closed(now))

    def _act(self, events: list[Event]) -> None:
        for event in events:
            match event:
                case Reset():
                    self.books = OrderBooks()
                case SnapshotMessages(messages) | FeedMessages(_, messages):
                    for message in messages:
                        self.books.apply(itch50.decode(message))
                case SendRequest(data):
                    self._unicast.sendto(data, self._rerequest)
                case OpenGlimpse():
                    self._reader = self._loop.create_task(self._read_glimpse())
                case SendGlimpse(data):
                    assert self._writer is not None
                    self._writer.write(data)
                case CloseGlimpse():
                    if self._writer is not None:
                        self._writer.close()
                        self._writer = None
        if self._timer is not None:
            self._timer.cancel()
        deadline = self.client.next_deadline()
        if deadline is not None:
            delay = max(0, deadline - time.monotonic_ns()) / 1e9
            self._timer = self._loop.call_later(delay, lambda: self._act(self.client.tick(time.monotonic_ns())))
        self.changed.set()

    async def until(self, state: RecoveryState) -> None:
        while self.client.state is not state:
            self.changed.clear()
            await asyncio.wait_for(self.changed.wait(), 20)


def listen(group: IPv4Address, port: int) -> socket.socket:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    receiver.bind((str(group), port))
    receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, group.packed + LOOPBACK.packed)
    receiver.setblocking(False)
    return receiver


def test_a_late_joiner_ends_in_step_with_the_venue() -> None:
    base = 20_000 + os.getpid() % 10_000 * 2
    ports = base, base + 1

    async def run() -> None:
        rng = random.Random(5)
        # Packets 100 to 102 are lost on both lines: only the re-request server has their messages.
        lines = [
            Dropping(MulticastLine(g, p, LOOPBACK), rng, range(100, 103)) for g, p in zip(GROUPS, ports, strict=True)
        ]
        publisher = Publisher("S", lines)
        venue = LiveVenue(publisher, 5)
        for _ in range(500):
            venue.step()
        publisher.flush(time.monotonic_ns())
        rerequests = RerequestEndpoint(server := RerequestServer("S", publisher.store), time.monotonic_ns)
        snapshots = GlimpseEndpoint(GlimpseServer("S", venue, {"user": "secret"}), time.monotonic_ns)
        receiver = Receiver(ports, await rerequests.listen(LOOPBACK, 0), await snapshots.listen(LOOPBACK, 0))
        receiver.begin()
        await receiver.until(RecoveryState.SYNCHRONISED)
        for now in range(900):
            venue.step()
            if now % 3 == 2:
                publisher.flush(time.monotonic_ns())
                await asyncio.sleep(0)
        for _ in range(20):
            publisher.end(time.monotonic_ns())
        await receiver.until(RecoveryState.ENDED)
        assert queues_of(receiver.books) == venue.queues()
        assert server.answered and receiver.client.counters.recovered
        assert receiver.client.counters.snapshots == 1
        await receiver.close()
        rerequests.close()
        await snapshots.close()
        publisher.close()

    asyncio.run(run())


class BigSource:
    """A venue whose snapshot is larger than any socket buffer."""

    def snapshot_into(self, writer: ItchWriter) -> int:
        message = bytes(60_000)
        for _ in range(300):
            writer.publish(message)
        return 1


class WatchedServer(GlimpseServer):
    """A server that tells when its last client is gone."""

    idle: asyncio.Event

    def close(self, session: GlimpseSession) -> None:
        super().close(session)
        if not self.sessions:
            self.idle.set()


def test_a_client_that_does_not_read_holds_up_itself_only(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(glimpse, "STALL_TIMEOUT", 200_000_000)

    async def read_all(port: int) -> int:
        reader, writer = await asyncio.open_connection(LOOPBACK.compressed, port)
        writer.write(LoginRequest("user", "secret").encode())
        size = len(await reader.read())
        writer.close()
        return size

    async def run() -> None:
        server = WatchedServer("S", BigSource(), {"user": "secret"}, build_interval=1)
        server.idle = asyncio.Event()
        endpoint = GlimpseEndpoint(server, time.monotonic_ns)
        port = await endpoint.listen(LOOPBACK, 0)
        loop = asyncio.get_running_loop()
        with socket.create_connection((LOOPBACK.compressed, port)) as lazy:
            lazy.setblocking(False)
            await loop.sock_sendall(lazy, LoginRequest("user", "secret").encode())
            sizes = await asyncio.wait_for(asyncio.gather(read_all(port), read_all(port)), 20)
            assert set(sizes) == {33 + 300 * 60_003 + 24}
            await asyncio.wait_for(server.idle.wait(), 20)
        assert server.served == 2
        assert server.dropped == {"does not read what it is sent": 1}
        await endpoint.close()

    asyncio.run(run())
    assert not [record for record in caplog.records if record.levelno >= logging.ERROR]


def test_garbage_and_too_many_connections_are_cut() -> None:
    async def run() -> None:
        server = GlimpseServer("S", BigSource(), {"user": "secret"}, max_clients=1)
        endpoint = GlimpseEndpoint(server, time.monotonic_ns)
        port = await endpoint.listen(LOOPBACK, 0)
        first, hold = await asyncio.open_connection(LOOPBACK.compressed, port)
        while not server.sessions:
            await asyncio.sleep(0)
        second, refused = await asyncio.open_connection(LOOPBACK.compressed, port)
        assert await asyncio.wait_for(second.read(), 10) == b""
        hold.write(b"GET / HTTP/1.1\r\n\r\n")
        assert await asyncio.wait_for(first.read(), 10) == b""
        assert server.dropped == {"too many clients": 1, "malformed packet": 1}
        for writer in (hold, refused):
            writer.close()
            await writer.wait_closed()
        await endpoint.close()

    asyncio.run(run())
