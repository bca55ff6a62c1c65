"""When NOII messages go out."""

from exchange.auction import Auctions
from exchange.clock import SECOND
from exchange.cross_rules import CLOSING, OPENING
from exchange.noii_timer import NoiiTimer
from exchange.schedule import REGULAR
from protocols.itch50 import Noii
from tests.exchange.floor import MINUTE, NINE_THIRTY, Floor

FOUR = 16 * 60 * MINUTE


def run(timer: NoiiTimer, until: int) -> None:
    while (due := timer.next_deadline()) is not None and due <= until:
        timer.advance(due)


def floor_and_timer() -> tuple[Floor, NoiiTimer]:
    floor = Floor("AAPL", "MSFT", now=NINE_THIRTY - 20 * MINUTE)
    auctions = Auctions(floor.market, REGULAR.opening, REGULAR.closing)
    return floor, NoiiTimer(floor.market, auctions, REGULAR.opening, REGULAR.closing)


def test_ahead_of_the_open_every_10_s_from_9_25_and_every_second_from_9_28() -> None:
    floor, timer = floor_and_timer()
    floor.enter("B", 100, 1_000_000, auction=OPENING)
    run(timer, NINE_THIRTY)
    times = [message.timestamp for message in floor.news() if isinstance(message, Noii)]
    rare = range(NINE_THIRTY - 5 * MINUTE, NINE_THIRTY - 2 * MINUTE, 10 * SECOND)
    often = range(NINE_THIRTY - 2 * MINUTE, NINE_THIRTY, SECOND)
    assert times == [*rare, *often]


def test_ahead_of_the_close_every_10_s_from_15_50_and_every_second_from_15_55() -> None:
    floor, timer = floor_and_timer()
    floor.enter("B", 100, 1_000_000, auction=CLOSING, symbol="MSFT")
    run(timer, FOUR)
    messages = [message for message in floor.news() if isinstance(message, Noii)]
    assert {(message.stock, message.cross_type) for message in messages} == {("MSFT", "C")}
    assert [message.timestamp for message in messages] == [
        *range(FOUR - 10 * MINUTE, FOUR - 5 * MINUTE, 10 * SECOND),
        *range(FOUR - 5 * MINUTE, FOUR, SECOND),
    ]
    assert timer.next_deadline() is None


def test_symbols_without_orders_for_the_cross_are_left_out() -> None:
    floor, timer = floor_and_timer()
    order = floor.enter("B", 100, 1_000_000, auction=OPENING)
    floor.enter("S", 100, 1_000_000, symbol="MSFT")
    floor.market.cancel(order, 0, floor.now)
    floor.news()
    run(timer, FOUR)
    assert floor.news() == []


def test_times_that_were_missed_are_not_made_up_for() -> None:
    floor, timer = floor_and_timer()
    floor.enter("B", 100, 1_000_000, auction=OPENING)
    timer.advance(NINE_THIRTY - 1)
    assert floor.types() == "I"
    timer.advance(NINE_THIRTY - 1)
    assert floor.types() == ""


def test_at_15_55_the_reference_price_for_late_limit_orders_is_taken() -> None:
    floor, timer = floor_and_timer()
    floor.enter("B", 100, 990_000)
    floor.enter("S", 100, 1_000_000)
    floor.enter("S", 500, 991_000, auction=CLOSING)
    run(timer, FOUR - 5 * MINUTE)
    assert floor.market.auctions.first_references == {"AAPL": 990_000, "MSFT": 1_000_000}


def test_a_book_that_is_being_reopened_every_full_second() -> None:
    floor, timer = floor_and_timer()
    book, start = floor.market.book("AAPL"), NINE_THIRTY + MINUTE
    floor.market.engine.set_trading(book, False, True, start)
    timer.advance(start)
    timer.watch(book, start + 1)
    run(timer, start + 3 * SECOND)
    timer.unwatch(book)
    run(timer, start + 9 * SECOND)
    assert [message.timestamp - start for message in floor.news()] == [SECOND, 2 * SECOND, 3 * SECOND]
