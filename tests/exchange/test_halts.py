"""Halts, quotation periods and reopenings: on the feed, in the engine, for participants."""

from collections.abc import Callable
from typing import Any

import pytest

from exchange.auction import Auctions
from exchange.book import Book
from exchange.clock import SECOND
from exchange.cross_price import Clearing
from exchange.halts import HaltError, Halts
from exchange.noii_timer import NoiiTimer
from protocols.itch50 import (
    CrossTrade,
    IpoQuotingPeriodUpdate,
    ItchMessage,
    Noii,
    OperationalHalt,
    StockTradingAction,
)
from tests.exchange.floor import MINUTE, NINE_THIRTY, Floor

NOON = NINE_THIRTY + 150 * MINUTE


class Room:
    """A floor with halts."""

    def __init__(self, *symbols: str) -> None:
        self.floor = Floor(*symbols, now=NOON)
        market = self.floor.market
        self.noii = NoiiTimer(market, Auctions(market))
        self.halts = Halts(market, market.auctions, self.noii)

    def run(self, until: int) -> None:
        """Let time pass, timer by timer."""
        while (due := min(filter(None, (self.noii.next_deadline(), self.halts.next_deadline())), default=None)) and (
            due <= until
        ):
            self.noii.advance(due)
            self.halts.advance(due)
        self.floor.now = until

    def actions(self) -> list[tuple[Any, ...]]:
        """The feed since the last call, in short; NOIIs left out."""
        return [short(message) for message in self.floor.news() if not isinstance(message, Noii)]


def short(message: ItchMessage) -> tuple[Any, ...]:
    if isinstance(message, StockTradingAction):
        return message.stock, message.trading_state, message.reason
    if isinstance(message, OperationalHalt):
        return message.stock, message.market_code, message.operational_halt_action
    if isinstance(message, CrossTrade):
        return message.cross_type, message.shares, message.cross_price
    if isinstance(message, IpoQuotingPeriodUpdate):
        seconds = message.ipo_quotation_release_time
        return "K", seconds, message.ipo_quotation_release_qualifier, message.ipo_price
    return (message.TYPE,)


@pytest.fixture
def room() -> Room:
    return Room("AAPL", "MSFT")


def test_a_halt_a_quotation_period_and_a_reopening(room: Room) -> None:
    floor = room.floor
    resting = floor.enter("B", 100, 1_000_000)
    room.halts.halt("AAPL", "T1", NOON)
    floor.enter("S", 100, 1_000_000)
    assert floor.trader.take()[1:] == [("rejected", 2, 0x0007)]
    assert floor.market.cancel(resting, 60, NOON) == 40
    assert room.actions() == [("A",), ("AAPL", "H", "T1"), ("X",)]
    room.halts.quote("AAPL", "T3", NOON + MINUTE, NOON + 6 * MINUTE, "T3")
    floor.now = NOON + MINUTE
    floor.enter("S", 100, 990_000)
    floor.enter("S", 10, 2_000_000_000, auction=ord("H"))
    assert room.actions() == [("AAPL", "Q", "T3"), ("A",)]
    room.run(NOON + 6 * MINUTE)
    assert [event[:3] for event in floor.trader.take() if event[0] == "auctioned"] == [
        ("auctioned", 1, 60),
        ("auctioned", 4, 10),
        ("auctioned", 3, 50),
    ]
    assert room.actions() == [("C",), ("C",), ("H", 60, 990_000), ("AAPL", "T", "T3")]
    floor.enter("B", 10, 990_000)
    assert room.actions() == [("E",)], "it trades"


def test_noii_every_second_of_the_quotation_period(room: Room) -> None:
    room.halts.halt("AAPL", "T1", NOON)
    room.run(NOON + MINUTE)
    assert room.floor.types() == "H"
    room.halts.quote("AAPL", "T3", NOON + MINUTE, NOON + MINUTE + 3 * SECOND)
    room.run(NOON + 9 * MINUTE)
    assert room.floor.types() == "HIIIQH"


def test_the_operator_ends_a_quotation_period_without_a_time(room: Room) -> None:
    room.halts.halt("AAPL", "T1", NOON)
    room.halts.quote("AAPL", "T7", NOON, None)
    assert room.halts.next_deadline() is None
    assert room.halts.resume("AAPL", "R4", NOON + MINUTE).shares == 0
    assert room.actions() == [("AAPL", "H", "T1"), ("AAPL", "Q", "T7"), ("H", 0, 0), ("AAPL", "T", "R4")]
    assert room.noii.next_deadline() is None
    listing = room.floor.market.directory.listings["AAPL"]
    assert (listing.trading_state, listing.reason) == ("T", "R4"), "what a snapshot repeats"


def test_midpoint_orders_trade_after_the_trading_action_not_before(room: Room) -> None:
    floor = room.floor
    floor.enter("B", 100, 990_000)
    floor.enter("S", 100, 1_010_000)
    room.halts.halt("AAPL", "T1", NOON)
    room.halts.quote("AAPL", "T7", NOON, None)
    floor.enter("B", 10, 1_000_000, midpoint=True)
    floor.enter("S", 10, 1_000_000, midpoint=True)
    floor.news()
    room.halts.resume("AAPL", "", NOON)
    assert room.actions() == [("H", 0, 0), ("AAPL", "T", ""), ("P",)]


