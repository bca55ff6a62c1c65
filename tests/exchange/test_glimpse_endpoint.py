"""GLIMPSE over TCP: each client as fast as it reads, and none of them holds up another."""

import asyncio
import logging
import socket
import time
from ipaddress import IPv4Address

import pytest

from exchange import glimpse
from exchange.glimpse import GlimpseServer, GlimpseSession
from exchange.glimpse_endpoint import GlimpseEndpoint
from exchange.itch_writer import ItchWriter
from protocols.soup import LoginRequest

LOOPBACK = IPv4Address("127.0.0.1")


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


def test_nobody_gets_a_snapshot_once_the_journal_failed() -> None:
    async def run() -> bytes:
        server = GlimpseServer("S", BigSource(), {"user": "secret"})
        endpoint = GlimpseEndpoint(server, time.monotonic_ns, lambda: True)
        port = await endpoint.listen(LOOPBACK, 0)
        reader, writer = await asyncio.open_connection(LOOPBACK.compressed, port)
        writer.write(LoginRequest("user", "secret").encode())
        try:
            return await asyncio.wait_for(reader.read(), 20)
        except ConnectionResetError:
            return b""
        finally:
            writer.close()
            await endpoint.close()

    assert asyncio.run(run()) == b""


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
