"""The order gateway over real TCP on loopback, with packets written by hand (SoupBinTCP 3.00, OUCH 5.0)."""

import asyncio
import json
import logging
import socket
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from pathlib import Path

import pytest

from exchange.account import Account, Login
from exchange.clock import SECOND, SessionClock
from exchange.gateway import Gateway
from exchange.market import Market
from exchange.market_data import Publisher
from exchange.order_entry import OrderEntry
from exchange.order_log import OrderLog

LOOPBACK = IPv4Address("127.0.0.1")
LOGINS = (Login("HFT1", "secret1", "HFTX"), Login("HFT2", "secret2", "HFTY"))


def packet(kind: bytes, payload: bytes = b"") -> bytes:
    return struct.pack(">H", 1 + len(payload)) + kind + payload


def login(user: str = "HFT1", password: str = "secret1", session: str = "", sequence: int = 1) -> bytes:
    return packet(b"L", f"{user:6}{password:10}{session:10}{sequence:>20}".encode())


def enter(ref: int, side: bytes = b"B", shares: int = 100, price: int = 1_500_000) -> bytes:
    body = struct.pack(">cIcI8sQ5s14sH", b"O", ref, side, shares, b"AAPL    ", price, b"0YPNN", b"ID".ljust(14), 0)
    return packet(b"U", body)


class Client:
    """A TCP client that reads one packet at a time."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    def send(self, data: bytes) -> None:
        self.writer.write(data)

    async def receive(self) -> tuple[bytes, bytes]:
        """The next packet's type and payload; heartbeats are passed over."""
        while True:
            head = await asyncio.wait_for(self.reader.readexactly(3), 10)
            payload = await self.reader.readexactly(int.from_bytes(head[:2], "big") - 1)
            if head[2:] != b"H":
                return head[2:], payload

    async def closed(self) -> bytes:
        """What comes until the server closes."""
        try:
            return await asyncio.wait_for(self.reader.read(), 10)
        except ConnectionResetError:
            return b""

    async def close(self) -> None:
        self.writer.close()
        try:
            await self.writer.wait_closed()
        except ConnectionError:
            pass


@dataclass
class Exchange:
    """A gateway with its market, without feed lines."""

    gateway: Gateway
    market: Market
    port: int
    logins: list[str] = field(default_factory=list)
    clients: list[Client] = field(default_factory=list)

    async def connect(self, data: bytes = b"") -> Client:
        client = Client(*await asyncio.open_connection(str(LOOPBACK), self.port))
        client.send(data)
        self.clients.append(client)
        return client

    async def log_in(self, user: str = "HFT1", sequence: int = 1) -> Client:
        password = {"HFT1": "secret1", "HFT2": "secret2"}[user]
        client = await self.connect(login(user, password, sequence=sequence))
        assert (await client.receive())[0] == b"A"
        return client


@asynccontextmanager
async def running(log_path: Path | None = None, **options: int) -> AsyncIterator[Exchange]:
    market = Market(Publisher("SESSION1", []))
    market.list_symbol("AAPL", price=1_500_000)
    logins: list[str] = []
    with OrderLog(log_path) as order_log:
        entries = [OrderEntry(Account(each, "SESSION1", order_log.record), market) for each in LOGINS]
        gateway = Gateway(market, SessionClock(), entries, time.monotonic_ns, logins.append, **options)
        exchange = Exchange(gateway, market, await gateway.listen(LOOPBACK, 0), logins)
        try:
            yield exchange
        finally:
            await gateway.close()
            for client in exchange.clients:
                await client.close()


def scenario(test: Callable[[Exchange], Awaitable[None]], log_path: Path | None = None, **options: int) -> None:
    async def body() -> None:
        async with running(log_path, **options) as exchange:
            await test(exchange)

    asyncio.run(body())


