"""Broken trades: on the feed, to both sides, with every trade of the day in reach."""

from pathlib import Path

import pytest

from exchange.auction import Auctions
from exchange.trade_log import TradeError, TradeLog
from protocols.itch50 import BrokenTrade
from tests.exchange.floor import Floor, Trader

FIRST = 1 << 32


class Room:
    """Two traders and the house."""

    def __init__(self, folder: Path) -> None:
        self.floor = Floor()
        self.log = TradeLog(self.floor.market, folder)
        self.other = Trader(self.floor.market)

    def trade(self, maker: int, taker: int, shares: int = 100) -> None:
        self.floor.enter("B", shares, 1_000_000, owner=maker)
        self.floor.enter("S", shares, 1_000_000, owner=taker)


@pytest.fixture
def room(tmp_path: Path) -> Room:
    return Room(tmp_path)


def test_both_sides_are_told_and_the_feed_shows_it(room: Room) -> None:
    room.trade(1, 2)
    room.floor.news()
    assert room.log.break_trade(FIRST, "E", room.floor.now + 5) == 2
    assert room.floor.trader.take()[-1] == ("broken", 1, FIRST, "E")
    assert room.other.take()[-1] == ("broken", 2, FIRST, "E")
    broken = BrokenTrade(stock_locate=1, tracking_number=0, timestamp=room.floor.now + 5, match_number=FIRST)
    assert room.floor.news() == [broken]


def test_the_house_is_not_told_and_a_trade_with_oneself_is_told_for_both_orders(room: Room) -> None:
    room.trade(0, 2)
    room.trade(0, 0)
    room.trade(1, 1)
    assert [room.log.break_trade(FIRST + number, "C", room.floor.now) for number in range(3)] == [1, 0, 2]
    assert room.floor.trader.take()[-2:] == [("broken", 5, FIRST + 2, "C"), ("broken", 6, FIRST + 2, "C")]


def test_a_cross_is_broken_as_a_whole(room: Room) -> None:
    auctions = Auctions(room.floor.market)
    book = room.floor.market.book("AAPL")
    auctions.cross(book, "H", room.floor.now)
    room.floor.market.engine.set_trading(book, False, True, room.floor.now)
    room.trade(1, 2)
    room.floor.enter("B", 40, 1_000_000, owner=0)
    room.floor.enter("S", 40, 1_000_000, owner=1)
    auctions.cross(book, "H", room.floor.now)
    room.floor.market.engine.set_trading(book, False, False, room.floor.now)
    room.trade(1, 1)
    with pytest.raises(TradeError, match="traded nothing"):
        room.log.break_trade(FIRST, "S", room.floor.now)
    assert room.log.break_trade(FIRST + 1, "S", room.floor.now) == 3
    assert room.other.take()[-1] == ("broken", 2, FIRST + 1, "S")
    assert [event[1] for event in room.floor.trader.take() if event[0] == "broken"] == [1, 4]


def test_any_trade_of_a_long_day_can_be_broken(room: Room) -> None:
    for _ in range(5_000):
        room.trade(1, 2, 1)
    for number in (0, 1, 2_500, 4_095, 4_096, 4_999):
        room.floor.trader.take()
        room.log.break_trade(FIRST + number, "X", room.floor.now)
        assert room.floor.trader.take() == [("broken", 2 * number + 1, FIRST + number, "X")]
        with pytest.raises(TradeError, match=f"{FIRST + number} is broken already"):
            room.log.break_trade(FIRST + number, "X", room.floor.now)


@pytest.mark.parametrize(
    ("match", "reason", "words"),
    [
        (FIRST - 1, "E", "no match 4294967295"),
        (FIRST + 1, "E", "go from 4294967296 to 4294967296"),
        (FIRST, "Q", "reason 'Q' is none of E, C, S, X"),
    ],
)
def test_what_cannot_be_broken(room: Room, match: int, reason: str, words: str) -> None:
    room.trade(1, 2)
    room.floor.news()
    with pytest.raises(TradeError, match=words):
        room.log.break_trade(match, reason, room.floor.now)
    assert room.floor.news() == []
