"""A whole session put together, driven by a virtual clock: the same seed gives the same packets."""

from ipaddress import IPv4Address
from pathlib import Path

import pytest

from exchange.account import Login
from exchange.order_log import OrderLog
from exchange.session import Endpoint, ServiceError, Settings, build_session
from protocols import mold
from tests.exchange.recording_line import Wire


def settings(**changes: object) -> Settings:
    feed = Endpoint(IPv4Address("239.1.1.1"), 1)
    fixed = {"bind": IPv4Address("127.0.0.1"), "ouch_port": 0, "feed_a": feed, "feed_b": feed, "session": "S"}
    return Settings(**fixed, logins=(Login("A", "B", "C"),), **changes)  # type: ignore[arg-type]


def packets(of: Settings) -> list[bytes]:
    wire = Wire()
    with build_session(of, [wire], OrderLog(None)) as session:
        session.day.start(0)
        now = 0
        while not session.day.ended:
            session.day.advance(now)
            session.market.publisher.tick(now)
            now = max(now + 1, min(session.day.next_deadline() or now, session.market.publisher.next_deadline()))
    return wire.packets


def test_a_seed_gives_the_same_packets_to_the_byte(real_slice: Path) -> None:
    first, again = (packets(settings(replay=real_slice, seconds=5.0, speed=0.001, seed=2**64 - 1)) for _ in range(2))
    other = packets(settings(replay=real_slice, seconds=5.0, speed=0.001, seed=1))
    assert first == again
    assert first != other
    decoded = [mold.decode(packet) for packet in first]
    assert sum(len(packet.messages) for packet in decoded if isinstance(packet, mold.Packet)) > 3_000
    assert isinstance(decoded[-1], mold.EndOfSession)


def test_symbols_of_the_file_keep_their_locates_and_others_get_free_ones(real_slice: Path) -> None:
    with build_session(settings(replay=real_slice, symbols=("QQQ", "AAPL")), [], OrderLog(None)) as session:
        listings = session.market.directory.listings
        assert listings["QQQ"].locate == 6556
        assert listings["AAPL"].locate not in {each.locate for name, each in listings.items() if name != "AAPL"}
        assert listings["QQQ"].price == pytest.approx(2_135_000, rel=0.01), "the usual price of the file"


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ServiceError, match="No such file"):
        build_session(settings(replay=tmp_path / "none"), [], OrderLog(None))
