"""Rule 201: what triggers the price test, what the feed says, what short sales do then."""

import pytest

from exchange.reg_sho import RegSho
from exchange.supervision import supervise
from protocols.itch50 import RegShoShortSalePriceTestRestrictedIndicator
from tests.exchange.floor import MINUTE, NINE_THIRTY, Floor

FOUR = 16 * 60 * MINUTE


@pytest.fixture
def floor() -> Floor:
    return Floor("AAPL", "MSFT", now=NINE_THIRTY)


@pytest.fixture
def reg_sho(floor: Floor) -> RegSho:
    return RegSho(floor.market, NINE_THIRTY, FOUR)


def trade(floor: Floor, price: int) -> None:
    floor.enter("B", 100, price)
    floor.enter("S", 100, price)


def indicators(floor: Floor) -> list[tuple[str, str]]:
    news = floor.news()
    return [(m.stock, m.reg_sho_action) for m in news if isinstance(m, RegShoShortSalePriceTestRestrictedIndicator)]


def test_10_per_cent_below_the_previous_close_triggers_once(floor: Floor, reg_sho: RegSho) -> None:
    trade(floor, 900_100)
    assert indicators(floor) == []
    trade(floor, 900_000)
    trade(floor, 890_000)
    assert indicators(floor) == [("AAPL", "1")]
    assert reg_sho.triggered() == ["AAPL"]
    assert floor.market.directory.listings["AAPL"].reg_sho == "1", "what a snapshot repeats"


def test_a_short_sale_then_stays_above_the_bid(floor: Floor, reg_sho: RegSho) -> None:
    trade(floor, 900_000)
    floor.enter("B", 100, 900_000)
    short = floor.enter("S", 100, 890_000, short_sale=True)
    assert (short.shares, short.price) == (100, 900_100)


@pytest.mark.parametrize("now", [NINE_THIRTY - MINUTE, FOUR])
def test_outside_regular_hours_nothing_triggers(floor: Floor, reg_sho: RegSho, now: int) -> None:
    floor.now = now
    trade(floor, 800_000)
    assert indicators(floor) == []


def test_a_cross_triggers_too(floor: Floor, reg_sho: RegSho) -> None:
    halts = supervise(floor.market).halts
    halts.halt("AAPL", "T1", floor.now)
    halts.quote("AAPL", "T3", floor.now, None)
    trade(floor, 850_000)
    halts.resume("AAPL", "", floor.now)
    assert indicators(floor) == [("AAPL", "1")]


def test_the_day_after_it_remains_and_the_directory_says_so(floor: Floor, reg_sho: RegSho) -> None:
    reg_sho.carry_over(["MSFT"])
    floor.market.announce_symbols(NINE_THIRTY)
    assert indicators(floor) == [("AAPL", "0"), ("MSFT", "2")]
    assert floor.market.book("MSFT").short_restricted
    assert reg_sho.triggered() == []
    with pytest.raises(KeyError):
        reg_sho.carry_over(["XYZ"])
