"""A whole day by the clock, with everything that belongs to it."""

from collections.abc import Callable

import pytest

from exchange.cross_rules import CLOSING, OPENING
from exchange.schedule import EARLY_CLOSE, REGULAR, Schedule
from exchange.supervision import supervise
from exchange.trading_day import TradingDay
from protocols.itch50 import CrossTrade, ItchMessage, Noii, SystemEvent
from tests.exchange.floor import MINUTE, Floor

HOUR = 60 * MINUTE


class Room:
    """Two symbols under supervision, and the calls that end orders."""

    def __init__(self, schedule: Schedule = REGULAR, mpids: tuple[str, ...] = ()) -> None:
        self.floor = Floor("AAPL", "MSFT", now=0)
        self.calls: list[tuple[str, int]] = []
        self.supervision = supervise(self.floor.market, schedule)
        self.day = TradingDay(
            self.floor.market, schedule, self.supervision, self.called("close"), self.called("end"), mpids
        )

    def called(self, name: str) -> Callable[[int], None]:
        return lambda now: self.calls.append((name, now))

    def run(self, until: int) -> None:
        """As a venue does: the day first, then the timers."""
        parts = (self.day, *self.supervision.timers)
        while (due := min((d for part in parts if (d := part.next_deadline()) is not None), default=until)) < until:
            for part in parts:
                if (deadline := part.next_deadline()) is not None and deadline <= due:
                    part.advance(due)
        self.floor.now = max(self.floor.now, until)

    def news(self) -> list[ItchMessage]:
        return [message for message in self.floor.news() if not isinstance(message, Noii)]


