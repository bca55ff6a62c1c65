"""The market-wide circuit breaker: levels, index, halts."""

import pytest

from exchange.auction import Auctions
from exchange.breaker import Breaker
from exchange.halts import Halts
from exchange.noii_timer import NoiiTimer
from protocols.itch50 import MwcbDeclineLevel, MwcbStatus, Noii, StockTradingAction
from tests.exchange.floor import MINUTE, NINE_THIRTY, Floor

FOUR = 16 * 60 * MINUTE


class Room:
    """Two symbols that closed at $100."""

    def __init__(self) -> None:
        self.floor = Floor("AAPL", "MSFT", now=NINE_THIRTY + MINUTE)
        market = self.floor.market
        noii = NoiiTimer(market, Auctions(market))
        self.halts = Halts(market, market.auctions, noii)
        self.breaker = Breaker(market, self.halts, NINE_THIRTY, FOUR)

    def trade(self, symbol: str, price: int) -> None:
        self.floor.enter("B", 100, price, symbol)
        self.floor.enter("S", 100, price, symbol)

    def news(self) -> list[tuple[str, ...]]:
        shorts: list[tuple[str, ...]] = []
        for message in self.floor.news():
            if isinstance(message, StockTradingAction):
                shorts.append((message.stock, message.trading_state, message.reason))
            elif isinstance(message, MwcbStatus):
                shorts.append(("W", message.breached_level))
            elif isinstance(message, Noii):
                continue
        return shorts

    def wait(self, minutes: int) -> None:
        until = self.floor.now + minutes * MINUTE
        while (due := self.halts.next_deadline()) is not None and due <= until:
            self.halts.advance(due)
        self.floor.now = until


@pytest.fixture
def room() -> Room:
    return Room()


def test_the_levels_of_the_day(room: Room) -> None:
    room.breaker.announce(room.floor.now)
    (levels,) = room.floor.news()
    assert isinstance(levels, MwcbDeclineLevel)
    assert (levels.level_1, levels.level_2, levels.level_3) == (93_000_000_000, 87_000_000_000, 80_000_000_000)


def test_the_index_weighs_all_symbols_equally(room: Room) -> None:
    assert room.breaker.index() == 100_000_000_000
    room.trade("AAPL", 980_000)
    room.trade("MSFT", 1_010_000)
    room.trade("AAPL", 970_000)
    assert room.breaker.index() == 99_000_000_000


def test_level_1_halts_everything_for_15_minutes(room: Room) -> None:
    room.trade("AAPL", 860_100)
    assert room.news() == []
    room.trade("AAPL", 860_000)
    assert room.news() == [("W", "1"), ("AAPL", "H", "MWC1"), ("MSFT", "H", "MWC1")]
    room.wait(10)
    assert room.news() == [("AAPL", "Q", "MWCQ"), ("MSFT", "Q", "MWCQ")]
    room.wait(5)
    assert room.news() == [("AAPL", "T", "MWCQ"), ("MSFT", "T", "MWCQ")]
    room.trade("AAPL", 850_000)
    assert room.news() == [], "each level once"


def test_level_2_after_level_1_and_level_3_for_the_rest_of_the_day(room: Room) -> None:
    room.trade("AAPL", 860_000)
    room.wait(15)
    room.news()
    room.trade("AAPL", 740_000)
    assert room.news()[0] == ("W", "2")
    room.wait(15)
    room.news()
    room.trade("AAPL", 600_000)
    assert room.news() == [("W", "3"), ("AAPL", "H", "MWC3"), ("MSFT", "H", "MWC3")]
    assert room.halts.next_deadline() is None


def test_a_fall_through_two_levels_is_a_breach_of_the_second(room: Room) -> None:
    room.trade("AAPL", 740_000)
    assert [short for short in room.news() if short[0] == "W"] == [("W", "2")]


@pytest.mark.parametrize(
    ("now", "price", "said"),
    [
        (FOUR - 35 * MINUTE, 860_000, [("W", "1")]),
        (FOUR - 35 * MINUTE, 600_000, [("W", "3"), ("AAPL", "H", "MWC3"), ("MSFT", "H", "MWC3")]),
        (FOUR, 600_000, []),
        (NINE_THIRTY - MINUTE, 600_000, []),
    ],
)
def test_late_in_the_day_only_level_3_halts(room: Room, now: int, price: int, said: list[tuple[str, ...]]) -> None:
    room.floor.now = now
    room.trade("AAPL", price)
    assert room.news() == said
