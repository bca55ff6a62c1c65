"""Drop copies over real TCP: all of a firm's orders in one recoverable stream that nobody can write to."""

from __future__ import annotations

import pytest

from exchange.clock import SECOND
from exchange.soup_session import Timeouts
from tests.exchange.entry_server import EntryServer, scenario
from tests.exchange.ouch_wire import WireClient, cancel, enter, login, modify, option, packet, query, replace


async def copies(client: WireClient, count: int) -> list[tuple[str, bytes]]:
    """The next messages as (label, OUCH message)."""
    found = []
    for _ in range(count):
        kind, payload = await client.packet()
        assert kind == b"S"
        found.append((payload[:10].decode(), payload[10:]))
    return found


async def told(client: WireClient, count: int) -> list[bytes]:
    return [(await client.packet())[1] for _ in range(count)]


def test_a_copy_has_all_accounts_of_the_firm_in_their_order() -> None:
    async def test(server: EntryServer) -> None:
        reader = await server.copy_of("HFTX")
        first, third = await server.log_in(), await server.log_in("HFT3")
        other = await server.log_in("HFT2")
        first.write(enter(1, "S", 300))
        mine = await told(first, 2)
        third.write(enter(1, "S", 100, price=1_600_000), query(), enter(2, quantity=0))
        theirs = await told(third, 4)
        other.write(enter(1, "B", 60))
        mine += await told(first, 1)
        match = int.from_bytes(mine[-1][26:34], "big")
        first.write(modify(1, "S", 200), replace(1, 2, 150), cancel(2))
        mine += await told(first, 3)
        server.command(do="break", match=match, reason="E")
        mine += await told(first, 1)
        assert [message[:1] for message in mine] == [b"S", b"A", b"E", b"M", b"U", b"C", b"B"]
        assert [message[:1] for message in theirs] == [b"S", b"A", b"Q", b"J"]
        assert await copies(reader, 7) == [
            ("NSDQHFT1  ", mine[1]),
            ("NSDQHFT3  ", theirs[1]),
            *(("NSDQHFT1  ", message) for message in mine[2:]),
        ]
        # What is missed is recovered by number, by a second reader beside the first.
        again = await server.copy_of("HFTX", sequence=6)
        assert [message[:1] for _, message in await copies(again, 2)] == [b"C", b"B"]
        reader_of_other = await server.copy_of("HFTY")
        assert [label for label, _ in await copies(reader_of_other, 2)] == ["NSDQHFT2  "] * 2

    scenario(test)


def test_self_match_prevention_is_in_it() -> None:
    async def test(server: EntryServer) -> None:
        reader = await server.copy_of("HFTX")
        first, third = await server.log_in(sequence=2), await server.log_in("HFT3", sequence=2)
        await first.ask(enter(1, "S", options=option(29, b"D")), "A")
        third.write(enter(1, "B"))
        assert [message[:1] for _, message in await copies(reader, 4)] == [b"A", b"A", b"D", b"D"]

    scenario(test)


@pytest.mark.parametrize(
    "said", [packet(b"U", enter(1)), packet(b"U", b""), b"\0\0", packet(b"S", b"X"), bytes(1_000_000)]
)
def test_who_says_anything_is_dropped(said: bytes, caplog: pytest.LogCaptureFixture) -> None:
    async def test(server: EntryServer) -> None:
        reader, good = await server.copy_of("HFTX"), await server.copy_of("HFTX")
        reader.writer.write(packet(b"R") + said)
        await reader.closed()
        client = await server.log_in(sequence=2)
        await client.ask(enter(1), "A")
        assert (await copies(good, 1))[0][1][9:13] == b"\0\0\0\1", "the others go on, and nothing was entered"

    scenario(test)
    assert "dropped" in caplog.text


def test_logins() -> None:
    async def test(server: EntryServer) -> None:
        for user, password in (("DCHFTX", "wrong"), ("HFT1", "secret1"), ("NOBODY", "")):
            client = await server.connect(login(user, password), port=server.copy_port)
            assert (await client.closed()).endswith(b"\0\2JA")
        x, y = server.drop_copy.login("HFTX"), server.drop_copy.login("HFTY")
        assert (x["user"], y["user"]) == ("DCHFTX", "DCHFTY")
        assert x["password"] != y["password"]
        with pytest.raises(KeyError):
            server.drop_copy.login("NONE")
        client = await server.connect(login(x["user"], x["password"]), port=server.port)
        assert (await client.closed()).endswith(b"\0\2JA"), "it is no order-entry login"

    scenario(test)


def test_silent_readers_are_dropped_and_the_others_have_heartbeats(caplog: pytest.LogCaptureFixture) -> None:
    async def test(server: EntryServer) -> None:
        reader = await server.copy_of("HFTX")
        await reader.closed()

    scenario(test, copy_timeouts=Timeouts(silence=SECOND // 10))
    assert "nothing received for 0.1 s" in caplog.text


def test_the_end_reaches_every_reader() -> None:
    async def test(server: EntryServer) -> None:
        reader = await server.copy_of("HFTX")
        await server.drop_copy.close()
        assert (await reader.closed()).endswith(b"\0\1Z")

    scenario(test)
