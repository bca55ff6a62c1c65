"""The crosses: which orders are taken, who gets how much, what the feed and the participants see."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.auction import Auctions, Cross
from exchange.cross_rules import CLOSING, HALT, OPENING, WAITS_FOR_OPEN
from exchange.orders import Order
from exchange.schedule import REGULAR
from protocols.itch50 import CrossTrade, OrderExecutedWithPrice
from tests.exchange.floor import MINUTE, NINE_THIRTY, Floor

MARKET = 2_000_000_000
FOUR = 16 * 60 * MINUTE
BOOK = "AAPL"
FIRST = 1 << 32
"""The first match number of an engine."""


@pytest.fixture
def floor() -> Floor:
    floor = Floor()
    Auctions(floor.market, REGULAR.opening, REGULAR.closing)
    return floor


def cross(floor: Floor, kind: str, now: int) -> Cross:
    result: Cross = floor.market.auctions.cross(floor.market.book(BOOK), kind, now)
    return result


def test_an_opening_cross_on_the_feed_and_to_the_participant(floor: Floor) -> None:
    floor.enter("S", 300, 1_001_000)
    floor.enter("B", 500, MARKET, auction=OPENING)
    floor.enter("S", 100, 999_000, auction=OPENING)
    assert floor.types() == "A", "orders for a cross are not on the feed"
    assert floor.trader.take() == [("accepted", 1), ("accepted", 2), ("accepted", 3)]
    result = cross(floor, "O", NINE_THIRTY)
    assert result == Cross(1_001_000, 400, FIRST)
    executed, printed = floor.news()
    assert executed == OrderExecutedWithPrice(
        stock_locate=1,
        tracking_number=0,
        timestamp=NINE_THIRTY,
        order_reference_number=1 << 32,
        executed_shares=300,
        match_number=FIRST,
        printable="N",
        execution_price=1_001_000,
    )
    assert printed == CrossTrade(
        stock_locate=1,
        tracking_number=0,
        timestamp=NINE_THIRTY,
        shares=400,
        stock="AAPL",
        cross_price=1_001_000,
        match_number=FIRST,
        cross_type="O",
    )
    assert floor.trader.take() == [
        ("auctioned", 2, 400, 1_001_000, FIRST, "O"),
        ("auctioned", 3, 100, 1_001_000, FIRST, "O"),
        ("auctioned", 1, 300, 1_001_000, FIRST, "O"),
        ("cancelled", 2, 100, "T"),
    ]
    assert floor.market.book(BOOK).view() == {"bids": [], "asks": []}


def test_a_cross_without_interest_prints_nothing_at_nothing_with_a_match_number(floor: Floor) -> None:
    floor.enter("B", 100, 990_000)
    floor.enter("S", 100, 1_010_000)
    floor.news()
    assert cross(floor, "O", NINE_THIRTY) == Cross(0, 0, FIRST)
    (printed,) = floor.news()
    assert isinstance(printed, CrossTrade)
    assert (printed.shares, printed.cross_price, printed.match_number) == (0, 0, FIRST)


def test_who_is_served_first(floor: Floor) -> None:
    """Market orders, then the better price, then displayed before hidden, then time, imbalance-only orders last."""
    floor.enter("S", 100, 1_000_000)
    floor.enter("B", 100, 1_000_000, auction=OPENING, displayed=False)
    floor.enter("B", 100, 1_000_000, auction=OPENING)
    floor.enter("B", 100, 1_000_000, auction=OPENING)
    floor.enter("B", 100, 1_000_100, auction=OPENING)
    floor.enter("B", 100, MARKET, auction=OPENING)
    floor.enter("S", 350, 1_000_000, auction=OPENING)
    floor.trader.take()
    assert cross(floor, "O", NINE_THIRTY) == Cross(1_000_000, 450, FIRST)
    bought = [event[1:3] for event in floor.trader.take() if event[0] == "auctioned" and event[1] in range(2, 7)]
    assert bought == [(6, 100), (5, 100), (3, 100), (4, 100), (2, 50)]


def test_an_imbalance_only_order_is_repriced_to_the_touch(floor: Floor) -> None:
    """It asks for less than the ask, but trades at the ask, and only as much as the others leave."""
    floor.enter("B", 100, 990_000)
    floor.enter("S", 10, 1_010_000)
    floor.enter("S", 500, 980_000, auction=CLOSING, imbalance_only=True)
    floor.enter("B", 300, MARKET, auction=CLOSING)
    floor.enter("S", 40, 980_000, auction=CLOSING)
    floor.trader.take()
    assert cross(floor, "C", FOUR) == Cross(1_010_000, 300, FIRST)
    assert floor.trader.take() == [
        ("auctioned", 4, 300, 1_010_000, FIRST, "C"),
        ("auctioned", 5, 40, 1_010_000, FIRST, "C"),
        ("auctioned", 2, 10, 1_010_000, FIRST, "C"),
        ("auctioned", 3, 250, 1_010_000, FIRST, "C"),
        ("cancelled", 3, 250, "T"),
    ]


def test_a_reserve_order_shows_anew_after_the_cross(floor: Floor) -> None:
    reserve = floor.enter("S", 500, 1_000_000, max_floor=100)
    floor.enter("S", 100, 1_000_000)
    floor.enter("B", 350, 1_000_000, auction=CLOSING)
    floor.news()
    floor.trader.take()
    assert cross(floor, "C", FOUR).shares == 350
    assert floor.types() == "CCAQ"
    served = [event[1:3] for event in floor.trader.take() if event[0] == "auctioned"]
    assert served == [(3, 350), (1, 250), (2, 100)], "the reserve is served after what is displayed"
    assert (reserve.shares, reserve.open_shares()) == (100, 250)


def test_midpoint_orders_stay_out_of_it_and_follow_the_touch(floor: Floor) -> None:
    floor.enter("B", 100, 990_000)
    floor.enter("S", 100, 1_010_000)
    floor.enter("S", 100, 1_030_000)
    peg = floor.enter("B", 100, 1_020_000, midpoint=True)
    assert peg.price == 1_000_000
    floor.enter("B", 100, MARKET, auction=CLOSING)
    assert cross(floor, "C", FOUR) == Cross(1_010_000, 100, FIRST)
    assert (peg.shares, peg.price) == (100, 1_010_000)


def test_day_orders_wait_for_the_open_take_part_and_enter_in_time_order(floor: Floor) -> None:
    auctions = floor.market.auctions
    assert auctions.opens_later(floor.now)
    for side, shares, price in (("B", 100, 1_000_000), ("B", 200, 1_000_000), ("S", 150, 1_000_000)):
        assert auctions.hold_until_open(floor.order(side, shares, price), floor.now)
    peg = floor.order("B", 50, 2_000_000, midpoint=True)
    assert auctions.hold_until_open(peg, floor.now)
    assert floor.types() == ""
    assert cross(floor, "O", NINE_THIRTY) == Cross(1_000_000, 150, FIRST)
    assert floor.types() == "QA"
    assert floor.trader.take() == [
        *(("accepted", token) for token in (1, 2, 3, 4)),
        ("auctioned", 1, 100, 1_000_000, FIRST, "O"),
        ("auctioned", 2, 50, 1_000_000, FIRST, "O"),
        ("auctioned", 3, 150, 1_000_000, FIRST, "O"),
    ]
    assert floor.market.book(BOOK).view()["bids"] == [[1_000_000, 150, 1]]
    assert floor.market.cancel(peg, 0, NINE_THIRTY) == 50
    assert not auctions.opens_later(NINE_THIRTY)


def test_where_a_book_is_halted_at_the_open_on_open_orders_go_and_day_orders_wait_on(floor: Floor) -> None:
    book = floor.market.book(BOOK)
    floor.enter("B", 100, MARKET, auction=OPENING)
    floor.enter("S", 100, 1_000_000, auction=WAITS_FOR_OPEN)
    floor.trader.take()
    floor.market.engine.set_trading(book, True, False, floor.now)
    floor.market.auctions.skip(book, "O", NINE_THIRTY)
    assert floor.trader.take() == [("cancelled", 1, 100, "H")]
    floor.market.engine.set_trading(book, False, True, NINE_THIRTY)
    floor.now = NINE_THIRTY
    floor.enter("B", 60, 1_000_000, auction=HALT)
    assert cross(floor, "H", NINE_THIRTY + MINUTE) == Cross(1_000_000, 60, FIRST)
    floor.market.engine.set_trading(book, False, False, NINE_THIRTY + MINUTE)
    floor.market.auctions.admit_waiting(book, NINE_THIRTY + MINUTE)
    assert book.view()["asks"] == [[1_000_000, 40, 1]]


def test_a_halt_cross_ahead_of_the_open_leaves_day_orders_waiting(floor: Floor) -> None:
    book = floor.market.book(BOOK)
    waiting = floor.enter("S", 100, 1_000_000, auction=WAITS_FOR_OPEN)
    floor.market.engine.set_trading(book, False, True, floor.now)
    floor.enter("B", 60, 1_000_000, auction=HALT)
    assert cross(floor, "H", floor.now).shares == 0
    floor.market.auctions.admit_waiting(book, floor.now)
    assert (waiting.shares, waiting.level) == (100, None)


def test_orders_for_a_cross_can_be_cancelled_reduced_and_replaced(floor: Floor) -> None:
    first = floor.enter("B", 100, 1_000_000, auction=OPENING)
    second = floor.enter("B", 100, 1_000_000, auction=OPENING)
    third = floor.enter("B", 100, 1_000_000, auction=OPENING)
    auctions = floor.market.auctions
    new = floor.order("B", 80, 1_000_000)
    assert auctions.replace(first, new, floor.now)
    assert not auctions.replace(first, floor.order("B", 1, 1_000_000), floor.now), "it is done"
    assert floor.market.cancel(second, 30, floor.now) == 70
    assert floor.market.cancel(third, 0, floor.now) == 100
    floor.enter("S", 100, 1_000_000, auction=OPENING)
    floor.trader.take()
    cross(floor, "O", NINE_THIRTY)
    assert [event[1:3] for event in floor.trader.take()[:2]] == [(2, 30), (4, 70)], "a replaced order is the last one"


def test_a_refused_replacement_leaves_the_old_order(floor: Floor) -> None:
    order = floor.enter("B", 100, 1_000_000, auction=OPENING)
    floor.trader.take()
    auctions = floor.market.auctions
    assert not auctions.replace(order, floor.order("B", 100, 0), floor.now)
    assert not auctions.replace(order, floor.order("B", 100, 1_000_000), NINE_THIRTY - MINUTE)
    assert floor.trader.take() == [("rejected", 2, 0x001D), ("rejected", 3, 0x0010)]
    assert order.shares == 100


OPEN_LATE, CLOSE_FIRST = NINE_THIRTY - 2 * MINUTE, FOUR - 10 * MINUTE
CLOSE_LATE, CLOSE_OVER = FOUR - 5 * MINUTE, FOUR - 2 * MINUTE


@pytest.mark.parametrize(
    ("auction", "now", "fields", "code"),
    [
        (OPENING, OPEN_LATE - 1, {}, 0),
        (OPENING, OPEN_LATE, {}, 0x0014),
        (OPENING, NINE_THIRTY - 1, {"imbalance_only": True}, 0),
        (OPENING, NINE_THIRTY, {"imbalance_only": True}, 0x0014),
        (OPENING, OPEN_LATE - 1, {"imbalance_only": True, "limit": MARKET}, 0x0014),
        (OPENING, OPEN_LATE - 1, {"limit": MARKET}, 0),
        (OPENING, OPEN_LATE - 1, {"limit": 0x7FFF_FFFF}, 0),
        (OPENING, OPEN_LATE - 1, {"limit": 0}, 0x001D),
        (OPENING, OPEN_LATE - 1, {"shares": 0}, 0x0013),
        (WAITS_FOR_OPEN, NINE_THIRTY - 1, {}, 0),
        (WAITS_FOR_OPEN, NINE_THIRTY - 1, {"limit": 0x7FFF_FFFF}, 0x001D),
        (WAITS_FOR_OPEN, NINE_THIRTY, {}, 0x0014),
        (CLOSING, CLOSE_LATE - 1, {"limit": MARKET}, 0),
        (CLOSING, CLOSE_LATE, {"limit": MARKET}, 0x0014),
        (CLOSING, CLOSE_LATE, {"limit": 1_000_000}, 0),
        (CLOSING, CLOSE_LATE, {"limit": 1_000_100}, 0x0019),
        (CLOSING, CLOSE_LATE, {"limit": 999_900, "buy": False}, 0x0019),
        (CLOSING, CLOSE_OVER - 1, {"limit": 1_000_000, "buy": False}, 0),
        (CLOSING, CLOSE_OVER, {"limit": 1_000_000}, 0x0014),
        (CLOSING, FOUR - 1, {"imbalance_only": True}, 0),
        (CLOSING, FOUR, {"imbalance_only": True}, 0x0014),
        (HALT, NINE_THIRTY + MINUTE, {}, 0x0014),
        (ord("S"), NINE_THIRTY, {}, 0x0014),
    ],
)
def test_what_is_refused_when(floor: Floor, auction: int, now: int, fields: dict[str, int], code: int) -> None:
    floor.market.auctions.take_first_references()
    order = floor.order("B", 100, 1_000_000, auction=auction)
    for name, value in fields.items():
        setattr(order, name, value)
    assert floor.market.auctions.refusal(order, now) == code
    assert floor.market.enter(order, now) == (code == 0)
    assert floor.trader.take() == [("rejected", 1, code) if code else ("accepted", 1)]
    assert order.shares == (0 if code else 100)


def test_a_late_limit_on_close_order_needs_a_reference_price(floor: Floor) -> None:
    assert floor.market.auctions.refusal(floor.order("B", 100, 1, auction=CLOSING), CLOSE_LATE) == 0x000E


def test_halt_cross_orders_are_taken_while_the_book_does_not_trade(floor: Floor) -> None:
    order = floor.order("B", 100, MARKET, auction=HALT)
    book = floor.market.book(BOOK)
    for halted, quoting, code in ((False, False, 0x0014), (True, False, 0), (False, True, 0)):
        floor.market.engine.set_trading(book, halted, quoting, floor.now)
        assert floor.market.auctions.refusal(order) == code
    floor.market.engine.open = False
    assert floor.market.auctions.refusal(order) == 0x0002


@pytest.mark.parametrize(
    ("auction", "first", "last"), [(OPENING, OPEN_LATE, NINE_THIRTY - 1), (CLOSING, CLOSE_FIRST, FOUR - 1)]
)
def test_late_periods(floor: Floor, auction: int, first: int, last: int) -> None:
    order = floor.order("B", 100, 1_000_000, auction=auction)
    late = floor.market.auctions.late
    assert [late(order, now) for now in (first - 1, first, last, last + 1)] == [False, True, True, False]
    order.auction = HALT
    assert not late(order, first)


SPECS = st.lists(
    st.tuples(
        st.booleans(),
        st.integers(1, 20),
        st.integers(995, 1005),
        st.sampled_from(("book", "hidden", "reserve", "wait", "open", "market", "imbalance")),
    ),
    max_size=25,
)


def place(floor: Floor, buy: bool, shares: int, price: int, kind: str) -> Order:
    fields: dict[str, Any] = {}
    if kind == "hidden":
        fields["displayed"] = False
    elif kind == "reserve":
        fields["max_floor"] = 3
    elif kind == "wait":
        fields["auction"] = WAITS_FOR_OPEN
    elif kind != "book":
        fields["auction"] = OPENING
        fields["imbalance_only"] = kind == "imbalance"
    return floor.enter("B" if buy else "S", shares, MARKET if kind == "market" else price * 1000, **fields)


@given(SPECS, st.booleans())
def test_any_cross_is_fair_and_leaves_an_uncrossed_book(specs: list[tuple[bool, int, int, str]], quoting: bool) -> None:
    floor = Floor()
    Auctions(floor.market, REGULAR.opening, REGULAR.closing)
    book = floor.market.book(BOOK)
    floor.market.engine.set_trading(book, False, quoting, floor.now)
    orders = [place(floor, *spec) for spec in specs]
    before = [order.executed for order in orders]
    floor.trader.take()
    floor.news()
    result = cross(floor, "O", NINE_THIRTY)
    traded = [order.executed - done for order, done in zip(orders, before, strict=True)]
    for buy in (True, False):
        assert sum(t for t, order in zip(traded, orders, strict=True) if order.buy == buy) == result.shares
    for part, order in zip(traded, orders, strict=True):
        if part and order.limit < MARKET:
            assert order.limit >= result.price if order.buy else order.limit <= result.price
        if order.auction:
            assert order.shares == 0, "nothing waits on"
    assert [event for event in floor.trader.take() if event[0] == "executed"] == []
    bid, ask = book.bids.best(), book.asks.best()
    assert bid is None or ask is None or bid.price < ask.price
    parts = [message for message in floor.news() if isinstance(message, OrderExecutedWithPrice)]
    assert {(part.match_number, part.printable) for part in parts} <= {(result.match, "N")}


def test_what_is_held_can_be_told_in_a_fixed_order(floor: Floor) -> None:
    """For a hash over the whole state."""
    first = floor.enter("B", 1, 1_000_000, auction=CLOSING)
    second = floor.enter("B", 1, 1_000_000, auction=OPENING)
    third = floor.enter("B", 1, 1_000_000, auction=OPENING)
    assert list(floor.market.auctions.held()) == [second, third, first]
    floor.market.cancel(third, 0, floor.now)
    assert list(floor.market.auctions.held()) == [second, first]