def test_login_order_trade_and_the_order_log(tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"

    async def test(exchange: Exchange) -> None:
        maker, taker = await exchange.log_in(), await exchange.log_in("HFT2")
        assert exchange.logins == ["HFT1", "HFT2"]
        maker.send(enter(1, b"S"))
        assert (await maker.receive())[1][:1] == b"A"
        taker.send(enter(1, b"B"))
        assert [(await taker.receive())[1][:1] for _ in range(2)] == [b"A", b"E"]
        assert (await maker.receive())[1][:1] == b"E"

    scenario(test, path)
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    told = [(line["login"], line["dir"], bytes.fromhex(line["hex"])[:1]) for line in lines]
    assert told == [
        ("HFT1", "in", b"O"),
        ("HFT1", "out", b"A"),
        ("HFT2", "in", b"O"),
        ("HFT2", "out", b"A"),
        ("HFT2", "out", b"E"),
        ("HFT1", "out", b"E"),
    ] or told[4:] == [("HFT1", "out", b"E"), ("HFT2", "out", b"E")]
    assert all(line["t"] > 10**18 for line in lines)


def test_the_login_answer_byte_by_byte() -> None:
    async def test(exchange: Exchange) -> None:
        client = await exchange.connect(login("hft1", "SECRET1"))
        assert await client.receive() == (b"A", b"  SESSION1" + b"1".rjust(20))

    scenario(test)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (login("HFT1", "wrong"), b"J\x00A"),
        (login("NOBODY"), b"J\x00A"),
        (login(session="OTHER"), b"J\x00S"),
        (login(sequence=99), b"J\x00S"),
    ],
)
def test_refused_logins(request_: bytes, answer: bytes) -> None:
    async def test(exchange: Exchange) -> None:
        client = await exchange.connect(request_)
        said = await client.closed()
        assert said.endswith(b"\0\2J" + answer[2:])
        assert exchange.logins == []

    scenario(test)


def test_a_second_login_of_a_user_is_refused_and_the_first_goes_on() -> None:
    async def test(exchange: Exchange) -> None:
        first = await exchange.log_in()
        second = await exchange.connect(login())
        assert (await second.closed()).endswith(b"\0\2JS")
        first.send(enter(1))
        assert (await first.receive())[1][:1] == b"A"

    scenario(test)


def test_a_client_that_comes_back_gets_what_it_missed() -> None:
    async def test(exchange: Exchange) -> None:
        client, taker = await exchange.log_in(), await exchange.log_in("HFT2")
        client.send(enter(1, b"S", 300))
        assert (await client.receive())[1][:1] == b"A"
        await client.close()
        taker.send(enter(1, b"B", 200))
        assert [(await taker.receive())[1][:1] for _ in range(2)] == [b"A", b"E"]
        back = await exchange.log_in(sequence=2)
        kind, missed = await back.receive()
        assert (kind, missed[:1], missed[13:17]) == (b"S", b"E", struct.pack(">I", 200))
        back.send(packet(b"U", b"Q"))
        assert (await back.receive())[1][9:] == struct.pack(">I", 2), "UserRefNum goes on where it was"
        back.send(packet(b"O"))
        await back.closed()
        whole = await exchange.log_in(sequence=1)
        assert [(await whole.receive())[1][:1] for _ in range(3)] == [b"A", b"E", b"Q"]

    scenario(test)


def test_a_long_stream_is_recovered_in_pieces() -> None:
    async def test(exchange: Exchange) -> None:
        client = await exchange.log_in()
        client.send(b"".join(packet(b"U", b"Q") for _ in range(20_000)))
        for _ in range(20_000):
            assert (await client.receive())[1][:1] == b"Q"
        await client.close()
        again = await exchange.log_in(sequence=1)
        for _ in range(20_000):
            await again.receive()

    scenario(test)


@pytest.mark.parametrize(
    ("garbage", "reason"),
    [
        (b"\0\0", "malformed packet"),
        (b"\xff\xff" + bytes(100), "malformed packet"),
        (b"GET / HTTP/1.1\r\n\r\n", "malformed packet"),
        (packet(b"U", b"Q"), "unexpected UnsequencedData"),
        (login() + packet(b"U", b"?garbage"), "not an OUCH"),
        (login() + packet(b"U", b""), "not an OUCH"),
        (login() + login(), "unexpected LoginRequest"),
        (login() + bytes(1_000_000), "malformed packet"),
    ],
)
def test_garbage_is_dropped_and_disturbs_nobody(caplog: pytest.LogCaptureFixture, garbage: bytes, reason: str) -> None:
    async def test(exchange: Exchange) -> None:
        good = await exchange.log_in("HFT2")
        bad = await exchange.connect(garbage)
        await bad.closed()
        good.send(enter(1))
        assert (await good.receive())[1][:1] == b"A"

    scenario(test)
    assert any(reason in record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)


