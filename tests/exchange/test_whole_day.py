"""Whole days through the core: halts, crosses, the breaker, crashes and restarts in combination."""

import random
import tempfile
from pathlib import Path
from typing import Any

import pytest

from exchange.assembly import Session, build_session
from exchange.clock import SECOND
from exchange.commands import CommandError
from exchange.control import ControlServer
from exchange.order_log import OrderLog
from protocols import itch50
from protocols.order_book import OrderBooks
from tests.exchange.conftest import cancel, enter, replace
from tests.exchange.test_assembly import feed, journalled, let_pass, settings

HOUR, MINUTE = 3600 * SECOND, 60 * SECOND
AT_THE_MARKET = 0x7FFF_FFFF


class Day:
    """A trading day of one symbol, with one client."""

    def __init__(self, at: int) -> None:
        self.session = build_session(settings(day=True, flow=False, symbols=("AAPL",)), {}, OrderLog(None))
        self.exchange = self.session.exchange
        self.exchange.start(self.session.start_time)
        self.entry = self.exchange.venues[0].entries[0]
        self.listing = self.session.market.directory.listings["AAPL"]
        self.price = self.listing.price // 100 * 100
        self.at = at
        let_pass(self.session, at)

    def later(self, at: int) -> None:
        let_pass(self.session, at)
        self.at = at

    def send(self, data: bytes) -> None:
        self.at += 1
        self.exchange.on_message(self.entry, data, self.at)

    def do(self, command: str) -> dict[str, Any]:
        self.at += 1
        return self.exchange.command({"do": command, "symbol": "AAPL"}, self.at)

    def told(self) -> list[bytes]:
        """Type and, of a cancel, the reason of every message but system events."""
        stream = self.entry.account.stream.read(1)
        return [m[:1] + (m[17:18] if m[:1] == b"C" else b"") for m in stream if m[:1] != b"S"]

    def trading_states(self) -> list[bytes]:
        return [message[19:20] for message in feed(self.session) if message[:1] == b"H"]


def test_a_halt_cross_that_breaches_the_breaker_leaves_the_symbol_halted() -> None:
    day = Day(10 * HOUR)
    day.do("halt")
    day.do("quote")
    low = day.price * 92 // 10_000 * 100
    day.send(enter(1, "B", price=low))
    day.send(enter(2, "S", price=low))
    day.do("resume")
    assert day.trading_states() == [b"T", b"H", b"Q", b"T", b"H"], "it trades, then the whole market is halted"
    assert [message[11:12] for message in feed(day.session) if message[:1] == b"W"] == [b"1"]
    day.later(11 * HOUR)
    assert day.trading_states()[5:] == [b"Q", b"T"]


def test_day_orders_that_waited_enter_before_the_breaker_halts_the_symbol_again() -> None:
    day = Day(9 * HOUR)
    low = day.price * 92 // 10_000 * 100
    day.send(enter(1, "B", 300, price=low))
    day.send(enter(2, "S", price=low))
    day.do("halt")
    day.later(10 * HOUR)
    day.do("quote")
    day.do("resume")
    kinds = [message[:1] + (message[19:20] if message[:1] == b"H" else b"") for message in feed(day.session)]
    assert kinds[-5:] == [b"Q", b"HT", b"A", b"W", b"HH"]


def test_day_orders_that_an_operational_halt_kept_from_the_open_enter_when_it_is_lifted() -> None:
    day = Day(9 * HOUR)
    day.send(enter(1, "B", price=day.price))
    day.do("operational-halt")
    day.send(enter(2, "B", price=day.price, cross="H"))
    assert day.told() == [b"A", b"J"], "there will be no halt cross"
    day.later(9 * HOUR + 40 * MINUTE)
    day.do("lift")
    day.send(enter(3, "S", price=day.price))
    assert day.told()[2:] == [b"T", b"A", b"E", b"E"]


