"""The order gateway over real TCP on loopback, with packets written by hand (SoupBinTCP 3.00, OUCH 5.0)."""

import asyncio
import json
import logging
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from exchange.clock import SECOND
from exchange.entry_changes import Changes
from exchange.gateway import Gateway
from exchange.order_log import OrderLog
from exchange.soup_session import Timeouts
from tests.exchange.conftest import feed, standing
from tests.exchange.entry_server import LOOPBACK, EntryServer, serving
from tests.exchange.entry_server import scenario as scenario_of_a_day
from tests.exchange.ouch_wire import enter, login, packet


def scenario(test: Callable[[EntryServer], Awaitable[None]], **options: Any) -> None:
    """Without a day, so that streams hold nothing but what a test asked for."""
    scenario_of_a_day(test, started=False, **options)


def order(ref: int, side: str = "B", shares: int = 100, price: int = 1_500_000) -> bytes:
    return packet(b"U", enter(ref, side, shares, price=price))


def test_login_order_trade_and_the_order_log(tmp_path: Path) -> None:
    path = tmp_path / "orders.jsonl"

    async def test(exchange: EntryServer) -> None:
        maker, taker = await exchange.log_in(), await exchange.log_in("HFT2")
        assert exchange.logins == ["HFT1", "HFT2"]
        maker.writer.write(order(1, "S"))
        assert (await maker.packet())[1][:1] == b"A"
        taker.writer.write(order(1, "B"))
        assert [(await taker.packet())[1][:1] for _ in range(2)] == [b"A", b"E"]
        assert (await maker.packet())[1][:1] == b"E"

    with OrderLog(path) as order_log:
        scenario(test, record=order_log.record)
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
    async def test(exchange: EntryServer) -> None:
        client = await exchange.connect(login("hft1", "SECRET1"))
        assert await client.packet() == (b"A", b"  SESSION1" + b"1".rjust(20))

    scenario(test)


@pytest.mark.parametrize(
    ("request_", "answer"),
    [
        (login("HFT1", "wrong"), b"J\x00A"),
        (login("NOBODY", "secret1"), b"J\x00A"),
        (login("HFT1", "secret1", session="OTHER"), b"J\x00S"),
        (login("HFT1", "secret1", sequence=99), b"J\x00S"),
    ],
)
def test_refused_logins(request_: bytes, answer: bytes) -> None:
    async def test(exchange: EntryServer) -> None:
        client = await exchange.connect(request_)
        said = await client.closed()
        assert said.endswith(b"\0\2J" + answer[2:])
        assert exchange.logins == []

    scenario(test)


def test_a_second_login_of_a_user_is_refused_and_the_first_goes_on() -> None:
    async def test(exchange: EntryServer) -> None:
        first = await exchange.log_in()
        second = await exchange.connect(login("HFT1", "secret1"))
        assert (await second.closed()).endswith(b"\0\2JS")
        first.writer.write(order(1))
        assert (await first.packet())[1][:1] == b"A"

    scenario(test)


def test_a_client_that_comes_back_gets_what_it_missed() -> None:
    async def test(exchange: EntryServer) -> None:
        client, taker = await exchange.log_in(), await exchange.log_in("HFT2")
        client.writer.write(order(1, "S", 300))
        assert (await client.packet())[1][:1] == b"A"
        await client.close()
        taker.writer.write(order(1, "B", 200))
        assert [(await taker.packet())[1][:1] for _ in range(2)] == [b"A", b"E"]
        back = await exchange.log_in(sequence=2)
        kind, missed = await back.packet()
        assert (kind, missed[:1], missed[13:17]) == (b"S", b"E", struct.pack(">I", 200))
        back.writer.write(packet(b"U", b"Q"))
        assert (await back.packet())[1][9:] == struct.pack(">I", 2), "UserRefNum goes on where it was"
        back.writer.write(packet(b"O"))
        await back.closed()
        whole = await exchange.log_in(sequence=1)
        assert [(await whole.packet())[1][:1] for _ in range(3)] == [b"A", b"E", b"Q"]

    scenario(test)


