"""The session script with a virtual clock."""

from pathlib import Path

import pytest

from exchange.clock import MARKET_OPEN, SECOND, SessionClock
from exchange.day import Day, Phase
from exchange.flow.generator import Generator
from exchange.flow.replay import Replay, survey
from exchange.market import Market
from exchange.market_data import Publisher
from protocols import binaryfile, itch50, mold
from tests.exchange.recording_line import Wire


def live(day: Day, market: Market, until: int, start: int = 0) -> None:
    """Let virtual time pass as the service does."""
    now = start
    while now <= until:
        day.advance(now)
        market.publisher.tick(now)
        due = day.next_deadline()
        deadline = market.publisher.next_deadline()
        now = max(now + 1, deadline if due is None else min(due, deadline))


def types(market: Market) -> str:
    return "".join(chr(data[0]) for data in market.publisher.messages)


def events(market: Market) -> str:
    decoded = (itch50.decode(data) for data in market.publisher.messages)
    return "".join(message.event_code for message in decoded if isinstance(message, itch50.SystemEvent))


def test_a_day_without_flow(market: Market) -> None:
    day = Day(market, SessionClock(), seconds=3)
    assert day.next_deadline() is None
    day.start(10)
    day.start(11)
    live(day, market, 10 * SECOND, 10)
    assert types(market) == "S" + "RHY" * 2 + "SS" + "SSS"
    assert events(market) == "OSQMEC"
    first, last = itch50.decode(market.publisher.messages[0]), itch50.decode(market.publisher.messages[-1])
    assert first.timestamp == MARKET_OPEN - SECOND
    assert last.timestamp - first.timestamp == 3 * SECOND


def test_before_the_start_there_are_only_heartbeats_with_next_1() -> None:
    wire = Wire()
    market = Market(Publisher("S", [wire]))
    market.list_symbol("AAPL")
    day = Day(market, SessionClock())
    live(day, market, 3 * SECOND)
    assert {mold.decode(packet) for packet in wire.packets} == {mold.Heartbeat("S", 1)}
    day.start(4 * SECOND)
    day.advance(4 * SECOND)
    packet = mold.decode(wire.packets[-1])
    assert isinstance(packet, mold.Packet)
    assert packet.sequence == 1
    assert itch50.decode(packet.messages[0]).timestamp == MARKET_OPEN - SECOND, "time stands still until the start"


def test_a_day_that_never_began_ends_its_session_only() -> None:
    wire = Wire()
    market = Market(Publisher("S", [wire]))
    day = Day(market, SessionClock())
    day.end(0)
    day.end(1)
    assert [mold.decode(packet) for packet in wire.packets] == [mold.EndOfSession("S", 1)]


def test_generated_flow_is_the_same_however_late_the_process_is() -> None:
    feeds = []
    for step in (SECOND // 1000, SECOND // 7):
        market = Market(Publisher("S", []))
        market.list_symbol("AAPL")
        day = Day(market, SessionClock(), [Phase("generated", Generator(market, ["AAPL"], 200, 5))])
        day.start(0)
        for now in range(0, 2 * SECOND, step):
            day.advance(now)
        feeds.append(market.publisher.messages)
    shorter = min(len(feed) for feed in feeds)
    assert shorter > 400
    assert feeds[0][:shorter] == feeds[1][:shorter]


@pytest.mark.parametrize("speed", [0.001, 1.0, None])
def test_replay_paces_and_generated_flow_follows(real_slice: Path, speed: float | None) -> None:
    messages = list(binaryfile.read(real_slice))
    found = survey(messages)
    market = Market(Publisher("S", []))
    for symbol, locate in found.locates.items():
        market.list_symbol(symbol, locate)
    replay, generator = Replay(market, messages), Generator(market, ["QQQ"], 100, 1)
    phases = [Phase("replay", replay, speed, found.first_time), Phase("generated", generator)]
    day = Day(market, SessionClock(found.first_time - SECOND), phases, seconds=4, opens_itself=False)
    day.start(0)
    half = {0.001: SECOND * 12 // 10, 1.0: SECOND * 12 // 10_000, None: 0}[speed]
    live(day, market, half)
    done = replay.counters()["messages"]
    assert done < 1000 if speed else done > 0
    live(day, market, 5 * SECOND, half)
    assert replay.counters()["messages"] == 1000
    assert generator.counters()["messages"] > 50
    assert day.ended
    assert events(market) == "OSQMEC"
    times = [itch50.decode(data).timestamp for data in market.publisher.messages]
    assert times == sorted(times)


def test_the_clock_tells_when_a_time_is_reached() -> None:
    clock = SessionClock(1_000)
    assert clock.now(99) == 1_000
    clock.set(1_000, 50, 0.001)
    assert clock.now(50 + 2_000) == 1_002
    assert clock.monotonic_at(1_002) == 50 + 2_000
    assert clock.monotonic_at(900) == 50