def test_an_immediate_order_for_a_halt_cross_that_never_comes_ends_with_the_day() -> None:
    day = Day(10 * HOUR)
    day.do("halt")
    day.send(enter(1, "B", price=day.price, cross="H", tif="3"))
    day.later(20 * HOUR + 10 * MINUTE)
    assert day.told() == [b"A", b"CT"]
    assert not day.entry.orders


def test_a_lost_connection_cannot_cancel_what_the_client_could_not() -> None:
    day = Day(15 * HOUR + 40 * MINUTE)
    day.send(enter(1, "B", price=AT_THE_MARKET, cross="C"))
    day.later(15 * HOUR + 57 * MINUTE)
    day.send(cancel(1))
    assert day.exchange.on_disconnect_due(day.entry, day.at) == 0
    assert day.told() == [b"A", b"P"]


def test_nothing_moves_behind_a_feed_that_has_ended() -> None:
    with build_session(settings(day=True, symbols=("AAPL",), rate=0.01), {}, OrderLog(None)) as session:
        session.exchange.start(session.start_time)
        let_pass(session, 20 * HOUR + 6 * MINUTE)
        assert session.market.last_system_event == "C"
        assert session.exchange.venues[0].script.next_time() is None
        assert session.market.books()["books"]["AAPL"] == session.market.book("AAPL").view()


@pytest.mark.parametrize(
    "request_",
    [
        {"do": "halt", "symbol": "AAPL", "venue": []},
        {"do": "halt", "symbol": {}},
        {"do": "break", "match": "0" * 30 + "1"},
        {"do": "ipo", "symbol": "AAPL", "price": "0" * 19 + "1" + "9" * 30},
        {"do": "ipo", "symbol": "AAPL", "price": 2**32},
    ],
    ids=str,
)
def test_no_command_poisons_the_journal(tmp_path: Path, request_: dict[str, Any]) -> None:
    with journalled(tmp_path, symbols=("AAPL",), flow=False) as session:
        session.exchange.start(session.start_time)
        answer = ControlServer(lambda one: session.exchange.command(one, session.start_time)).answer(
            repr(request_).replace("'", '"').encode()
        )
        assert not answer["ok"]
        session.exchange.commit(0)
        expected = session.exchange.state_hash()
    with journalled(tmp_path, symbols=("AAPL",), flow=False) as session:
        assert session.exchange.state_hash() == expected


def test_commands_before_and_after_the_day_are_refused() -> None:
    with build_session(settings(symbols=("AAPL",), flow=False), {}, OrderLog(None)) as session:
        halt = {"do": "halt", "symbol": "AAPL"}
        with pytest.raises(CommandError, match="has not begun"):
            session.exchange.command(halt, session.start_time)
        session.exchange.start(session.start_time)
        session.exchange.end(session.start_time)
        with pytest.raises(CommandError, match="is over"):
            session.exchange.command(halt, session.start_time)