def test_a_long_stream_is_recovered_in_pieces() -> None:
    async def test(exchange: EntryServer) -> None:
        client = await exchange.log_in()
        client.writer.write(b"".join(packet(b"U", b"Q") for _ in range(20_000)))
        for _ in range(20_000):
            assert (await client.packet())[1][:1] == b"Q"
        await client.close()
        again = await exchange.log_in(sequence=1)
        for _ in range(20_000):
            await again.packet()

    scenario(test)


@pytest.mark.parametrize(
    ("garbage", "reason"),
    [
        (b"\0\0", "malformed packet"),
        (b"\xff\xff" + bytes(100), "malformed packet"),
        (b"GET / HTTP/1.1\r\n\r\n", "malformed packet"),
        (packet(b"U", b"Q"), "unexpected UnsequencedData"),
        (login("HFT1", "secret1") + packet(b"U", b"?garbage"), "not an OUCH"),
        (login("HFT1", "secret1") + packet(b"U", b""), "not an OUCH"),
        (login("HFT1", "secret1") + login("HFT1", "secret1"), "unexpected LoginRequest"),
        (login("HFT1", "secret1") + bytes(1_000_000), "malformed packet"),
    ],
)
def test_garbage_is_dropped_and_disturbs_nobody(caplog: pytest.LogCaptureFixture, garbage: bytes, reason: str) -> None:
    async def test(exchange: EntryServer) -> None:
        good = await exchange.log_in("HFT2")
        bad = await exchange.connect(garbage)
        await bad.closed()
        good.writer.write(order(1))
        assert (await good.packet())[1][:1] == b"A"

    scenario(test)
    assert any(reason in record.getMessage() for record in caplog.records if record.levelno == logging.WARNING)