def test_an_operational_halt_stops_this_market_without_a_cross(room: Room) -> None:
    floor = room.floor
    room.halts.halt_operationally("AAPL", NOON)
    floor.enter("B", 100, 1_000_000)
    assert floor.trader.take() == [("rejected", 1, 0x0007)]
    room.halts.lift("AAPL", NOON + 1)
    floor.enter("B", 100, 1_000_000)
    assert room.actions() == [("AAPL", "Q", "H"), ("AAPL", "Q", "T"), ("A",)]
    assert floor.market.directory.listings["AAPL"].halted_by == ""


def test_a_reopening_waits_for_the_end_of_an_operational_halt(room: Room) -> None:
    room.halts.halt("AAPL", "T1", NOON, NOON + MINUTE, "T3")
    room.run(NOON + MINUTE)
    room.halts.halt_operationally("AAPL", NOON + 2 * MINUTE)
    room.run(NOON + 8 * MINUTE + 1)
    assert room.actions()[-1] == ("AAPL", "Q", "H")
    room.halts.lift("AAPL", NOON + 8 * MINUTE + 2)
    room.run(NOON + 9 * MINUTE)
    assert room.actions()[1:] == [("H", 0, 0), ("AAPL", "T", "T3")]


def test_a_new_issue(room: Room) -> None:
    release = NOON + 30 * MINUTE
    room.halts.announce_ipo("AAPL", release, 250_000, NOON)
    room.halts.postpone_ipo("AAPL", NOON + 1)
    room.run(release + MINUTE)
    later = release + 60 * MINUTE
    room.halts.announce_ipo("AAPL", later, 250_000, release + MINUTE)
    room.run(later + 10 * MINUTE)
    assert room.actions() == [
        ("AAPL", "H", "IPO1"),
        ("K", release // SECOND, "A", 250_000),
        ("K", 0, "C", 0),
        ("AAPL", "H", "IPO1"),
        ("K", later // SECOND, "A", 250_000),
        ("AAPL", "Q", "IPOQ"),
        ("H", 0, 0),
        ("AAPL", "T", "R1"),
    ]


class OneMore:
    """A gate that holds back so many times."""

    def __init__(self, times: int) -> None:
        self.times = times

    def hold_back(self, book: Book, clearing: Clearing | None, market_left: int, now: int) -> int | None:
        self.times -= 1
        return now + MINUTE if self.times >= 0 else None


def test_a_pause_lasts_until_its_gate_lets_it_go(room: Room) -> None:
    room.halts.pause("AAPL", "LUDP", NOON, NOON + MINUTE, OneMore(2))
    order = room.floor.enter("B", 100, 1_000_000)
    assert order.level is not None, "orders rest while it is paused"
    room.run(NOON + 3 * MINUTE - 1)
    assert room.actions() == [("AAPL", "P", "LUDP"), ("A",)]
    room.run(NOON + 3 * MINUTE)
    assert room.actions() == [("H", 0, 0), ("AAPL", "T", "LUDP")]


def test_halt_all_leaves_what_is_halted_alone_and_reopen_all_ends_what_can_be_ended(room: Room) -> None:
    room.halts.halt("MSFT", "T1", NOON)
    room.halts.halt_all("MWC1", NOON, NOON + 10 * MINUTE, "MWCQ")
    room.run(NOON + 10 * MINUTE)
    assert room.actions() == [("MSFT", "H", "T1"), ("AAPL", "H", "MWC1"), ("AAPL", "Q", "MWCQ")]
    room.halts.reopen_all(NOON + 11 * MINUTE)
    assert room.actions() == [("H", 0, 0), ("AAPL", "T", "MWCQ")]
    assert room.halts.next_deadline() is None


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda halts: halts.halt("XYZ", "T1", NOON), "unknown symbol 'XYZ'"),
        (lambda halts: halts.quote("AAPL", "T7", NOON, None), "state 'T', not halted: halt it"),
        (lambda halts: halts.resume("AAPL", "", NOON), "trades already"),
        (lambda halts: halts.lift("AAPL", NOON), "under no operational halt"),
        (lambda halts: halts.halt_operationally("MSFT", NOON), "already"),
        (lambda halts: halts.resume("MSFT", "", NOON), "lift that first"),
        (lambda halts: halts.postpone_ipo("AAPL", NOON), "nothing to postpone"),
    ],
)
def test_what_is_impossible_is_refused_and_changes_nothing(
    room: Room, act: Callable[[Halts], object], words: str
) -> None:
    room.halts.halt("MSFT", "T1", NOON)
    room.halts.halt_operationally("MSFT", NOON)
    room.actions()
    with pytest.raises(HaltError, match=words):
        act(room.halts)
    assert room.actions() == []