@pytest.mark.parametrize(
    "flow",
    [
        {"rate": 1_000.0},
        {"rate": 1_000.0, "speed": None},
        {"flow": False, "agents": ("take:symbol=AAPL,at=1,every=2",)},
    ],
    ids=str,
)
def test_a_client_between_two_phases_changes_nothing_in_the_replay(
    tmp_path: Path, real_slice: Path, flow: dict[str, Any]
) -> None:
    setup = {"symbols": ("AAPL",), "replay": real_slice, **flow}
    with journalled(tmp_path, **setup) as session:
        exchange = session.exchange
        exchange.start(session.start_time)
        script = exchange.venues[0].script
        while script.phase is not None and script.phase.name == "replay":
            exchange.flow(0, 100, None)
        exchange.on_message(exchange.venues[0].entries[0], enter(1, price=1_000_000), script.began + SECOND // 2)
        for _ in range(20):
            exchange.flow(0, 1, None)
        exchange.commit(0)
        before = exchange.state_hash(), feed(session)
    with journalled(tmp_path, **setup) as session:
        assert (session.exchange.state_hash(), feed(session)) == before


# Around what a day does by the clock.
MOMENTS = (4 * HOUR, 9 * HOUR + 28 * MINUTE, 9 * HOUR + 30 * MINUTE, 15 * HOUR + 50 * MINUTE, 16 * HOUR)
OPERATOR = ("halt", "quote", "resume", "operational-halt", "lift")


def request(rng: random.Random, ref: int, price: int, symbol: str) -> bytes:
    kind = rng.random()
    if kind < 0.65:
        cross = rng.choice("NNNNOCH")
        at = AT_THE_MARKET if cross != "N" and rng.random() < 0.4 else price + 100 * rng.randint(-4, 4) * price // 10**6
        tif = rng.choice("0053E") if cross == "N" else rng.choice("003")
        return enter(
            ref,
            rng.choice("BBSST"),
            rng.choice([100, 300, 700]),
            symbol,
            at,
            tif=tif,
            display=rng.choice("YYNA"),
            cross=cross,
        )
    old = rng.randint(max(1, ref - 30), ref)
    return cancel(old, rng.choice([0, 50])) if kind < 0.8 else replace(old, ref, 200, price + 100 * rng.randint(-2, 2))


@pytest.mark.parametrize("seed", range(2))
def test_a_random_day_keeps_feed_and_books_together_and_replays_to_the_byte(seed: int) -> None:
    rng = random.Random(seed)
    setup: dict[str, Any] = {"symbols": ("AAPL", "MSFT"), "flow": False, "day": True, "venues": ("NSDQ", "PSX")}
    with tempfile.TemporaryDirectory() as folder:
        with journalled(Path(folder), **setup) as session:
            exchange = session.exchange
            exchange.start(session.start_time)
            times = sorted(rng.choice(MOMENTS) + rng.randrange(5 * MINUTE) - MINUTE for _ in range(250))
            for ref, now in enumerate(times, 1):
                let_pass(session, now)
                step(rng, session, ref, now)
                exchange.commit(0)
                check_books(session)
            let_pass(session, 20 * HOUR + 6 * MINUTE)
            exchange.commit(0)
            check_books(session)
            assert not any(entry.orders for venue in exchange.venues for entry in venue.entries)
            before = outcome(session)
        with journalled(Path(folder), **setup) as session:
            assert outcome(session) == before


def step(rng: random.Random, session: Session, ref: int, now: int) -> None:
    venue = rng.choice(session.exchange.venues)
    symbol = rng.choice(["AAPL", "MSFT"])
    kind = rng.random()
    if kind < 0.9:
        price = venue.market.directory.listings[symbol].price // 100 * 100
        session.exchange.on_message(venue.entries[0], request(rng, ref, price, symbol), now)
    elif kind < 0.98:
        try:
            session.exchange.command({"do": rng.choice(OPERATOR), "symbol": symbol, "venue": venue.name}, now)
        except CommandError:
            pass
    else:
        session.exchange.on_disconnect_due(venue.entries[0], now)


def check_books(session: Session) -> None:
    """What a receiver holds is what the engine holds, and no book that trades is crossed."""
    for number, venue in enumerate(session.exchange.venues):
        books = OrderBooks()
        for message in feed(session, number):
            books.apply(itch50.decode(message))
        assert books.unknown_references == books.over_executions == books.duplicate_references == 0
        for symbol, listing in venue.market.directory.listings.items():
            view = venue.market.book(symbol).view()
            assert books.view(symbol) == view
            if listing.trading_state == "T" and not listing.halted_by and view["bids"] and view["asks"]:
                assert view["bids"][0][0] < view["asks"][0][0]


def outcome(session: Session) -> tuple[Any, ...]:
    exchange = session.exchange
    streams = [entry.account.stream.read(1) for venue in exchange.venues for entry in venue.entries]
    return exchange.state_hash(), [feed(session, number) for number in range(len(exchange.venues))], streams
