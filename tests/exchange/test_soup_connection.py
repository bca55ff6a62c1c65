"""Connections that are slow, torn, half or many, over real TCP."""

from __future__ import annotations

import asyncio

import pytest

from exchange.clock import SECOND
from exchange.soup_session import Timeouts
from tests.exchange.conftest import standing
from tests.exchange.entry_server import EntryServer, scenario
from tests.exchange.ouch_wire import enter, packet, query


def test_packets_in_any_pieces_with_heartbeats_in_between() -> None:
    async def test(server: EntryServer) -> None:
        client = await server.log_in(sequence=2)
        stream = b"".join(
            (
                packet(b"U", enter(1)),
                packet(b"R"),
                packet(b"U", query()),
                packet(b"+", b"for people"),
                packet(b"U", enter(2)),
                packet(b"U", enter(3)),
            )
        )
        for size in (1, 2, 3, 7, 50):
            first = (size * 10) << 8
            stream_of_size = stream.replace(b"O\0\0\0", b"O" + first.to_bytes(4, "big")[:3])
            for start in range(0, len(stream_of_size), size):
                client.writer.write(stream_of_size[start : start + size])
                await client.writer.drain()
                # Let the server read this piece before the next one comes.
                await asyncio.sleep(0)
            await client.take("AQAA")
        assert len(standing(server.market)) == 15

    scenario(test)


def test_half_a_packet_and_then_nothing(caplog: pytest.LogCaptureFixture) -> None:
    async def test(server: EntryServer) -> None:
        client = await server.log_in(sequence=2)
        client.writer.write(packet(b"U", enter(1))[:30])
        await client.closed()
        assert standing(server.market) == []

    scenario(test, timeouts=Timeouts(silence=SECOND // 5))
    assert "nothing received for 0.2 s" in caplog.text


def test_many_answers_come_whole_and_in_order() -> None:
    async def test(server: EntryServer) -> None:
        maker, taker = await server.log_in(sequence=2), await server.log_in("HFT2", sequence=2)
        count = 3_000
        maker.write(*(enter(ref, "S", 100) for ref in range(1, count + 1)))
        refs = [answer["ref"] for answer in await maker.take("A" * count)]
        taker.write(*(enter(ref, "B", 100) for ref in range(1, count + 1)))
        trades = [(answer["ref"], answer["match"]) for answer in await maker.take("E" * count)]
        assert refs == [ref for ref, _ in trades] == list(range(1, count + 1))
        assert [match for _, match in trades] == sorted({match for _, match in trades})

    scenario(test)


def test_what_came_before_the_garbage_is_done() -> None:
    async def test(server: EntryServer) -> None:
        client = await server.log_in(sequence=2)
        client.writer.write(packet(b"U", enter(1)) + packet(b"U", b"?") + packet(b"U", enter(2)))
        await client.closed()
        assert standing(server.market) == [1]
        again = await server.log_in(sequence=2)
        await again.take("A")

    scenario(test)