def test_silent_clients_are_dropped(caplog: pytest.LogCaptureFixture) -> None:
    async def test(exchange: Exchange) -> None:
        mute, idle = await exchange.connect(), await exchange.log_in()
        await mute.closed()
        await idle.closed()

    scenario(test, timeout=SECOND // 5, login_timeout=SECOND // 10)
    text = caplog.text
    assert "no login request in time" in text
    assert "nothing received for 0.2 s" in text


def test_a_client_that_never_reads_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    async def test(exchange: Exchange) -> None:
        deaf, good = await exchange.log_in(), await exchange.log_in("HFT2")
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]
        deaf.send(b"".join(packet(b"U", b"Q") for _ in range(500_000)))
        while len(exchange.gateway.connections) > 1:
            good.send(packet(b"U", b"Q"))
            assert (await good.receive())[1][:1] == b"Q"

    scenario(test, stall_timeout=SECOND // 5)
    assert "does not read what it is sent" in caplog.text


@pytest.mark.parametrize("end", ["reset", "logout", "garbage", "silence", "close"])
def test_the_orders_of_a_client_that_is_gone_are_cancelled(end: str) -> None:
    async def test(exchange: Exchange) -> None:
        client = await exchange.log_in()
        client.send(enter(1) + enter(2, b"S", 200, 1_600_000))
        assert [(await client.receive())[1][:1] for _ in range(2)] == [b"A", b"A"]
        assert len(exchange.market.engine.orders) == 2
        if end == "reset":
            linger = struct.pack("ii", 1, 0)
            client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            client.writer.transport.abort()
        elif end == "close":
            await client.close()
        elif end == "silence":
            await client.closed()
        else:
            client.send(packet(b"O") if end == "logout" else b"\0\0")
        watcher = await exchange.log_in("HFT2")
        while exchange.market.engine.orders:
            watcher.send(packet(b"U", b"Q"))
            assert (await watcher.receive())[1][:1] == b"Q"
        feed = [message[:1] for message in exchange.market.publisher.messages]
        assert feed == [b"A", b"A", b"D", b"D"]
        back = await exchange.log_in(sequence=3)
        missed = [(await back.receive())[1] for _ in range(2)]
        assert [message[9:] for message in missed] == [
            struct.pack(">IIc", 1, 100, b"Z"),
            struct.pack(">IIc", 2, 200, b"Z"),
        ]

    scenario(test, cancel_on_disconnect=SECOND // 20, timeout=(SECOND // 5 if end == "silence" else 15 * SECOND))


def test_a_client_that_is_back_in_time_keeps_its_orders() -> None:
    async def test(exchange: Exchange) -> None:
        guard = exchange.gateway.guard
        client = await exchange.log_in()
        client.send(enter(1))
        assert (await client.receive())[1][:1] == b"A"
        client.send(packet(b"O"))
        await client.closed()
        due = guard.next_deadline()
        assert due is not None
        await exchange.log_in(sequence=2)
        assert guard.next_deadline() is None
        guard.advance(due)
        assert len(exchange.market.engine.orders) == 1

    scenario(test, cancel_on_disconnect=600 * SECOND)


def test_a_login_that_is_taken_over_at_once_has_output() -> None:
    async def test(exchange: Exchange) -> None:
        first = await exchange.log_in()
        first.send(packet(b"O"))
        second = await exchange.log_in()
        await first.closed()
        second.send(enter(1))
        assert (await second.receive())[1][:1] == b"A"

    scenario(test)


def test_a_fault_of_ours_costs_one_connection_only(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: OrderEntry, _message: object, _now: int) -> None:
        raise ZeroDivisionError("a fault")

    async def test(exchange: Exchange) -> None:
        good, bad = await exchange.log_in("HFT2"), await exchange.log_in()
        bad.send(packet(b"U", b"Q"))
        await bad.closed()
        good.send(enter(1))
        assert (await good.receive())[1][:1] == b"A"

    monkeypatch.setattr(OrderEntry, "_query", fail)
    scenario(test)
    assert "fault while handling 51" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_heartbeats_come_every_second() -> None:
    async def test(exchange: Exchange) -> None:
        client = await exchange.log_in()
        assert await asyncio.wait_for(client.reader.readexactly(3), 10) == b"\0\1H"

    scenario(test)


def test_the_end_reaches_every_client() -> None:
    async def test(exchange: Exchange) -> None:
        client, newcomer = await exchange.log_in(), await exchange.connect()
        client.send(enter(1))
        await client.receive()
        closing = asyncio.create_task(exchange.gateway.close())
        assert await client.receive() == (b"Z", b"")
        assert await client.closed() == b""
        await newcomer.close()
        await closing

    scenario(test)


def test_a_port_in_use_is_an_error() -> None:
    async def test(exchange: Exchange) -> None:
        with pytest.raises(OSError, match="in use"):
            await exchange.gateway.listen(LOOPBACK, exchange.port)

    scenario(test)
