"""Rule 14 of docs/matching.md and OUCH 5.0 §5.7: which orders may not trade with each other, and what happens then."""

import pytest

from exchange.orders import Order, Party
from exchange.self_match import ANY, CANCEL_OLDEST, FIRM, STRATEGIES, USE_REMOVERS, mode_of, strategy_between
from tests.exchange.one_book import Venue
from tests.exchange.recorder import Accepted, Cancelled, Executed, Prevented, Restated, Rested


@pytest.fixture
def venue() -> Venue:
    return Venue()


def pair(maker_code: str, taker_code: str = "", **taker_fields: int | Party | None) -> tuple[Order, Order]:
    """Two orders of one firm."""
    maker, taker = Order(), Order()
    for order, code in ((maker, maker_code), (taker, taker_code)):
        order.party = Party(1, 1, 1)
        order.aiq = ord(code) if code else 0
    for name, value in taker_fields.items():
        setattr(taker, name, value)
    return maker, taker


def between(maker: Order, taker: Order) -> str:
    return chr(strategy_between(maker, taker)).strip("\0")


def test_there_are_five_modes_in_four_scopes() -> None:
    assert sorted(STRATEGIES.values()) == [(mode, scope) for mode in range(1, 6) for scope in range(1, 5)]
    assert STRATEGIES["O"] == (CANCEL_OLDEST, FIRM)
    assert STRATEGIES["5"] == (USE_REMOVERS, ANY)


def test_a_code_that_means_nothing_has_no_mode() -> None:
    assert mode_of(0) == mode_of(ord("N")) == 0


@pytest.mark.parametrize(
    ("maker", "taker", "applied"),
    [
        ("", "", ""),
        ("D", "", "D"),
        ("D", "O", "D"),
        ("", "O", "O"),
        ("R", "O", "O"),
        ("R", "", ""),
        ("", "R", ""),
        ("5", "r", ""),
    ],
)
def test_the_makers_strategy_decides_then_the_takers(maker: str, taker: str, applied: str) -> None:
    assert between(*pair(maker, taker)) == applied


def test_the_makers_scope_is_not_widened_by_the_takers() -> None:
    assert between(*pair("D", "1", party=Party(2, 1, 1))) == ""


@pytest.mark.parametrize(
    ("code", "stopped"),
    [("D", {"firm"}), ("d", {"organisation"}), ("E", {"affiliate"}), ("1", {"firm", "organisation", "affiliate"})],
)
def test_the_scope_says_what_must_be_the_same(code: str, stopped: set[str]) -> None:
    others = {"firm": Party(1, 2, 2), "organisation": Party(2, 1, 2), "affiliate": Party(2, 2, 1)}
    assert {name for name, party in others.items() if between(*pair(code, party=party))} == stopped
    assert between(*pair(code, party=Party(2, 2, 2))) == ""


def test_the_house_and_other_groups_trade_freely() -> None:
    assert between(*pair("1", "1", party=None)) == ""
    assert between(*pair("1", "1", aiq_group=7)) == ""


OWN = {"party": Party(1), "aiq_group": 3}


@pytest.mark.parametrize("code", "DdE1")
def test_decrement_takes_the_same_off_both_the_maker_first(venue: Venue, code: str) -> None:
    maker = venue.sell(100, 10_000, party=Party(1, 1, 1), aiq=ord(code))
    taker = venue.buy(150, 10_000, party=Party(1, 1, 1))
    assert venue.events == [
        Accepted(taker.ref, 150, 10_000),
        Prevented(maker.ref, 100, 100, 100, 10_000, code, 0),
        Prevented(taker.ref, 100, 0, 100, 10_000, code, 50),
        Rested(taker.ref, taker.ref, 0, 50, 50, 10_000),
    ]
    assert maker.executed == taker.executed == 0


def test_decrement_without_details_is_reported_as_cancels(venue: Venue) -> None:
    maker = venue.sell(100, 10_000, displayed=False, aiq=ord("Y"), **OWN)
    taker = venue.buy(40, 10_000, **OWN)
    assert venue.events[1:] == [Cancelled(maker.ref, 40, 0, "Q", 60), Cancelled(taker.ref, 40, 0, "Q", 0)]


def test_cancel_oldest_takes_the_maker_off_with_its_reserve(venue: Venue) -> None:
    maker = venue.sell(250, 10_000, max_floor=100, aiq=ord("O"), **OWN)
    behind = venue.sell(50, 10_000)
    taker = venue.buy(60, 10_000, **OWN)
    assert venue.events[1] == Prevented(maker.ref, 250, 100, 60, 10_000, "O", 0)
    assert venue.trades() == [(behind.ref, 50, 10_000)]
    assert taker.open_shares() == 10


def test_cancel_newest_stops_the_taker_where_it_met_itself(venue: Venue) -> None:
    stranger = venue.sell(30, 10_000)
    maker = venue.sell(100, 10_000, aiq=ord("W"), **OWN)
    taker = venue.buy(200, 10_000, **OWN)
    assert venue.trades() == [(stranger.ref, 30, 10_000)]
    assert venue.events[2:] == [Prevented(taker.ref, 170, 0, 100, 10_000, "W", 0)]
    assert maker.open_shares() == 100


def test_a_display_used_up_by_a_decrement_comes_back(venue: Venue) -> None:
    maker = venue.sell(250, 10_000, max_floor=100, aiq=ord("D"), **OWN)
    taker = venue.buy(100, 10_000, **OWN)
    assert venue.events[-1] == Restated(maker.ref, taker.ref + 1, 100, 150, 10_000)


def test_a_decrement_meets_display_and_reserve_one_after_the_other(venue: Venue) -> None:
    maker = venue.sell(250, 10_000, max_floor=100, aiq=ord("D"), **OWN)
    venue.buy(180, 10_000, **OWN)
    taken = [(event.ref, event.decrement, event.shown) for event in venue.events if isinstance(event, Prevented)]
    assert taken == [(maker.ref, 100, 100), (maker.ref + 1, 100, 0), (maker.ref, 80, 0), (maker.ref + 1, 80, 0)]


def test_the_reserve_belongs_to_the_same_party(venue: Venue) -> None:
    maker = venue.sell(250, 10_000, max_floor=100, aiq=ord("O"), aiq_group=3, party=Party(1))
    venue.buy(100, 10_000)
    venue.buy(100, 10_000, **OWN)
    assert venue.events[1] == Prevented(maker.ref, 150, 100, 100, 10_000, "O", 0)


def test_it_still_applies_down_a_replace_chain(venue: Venue) -> None:
    old = venue.sell(100, 10_000, aiq=ord("W"), **OWN)
    new = venue.replace(old, 80, 10_000, aiq=ord("O"), **OWN)
    venue.buy(100, 10_000, **OWN)
    assert venue.events[1] == Prevented(new.ref, 80, 80, 80, 10_000, "O", 0)


def test_what_self_match_prevention_would_touch_counts_nothing_towards_a_minimum(venue: Venue) -> None:
    venue.sell(100, 10_000, aiq=ord("D"), **OWN)
    venue.sell(99, 10_000)
    taker = venue.buy(200, 10_000, ioc=True, min_quantity=100, **OWN)
    assert venue.events[1:] == [Cancelled(taker.ref, 200, 0, "I", 0)]
    assert not any(isinstance(event, Executed) for event in venue.events)