def test_silent_clients_are_dropped(caplog: pytest.LogCaptureFixture) -> None:
    async def test(exchange: EntryServer) -> None:
        mute, idle = await exchange.connect(), await exchange.log_in()
        await mute.closed()
        await idle.closed()

    scenario(test, timeouts=Timeouts(silence=SECOND // 5, login=SECOND // 10))
    text = caplog.text
    assert "no login request in time" in text
    assert "nothing received for 0.2 s" in text


def test_a_client_that_never_reads_is_dropped(caplog: pytest.LogCaptureFixture) -> None:
    async def test(exchange: EntryServer) -> None:
        deaf, good = await exchange.log_in(), await exchange.log_in("HFT2")
        deaf.writer.transport.pause_reading()  # type: ignore[attr-defined]
        deaf.writer.write(b"".join(packet(b"U", b"Q") for _ in range(500_000)))
        while len(exchange.gateway.connections.open) > 1:
            good.writer.write(packet(b"U", b"Q"))
            assert (await good.packet())[1][:1] == b"Q"

    scenario(test, timeouts=Timeouts(stall=SECOND // 5))
    assert "does not read what it is sent" in caplog.text


@pytest.mark.parametrize("end", ["reset", "logout", "garbage", "silence", "close"])
def test_the_orders_of_a_client_that_is_gone_are_cancelled(end: str) -> None:
    async def test(exchange: EntryServer) -> None:
        client = await exchange.log_in()
        client.writer.write(order(1) + order(2, "S", 200, 1_600_000))
        assert [(await client.packet())[1][:1] for _ in range(2)] == [b"A", b"A"]
        assert len(standing(exchange.market)) == 2
        if end == "reset":
            linger = struct.pack("ii", 1, 0)
            client.writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            client.writer.transport.abort()
        elif end == "close":
            await client.close()
        elif end == "silence":
            await client.closed()
        else:
            client.writer.write(packet(b"O") if end == "logout" else b"\0\0")
        watcher = await exchange.log_in("HFT2")
        while standing(exchange.market):
            watcher.writer.write(packet(b"U", b"Q"))
            assert (await watcher.packet())[1][:1] == b"Q"
        assert [message[:1] for message in feed(exchange.market)] == [b"A", b"A", b"D", b"D"]
        back = await exchange.log_in(sequence=3)
        missed = [(await back.packet())[1] for _ in range(2)]
        assert [message[9:] for message in missed] == [
            struct.pack(">IIc", 1, 100, b"Z"),
            struct.pack(">IIc", 2, 200, b"Z"),
        ]

    scenario(
        test,
        cancel_on_disconnect=SECOND // 20,
        timeouts=Timeouts(silence=SECOND // 5 if end == "silence" else 15 * SECOND),
    )


def test_a_client_that_is_back_in_time_keeps_its_orders() -> None:
    async def test(exchange: EntryServer) -> None:
        guard = exchange.gateway.guard
        client = await exchange.log_in()
        client.writer.write(order(1))
        assert (await client.packet())[1][:1] == b"A"
        client.writer.write(packet(b"O"))
        await client.closed()
        due = guard.next_deadline()
        assert due is not None
        await exchange.log_in(sequence=2)
        assert guard.next_deadline() is None
        guard.advance(due)
        assert len(standing(exchange.market)) == 1

    scenario(test, cancel_on_disconnect=600 * SECOND)


def test_a_login_that_is_taken_over_at_once_has_output() -> None:
    async def test(exchange: EntryServer) -> None:
        first = await exchange.log_in()
        first.writer.write(packet(b"O"))
        second = await exchange.log_in()
        await first.closed()
        second.writer.write(order(1))
        assert (await second.packet())[1][:1] == b"A"

    scenario(test)


def test_a_fault_of_ours_costs_one_connection_only(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_self: Changes, _message: object, _now: int) -> None:
        raise ZeroDivisionError("a fault")

    async def test(exchange: EntryServer) -> None:
        good, bad = await exchange.log_in("HFT2"), await exchange.log_in()
        bad.writer.write(packet(b"U", b"Q"))
        await bad.closed()
        good.writer.write(order(1))
        assert (await good.packet())[1][:1] == b"A"

    monkeypatch.setattr(Changes, "query", fail)
    scenario(test)
    assert "fault while handling 51" in caplog.text
    assert "ZeroDivisionError" in caplog.text


def test_heartbeats_come_every_second() -> None:
    async def test(exchange: EntryServer) -> None:
        client = await exchange.log_in()
        assert await asyncio.wait_for(client.reader.readexactly(3), 10) == b"\0\1H"

    scenario(test)


def test_the_end_reaches_every_client() -> None:
    async def test(exchange: EntryServer) -> None:
        client, newcomer = await exchange.log_in(), await exchange.connect()
        client.writer.write(order(1))
        await client.packet()
        closing = asyncio.create_task(exchange.gateway.close())
        assert await client.packet() == (b"Z", b"")
        assert await client.closed() == b""
        await newcomer.close()
        await closing

    scenario(test)


def test_a_port_in_use_is_an_error() -> None:
    async def test(exchange: EntryServer) -> None:
        with pytest.raises(OSError, match="in use"):
            await exchange.gateway.listen(LOOPBACK, exchange.port)

    scenario(test)


def test_orders_of_a_resumed_exchange_wait_for_their_logins_to_come_back() -> None:
    async def test(exchange: EntryServer) -> None:
        venue = exchange.exchange.venues[0]
        stays, goes = venue.entries[:2]
        for entry in (stays, goes):
            entry.on_message(enter(1, price=1_000_000), 0)
        gateway = Gateway(
            exchange.exchange,
            venue,
            exchange.clock,
            time.monotonic_ns,
            exchange.logins.append,
            cancel_on_disconnect=600,
        )
        port = await gateway.listen(LOOPBACK, 0)
        gateway.guard.connected(stays)
        gateway.guard.advance(time.monotonic_ns() + 600)
        assert (len(stays.orders), len(goes.orders)) == (1, 0)
        assert port
        await gateway.close()

    scenario(test)


def test_venues_do_not_know_each_others_orders() -> None:
    async def test(first: EntryServer) -> None:
        async with serving(started=False) as second:
            one, other = await first.log_in(), await second.log_in()
            one.writer.write(order(1, "S"))
            assert (await one.packet())[1][:1] == b"A"
            other.writer.write(order(1, "B"))
            assert (await other.packet())[1][:1] == b"A"
            assert len(standing(first.market)) == len(standing(second.market)) == 1

    scenario(test)