def events(messages: list[ItchMessage]) -> list[tuple[str, int]]:
    return [(m.event_code, m.timestamp // MINUTE) for m in messages if isinstance(m, SystemEvent)]


def types(messages: list[ItchMessage]) -> str:
    return "".join(message.TYPE for message in messages)


def test_a_day_from_03_00_to_20_05() -> None:
    room = Room(mpids=("MKMA",))
    room.day.start(3 * HOUR)
    room.run(24 * HOUR)
    messages = room.news()
    assert types(messages) == "S" + "RHY" * 2 + "LL" + "V" + "SS" + "QQ" + "QQ" + "SSS"
    assert events(messages) == [("O", 180), ("S", 240), ("Q", 570), ("M", 960), ("E", 1_200), ("C", 1_205)]
    crosses = [(m.cross_type, m.shares, m.timestamp // MINUTE) for m in messages if isinstance(m, CrossTrade)]
    assert crosses == [("O", 0, 570)] * 2 + [("C", 0, 960)] * 2
    assert room.calls == [("close", 16 * HOUR), ("end", 20 * HOUR)]
    assert room.day.next_deadline() is None


def test_a_day_with_an_early_close() -> None:
    room = Room(EARLY_CLOSE)
    room.day.start(3 * HOUR)
    room.run(24 * HOUR)
    assert events(room.news())[3:] == [("M", 780), ("E", 1_020), ("C", 1_025)]


def test_orders_find_their_crosses() -> None:
    room = Room()
    floor = room.floor
    room.day.start(3 * HOUR)
    assert not floor.market.enter(floor.order("B", 1, 1_000_000), 3 * HOUR), "before system hours nothing is taken"
    room.run(4 * HOUR + 1)
    floor.enter("B", 100, 1_000_000, auction=OPENING)
    floor.enter("S", 70, 1_000_000, auction=OPENING)
    floor.enter("B", 50, 1_010_000, auction=CLOSING)
    floor.enter("S", 20, 1_000_000)
    room.run(10 * HOUR)
    floor.enter("S", 80, 1_010_000)
    room.run(17 * HOUR)
    floor.enter("B", 30, 1_010_000)
    room.run(24 * HOUR)
    assert [event for event in floor.trader.take() if event[0] not in ("accepted", "rejected")] == [
        ("auctioned", 2, 90, 1_000_000, 1 << 32, "O"),
        ("auctioned", 3, 70, 1_000_000, 1 << 32, "O"),
        ("auctioned", 5, 20, 1_000_000, 1 << 32, "O"),
        ("cancelled", 2, 10, "T"),
        ("auctioned", 4, 50, 1_010_000, (1 << 32) + 2, "C"),
        ("auctioned", 6, 50, 1_010_000, (1 << 32) + 2, "C"),
        ("executed", 6, 7, 30, 1_010_000, (1 << 32) + 4),
    ]


def test_noii_ahead_of_both_crosses() -> None:
    room = Room()
    room.day.start(3 * HOUR)
    room.run(4 * HOUR + 1)
    room.floor.enter("B", 100, 1_000_000, auction=OPENING)
    room.floor.enter("B", 100, 1_000_000, "MSFT", auction=CLOSING)
    room.run(24 * HOUR)
    indicated = [(m.stock, m.cross_type) for m in room.floor.news() if isinstance(m, Noii)]
    assert indicated == [("AAPL", "O")] * (18 + 120) + [("MSFT", "C")] * (30 + 300)


def test_a_halted_symbol_has_no_cross() -> None:
    room = Room()
    room.day.start(3 * HOUR)
    room.run(4 * HOUR + 1)
    room.floor.enter("B", 100, 1_000_000, auction=OPENING)
    room.floor.enter("B", 100, 1_000_000, auction=CLOSING)
    room.supervision.halts.halt("AAPL", "T1", 5 * HOUR)
    room.floor.trader.take()
    room.run(24 * HOUR)
    assert room.floor.trader.take() == [("cancelled", 1, 100, "H"), ("cancelled", 2, 100, "T")]
    assert {m.stock for m in room.news() if isinstance(m, CrossTrade)} == {"MSFT"}


def test_what_is_paused_at_the_close_reopens_for_the_closing_cross() -> None:
    room = Room()
    room.day.start(3 * HOUR)
    room.run(15 * HOUR + 50 * MINUTE)
    room.supervision.halts.halt("AAPL", "T1", room.floor.now)
    room.supervision.halts.quote("AAPL", "T7", room.floor.now, None)
    room.floor.enter("B", 10, 1_000_000)
    room.floor.enter("S", 10, 990_000)
    room.news()
    room.run(16 * HOUR + 1)
    printed = [(m.stock, m.cross_type, m.shares) for m in room.news() if isinstance(m, CrossTrade)]
    assert printed == [("AAPL", "H", 10), ("AAPL", "C", 0), ("MSFT", "C", 0)]


def test_a_late_start_makes_up_for_what_was_due() -> None:
    room = Room()
    room.day.start(9 * HOUR)
    assert events(room.news()) == [("O", 180), ("S", 240)]
    assert room.day.next_deadline() == 9 * HOUR + 30 * MINUTE
    room.day.start(9 * HOUR)
    assert room.news() == []


@pytest.mark.parametrize(
    ("at", "codes", "crosses"),
    [
        (3 * HOUR + 1, "OMEC", ""),
        (5 * HOUR, "OSMEC", ""),
        (10 * HOUR, "OSQMEC", "OOCC"),
        (17 * HOUR, "OSQMEC", "OOCC"),
        (20 * HOUR + 1, "OSQMEC", "OOCC"),
        (21 * HOUR, "OSQMEC", "OOCC"),
    ],
)
def test_an_end_at_any_time_closes_what_is_open_once(at: int, codes: str, crosses: str) -> None:
    room = Room()
    room.day.start(3 * HOUR)
    room.run(at)
    room.day.end(at)
    room.day.end(at)
    messages = room.news()
    assert "".join(code for code, _ in events(messages)) == codes
    assert "".join(m.cross_type for m in messages if isinstance(m, CrossTrade)) == crosses
    assert [name for name, _ in room.calls] == ["close", "end"]
    assert room.day.next_deadline() is None


def test_a_day_that_never_began_does_nothing() -> None:
    room = Room()
    room.run(24 * HOUR)
    room.day.end(24 * HOUR)
    assert room.news() == []


def test_the_same_inputs_give_the_same_bytes() -> None:
    feeds = []
    for _ in range(2):
        room = Room()
        room.day.start(3 * HOUR)
        room.run(9 * HOUR)
        for number in range(20):
            room.floor.enter("BS"[number % 2], 100 + number, 1_000_000 + number % 5 * 100, auction=OPENING)
        room.run(10 * HOUR)
        publisher = room.floor.market.publisher
        feeds.append(publisher.read(1, len(publisher)))
    assert feeds[0] == feeds[1]


def test_without_a_schedule_there_are_only_halts() -> None:
    floor = Floor()
    supervision = supervise(floor.market)
    assert (supervision.luld, supervision.reg_sho, supervision.breaker) == (None, None, None)
    assert [timer.next_deadline() for timer in supervision.timers] == [None, None]
    floor.enter("B", 100, 1_000_000, auction=OPENING)
    assert floor.trader.take() == [("rejected", 1, 0x0014)]
    supervision.halts.halt("AAPL", "T1", floor.now)
    assert supervision.halts.resume("AAPL", "T3", floor.now).shares == 0
