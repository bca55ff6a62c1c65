"""Price bands, limit states and volatility pauses in a market."""

import pytest

from exchange.auction import Auctions
from exchange.clock import SECOND
from exchange.halts import Halts
from exchange.luld import Luld
from exchange.noii_timer import NoiiTimer
from protocols.itch50 import CrossTrade, ItchMessage, LuldAuctionCollar, Noii, StockTradingAction
from tests.exchange.floor import MINUTE, NINE_THIRTY, Floor

FOUR = 16 * 60 * MINUTE


class Room:
    """A floor with everything that price limits need, in regular hours from 9:30 to 16:00; AAPL closed at $100."""

    def __init__(self) -> None:
        self.floor = Floor("AAPL", "MSFT", now=NINE_THIRTY)
        market = self.floor.market
        self.book = market.book("AAPL")
        noii = NoiiTimer(market, Auctions(market))
        self.halts = Halts(market, market.auctions, noii)
        self.luld = Luld(market, self.halts, NINE_THIRTY, FOUR)
        self.timers = (noii, self.halts, self.luld)

    def run(self, until: int) -> None:
        while due := self.due(until):
            for timer in self.timers:
                if (deadline := timer.next_deadline()) is not None and deadline <= due:
                    timer.advance(due)
        self.floor.now = until

    def due(self, until: int) -> int | None:
        due = min((d for timer in self.timers if (d := timer.next_deadline()) is not None), default=None)
        return due if due is not None and due <= until else None

    def trade(self, price: int) -> None:
        self.floor.enter("S", 100, price)
        self.floor.enter("B", 100, price)

    def bands(self) -> tuple[int, int]:
        return self.book.lower, self.book.upper

    def news(self) -> list[ItchMessage]:
        return [message for message in self.floor.news() if not isinstance(message, Noii)]


@pytest.fixture
def room() -> Room:
    room = Room()
    room.run(NINE_THIRTY)
    return room


def test_bands_over_a_day() -> None:
    """Twice as wide in the first 15 and the last 25 minutes; none outside regular hours."""
    room = Room()
    assert room.bands() == (0, 0)
    seen = []
    for now in (NINE_THIRTY, NINE_THIRTY + 15 * MINUTE, FOUR - 25 * MINUTE, FOUR):
        room.run(now - 1)
        before = room.bands()
        room.run(now)
        seen.append((before, room.bands()))
    wide, narrow = (900_000, 1_100_000), (950_000, 1_050_000)
    assert seen == [((0, 0), wide), (wide, narrow), (narrow, wide), (wide, (0, 0))]
    assert room.due(24 * 60 * MINUTE) is None


def test_the_first_trade_of_regular_hours_is_the_first_reference_price(room: Room) -> None:
    room.run(NINE_THIRTY + 20 * MINUTE)
    room.trade(1_040_000)
    assert room.luld.reference(room.book) == 1_040_000
    assert room.bands() == (988_000, 1_092_000)


def test_bands_follow_the_mean_price(room: Room) -> None:
    room.run(NINE_THIRTY + 20 * MINUTE)
    room.trade(1_000_000)
    room.floor.now += 40 * SECOND
    room.trade(1_040_000)
    assert room.luld.reference(room.book) == 1_020_000
    assert room.bands() == (969_000, 1_071_000)


def test_what_could_trade_outside_the_bands_is_cancelled_as_regulation_has_it(room: Room) -> None:
    room.run(NINE_THIRTY + 15 * MINUTE - 1)
    room.floor.enter("B", 100, 1_080_000)
    room.floor.trader.take()
    room.run(NINE_THIRTY + 15 * MINUTE)
    assert room.floor.trader.take() == [("cancelled", 1, 100, "D")]


def into_limit_state(room: Room) -> None:
    room.run(NINE_THIRTY + 20 * MINUTE)
    room.floor.enter("B", 100, 1_200_000)
    assert room.book.bids.best_displayed() is not None
    room.news()


def test_a_limit_state_that_ends_within_15_s_has_no_consequence(room: Room) -> None:
    into_limit_state(room)
    room.run(NINE_THIRTY + 20 * MINUTE + 14 * SECOND)
    room.floor.enter("S", 100, 1_050_000)
    room.run(NINE_THIRTY + 21 * MINUTE)
    assert room.floor.types() == "E", "the bid traded away"


def test_after_15_s_in_a_limit_state_the_symbol_is_paused_and_reopens_after_5_minutes(room: Room) -> None:
    into_limit_state(room)
    began = room.floor.now
    room.run(began + 15 * SECOND)
    action, collar = room.news()
    assert isinstance(action, StockTradingAction)
    assert (action.stock, action.trading_state, action.reason) == ("AAPL", "P", "LUDP")
    assert isinstance(collar, LuldAuctionCollar)
    assert (collar.auction_collar_reference_price, collar.auction_collar_extension) == (1_050_000, 0)
    assert (collar.lower_auction_collar_price, collar.upper_auction_collar_price) == (950_000, 1_102_500)
    assert room.bands() == (0, 0)
    room.floor.enter("S", 100, 1_050_000)
    room.run(began + 15 * SECOND + 5 * MINUTE)
    printed = [message for message in room.news() if isinstance(message, CrossTrade | StockTradingAction)]
    assert [(m.TYPE, m.timestamp - began) for m in printed] == [("Q", 315 * SECOND), ("H", 315 * SECOND)]
    assert room.luld.reference(room.book) == 1_050_000, "the price of the auction"
    assert room.bands() == (997_500, 1_102_500)


def test_a_pause_is_extended_while_the_cross_would_be_outside_the_collar(room: Room) -> None:
    into_limit_state(room)
    room.run(room.floor.now + 15 * SECOND)
    room.news()
    room.floor.enter("B", 500, 1_150_000)
    room.floor.enter("S", 100, 1_140_000)
    room.run(room.floor.now + 5 * MINUTE)
    collars = [message for message in room.news() if isinstance(message, LuldAuctionCollar)]
    assert [(c.auction_collar_extension, c.upper_auction_collar_price) for c in collars] == [(1, 1_155_000)]
    room.run(room.floor.now + 5 * MINUTE)
    assert [message.TYPE for message in room.news()] == ["C", "C", "Q", "H"]
    assert room.floor.market.directory.listings["AAPL"].trading_state == "T"


def test_a_limit_state_on_the_sell_side(room: Room) -> None:
    room.run(NINE_THIRTY + 20 * MINUTE)
    room.floor.enter("S", 100, 900_000)
    room.run(room.floor.now + 15 * SECOND)
    collar = room.news()[-1]
    assert isinstance(collar, LuldAuctionCollar)
    assert collar.auction_collar_reference_price == 950_000
    assert (collar.lower_auction_collar_price, collar.upper_auction_collar_price) == (902_500, 1_050_000)


def test_a_halted_symbol_has_no_bands_and_no_limit_state(room: Room) -> None:
    into_limit_state(room)
    room.halts.halt("AAPL", "T1", room.floor.now)
    room.run(room.floor.now + 20 * SECOND)
    assert [message.TYPE for message in room.news()] == ["H"]
    room.halts.quote("AAPL", "T3", room.floor.now, None)
    room.floor.enter("B", 1, 10_000)
    assert room.bands() == (0, 0)
    room.halts.resume("AAPL", "T3", room.floor.now)
    assert room.bands() == (950_000, 1_050_000)
