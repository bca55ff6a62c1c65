"""What NOII messages say (ITCH 5.0 `I`), byte for byte with a real one."""

import pytest

from exchange.auction import Auctions
from exchange.book import Book
from exchange.cross_price import Clearing
from exchange.cross_rules import HALT, OPENING, WAITS_FOR_OPEN
from exchange.noii import Indication, noii, price_variation
from exchange.schedule import REGULAR
from protocols.itch50 import Noii
from tests.exchange.floor import Floor

MARKET = 2_000_000_000

# PROTOCOLS §9.1: sent at 09:30:00 for MDC, one share paired at $46.44.
REAL = bytes.fromhex(
    "49193e00001f1acede0ab2000000000000000100000000000000004e4d444320202020200007161000071610000716104f4c"
)


def test_a_real_message() -> None:
    one_share = Clearing(464_400, 1, 0, "N")
    message = noii(Book("MDC", 6462), "O", Indication(one_share, one_share, one_share), 34_200_000_268_978)
    assert message.encode() == REAL


@pytest.mark.parametrize(
    ("near", "reference", "code"),
    [
        (0, 100, " "),
        (100, 0, " "),
        (10_099, 10_000, "L"),
        (10_100, 10_000, "1"),
        (9_900, 10_000, "1"),
        (9_001, 10_000, "9"),
        (11_000, 10_000, "A"),
        (8_000, 10_000, "B"),
        (13_000, 10_000, "C"),
        (40_000, 10_000, "C"),
    ],
)
def test_price_variation(near: int, reference: int, code: str) -> None:
    assert price_variation(near, reference) == code


@pytest.fixture
def floor() -> Floor:
    floor = Floor()
    Auctions(floor.market, REGULAR.opening, REGULAR.closing)
    return floor


def indicated(floor: Floor, cross: str) -> Noii:
    floor.news()
    floor.market.auctions.indicate(floor.market.book("AAPL"), cross, floor.now)
    (message,) = floor.news()
    assert isinstance(message, Noii)
    return message


def test_far_near_and_reference_price(floor: Floor) -> None:
    """Far: orders for the cross alone. Near: with the continuous book. Reference: those orders, within the touch."""
    floor.enter("B", 100, 995_000)
    floor.enter("S", 500, 1_005_000)
    floor.enter("B", 300, MARKET, auction=OPENING)
    floor.enter("B", 100, 1_002_000, auction=OPENING)
    floor.enter("S", 50, 1_020_000, auction=OPENING)
    message = indicated(floor, "O")
    assert message.far_price == 1_020_000
    assert message.near_price == 1_005_000
    assert (message.current_reference_price, message.paired_shares) == (1_005_000, 0)
    assert (message.imbalance_shares, message.imbalance_direction) == (300, "B")
    assert (message.cross_type, message.price_variation_indicator) == ("O", "L")


def test_without_a_touch_the_previous_close_is_the_reference(floor: Floor) -> None:
    floor.enter("B", 300, MARKET, auction=OPENING)
    floor.enter("S", 300, 1_010_000, auction=OPENING)
    message = indicated(floor, "O")
    assert (message.current_reference_price, message.imbalance_shares) == (1_000_000, 300)
    assert (message.far_price, message.near_price) == (1_010_000, 1_010_000)
    assert message.price_variation_indicator == "1"


def test_day_orders_that_wait_count_as_continuous(floor: Floor) -> None:
    floor.enter("B", 100, 1_000_000, auction=OPENING)
    floor.enter("S", 100, 1_000_000, auction=WAITS_FOR_OPEN)
    message = indicated(floor, "O")
    assert (message.far_price, message.near_price) == (0, 1_000_000)


def test_nobody_is_there(floor: Floor) -> None:
    message = indicated(floor, "C")
    assert (message.paired_shares, message.imbalance_direction, message.near_price) == (0, "O", 0)


def test_a_halted_book_is_paused(floor: Floor) -> None:
    floor.enter("B", 100, 1_000_000, auction=OPENING)
    floor.market.engine.set_trading(floor.market.book("AAPL"), True, False, floor.now)
    assert indicated(floor, "O").imbalance_direction == "P"


def test_ahead_of_a_reopening_the_reference_is_the_price_it_would_have(floor: Floor) -> None:
    floor.market.engine.set_trading(floor.market.book("AAPL"), False, True, floor.now)
    floor.enter("B", 100, 1_010_000)
    floor.enter("S", 60, 990_000)
    floor.enter("S", 10, 990_000, auction=HALT)
    message = indicated(floor, "H")
    assert (message.paired_shares, message.imbalance_shares, message.imbalance_direction) == (70, 30, "B")
    assert message.near_price == message.current_reference_price == 1_010_000
    assert message.far_price == 0
