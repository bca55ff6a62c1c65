"""The gate as a whole: the order of its checks, what counts, replaces, sessions, and two ways to the same answer."""

from array import array
from dataclasses import replace
from fractions import Fraction
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftapp.config import Risk
from hftapp.trader.risk.checks import CHECKS, NAMES
from hftapp.trader.risk.gate import RiskGate
from hftapp.trader.totals import Totals
from hftapp.units import Notional, Price, Shares
from tests.hftapp.trader.risk.floor import (
    BUY,
    CENT,
    DOLLAR,
    LIMITS,
    PRICE,
    SECOND,
    SELL,
    START,
    Floor,
    instrument,
    resting,
)


def test_the_first_check_of_the_table_that_refuses_is_the_one_that_is_named() -> None:
    floor = Floor()
    floor.totals.executed_notional = Notional(5_000_001 * DOLLAR)
    floor.totals.open_count = 5
    floor.instrument.borrow = Shares(0)
    floor.instrument.halt(1, True)
    floor.gate.gap_open = floor.gate.stale = floor.gate.killed = True
    named = [floor.ask(SELL, 1_001, PRICE + 1)]
    floor.gate.killed = False
    named.append(floor.ask(SELL, 1_001, PRICE + 1))
    floor.gate.stale = False
    named.append(floor.ask(SELL, 1_001, PRICE + 1))
    floor.gate.gap_open = False
    named.append(floor.ask(SELL, 1_001, PRICE + 1))
    floor.instrument.halt(1, False)
    named.append(floor.ask(SELL, 1_001, PRICE + 1))
    named += [floor.ask(SELL, 100, PRICE + 1), floor.ask(SELL), floor.ask(BUY)]
    floor.totals.open_count = 0
    named.append(floor.ask(BUY))
    assert named == [
        "kill_switch",
        "stale_book",
        "open_gap",
        "halted",
        "quantity",
        "price",
        "locate",
        "open_orders",
        "executed_notional",
    ]
    places = [NAMES.index(name) for name in named]
    assert places == sorted(places)


def test_refusals_are_counted_by_code_and_count_for_no_rate() -> None:
    floor = Floor()
    for _ in range(50):
        assert floor.ask(shares=0, after=0) == "quantity"
    assert floor.ask(after=0) == "passed"
    counted = {name: count for name, count in zip(NAMES, floor.gate.refused, strict=True) if count}
    assert counted == {"quantity": 50}


def test_counters_may_lie_in_memory_of_others_that_is_large_enough() -> None:
    counters = array("q", [0]) * 64
    gate = RiskGate(Risk(**LIMITS), Totals(), 1, counters)
    gate.check(instrument(), BUY, Shares(0), Price(PRICE), None, START)
    assert counters[NAMES.index("quantity")] == 1
    with pytest.raises(ValueError, match="3 counters for 26 codes"):
        RiskGate(Risk(**LIMITS), Totals(), 1, array("q", [0, 0, 0]))


def test_no_reference_price_refuses() -> None:
    floor = Floor()
    floor.instrument.bid = Price(0)
    assert floor.ask() == "price_collar"
    assert floor.said == (PRICE, 100)


def test_an_empty_far_side_leaves_the_collar_around_the_last_price() -> None:
    floor = Floor()
    floor.instrument.ask, floor.instrument.last = Price(0), Price(PRICE)
    assert floor.ask(BUY, price=PRICE + 90 * CENT) == "passed"


def test_a_replace_adds_to_the_position_only_what_is_more_than_before() -> None:
    floor = Floor()
    floor.instrument.position = Shares(1_500)
    old = floor.own(BUY, 400)
    assert floor.ask(BUY, 500, replaces=old) == "passed"
    assert floor.ask(BUY, 501, replaces=old) == "position"
    assert floor.said == (2_001, 2_000)
    assert floor.ask(BUY, 10, replaces=old) == "passed"


def test_a_replace_is_no_duplicate_but_counts_for_the_rates() -> None:
    floor = Floor()
    old = floor.own(BUY, 100, PRICE - CENT)
    assert [floor.ask(replaces=old, after=1) for _ in range(7)] == ["passed"] * 6 + ["symbol_rate"]


def test_other_terms_are_no_duplicate() -> None:
    floor = Floor(sessions=2)
    assert floor.ask() == "passed"
    assert floor.ask(price=PRICE - CENT, after=0) == "passed"
    assert floor.ask(shares=101, after=0) == "passed"
    assert floor.ask(SELL, after=0) == "passed"
    assert floor.ask(instrument=instrument("MSFT", 4), after=0) == "passed"
    floor.gate.turn_to(1)
    assert floor.ask(after=0) == "passed"
    assert floor.ask(after=0) == "duplicate"


def test_a_second_is_a_sliding_one() -> None:
    floor = Floor(max_symbol_orders_per_second=100)
    for number in range(10):
        assert floor.ask(shares=1 + number, after=1) == "passed"
    first = floor.now - 9
    assert floor.ask(after=first + SECOND - 1 - floor.now) == "port_rate"
    assert floor.ask(after=1) == "passed"
    assert floor.ask(shares=50, after=0) == "port_rate"
    assert floor.ask(shares=50, after=1) == "passed"


def test_each_session_has_its_own_rate_and_a_symbol_one_over_all() -> None:
    floor = Floor(sessions=2, max_symbol_orders_per_second=15)
    for number in range(10):
        assert floor.ask(shares=1 + number, after=1) == "passed"
    assert floor.ask(shares=20, after=1) == "port_rate"
    floor.gate.turn_to(1)
    for number in range(5):
        assert floor.ask(shares=1 + number, after=1) == "passed"
    assert floor.ask(shares=20, after=1) == "symbol_rate"
    assert floor.said == (16, 15)
    assert floor.ask(shares=20, after=SECOND) == "passed"


def test_a_venue_without_a_session_is_an_error() -> None:
    floor = Floor(sessions=2)
    with pytest.raises(IndexError, match="order session 2: the risk gate has 2"):
        floor.gate.turn_to(2)
    with pytest.raises(ValueError, match="5 order sessions"):
        Floor(sessions=5)


def test_executions_over_their_limit_pull_the_kill_switch_before_the_next_order() -> None:
    floor = Floor()
    assert not floor.gate.overrun()
    floor.totals.executed_notional = Notional(5_000_000 * DOLLAR + 1)
    assert floor.gate.overrun()
    assert floor.gate.tripped
    assert not floor.gate.overrun(), "it says so once"
    floor.totals.executed_notional = Notional(0)
    assert floor.ask() == "kill_switch"


def test_new_limits_hold_at_once() -> None:
    floor = Floor()
    assert floor.ask(shares=500) == "passed"
    floor.gate.load(replace(floor.gate.settings, max_order_shares=499))
    assert floor.ask(shares=500) == "quantity"
    assert floor.said == (500, 499)


class Model:
    """The checks as the documentation has them, in exact arithmetic, with plain lists for what was sent."""

    def __init__(self, floor: Floor) -> None:
        self.floor = floor
        self.sent: list[tuple[int, int, int, tuple[int, int, int] | None]] = []
        self.tripped = False

    def ask(self, index: int, venue: int, side: int, shares: int, price: int, old: int | None) -> str:
        floor, risk = self.floor, self.floor.gate.settings
        held, totals, now = floor.instrument, floor.totals, floor.now
        broken = {
            "kill_switch": floor.gate.killed or self.tripped,
            "stale_book": floor.gate.stale,
            "open_gap": floor.gate.gap_open,
            "halted": held.halted,
            "permission": not held.permitted,
            "restricted": held.restricted,
            "side": side not in (BUY, SELL),
            "quantity": not 1 <= shares <= risk.max_order_shares,
            "price": not 1 <= price <= 199_999_9900 or (price >= DOLLAR and price % CENT != 0),
            "order_notional": shares * price > risk.max_order_notional * DOLLAR,
        }
        middle = Fraction(held.bid + held.ask, 2) if held.bid and held.ask else Fraction(held.last)
        broken["price_collar"] = middle == 0 or abs(price - middle) / middle > Fraction(risk.price_collar_bps, 10_000)
        far = held.ask if side == BUY else held.bid
        through = (price - far) * side
        broken["fat_finger"] = far != 0 and Fraction(through, far) > Fraction(risk.fat_finger_bps, 10_000)
        extra = shares if old is None else max(0, shares - old)
        exposed = held.exposed_buy if side == BUY else held.exposed_sell
        reached = exposed + extra + side * held.position
        broken["position"] = reached > risk.max_position_shares
        short = side == SELL and reached > 0
        broken["locate"] = short and reached > held.borrow
        broken["short_price"] = short and held.short_restricted and price <= held.bid
        value = shares * price
        broken["symbol_open_notional"] = held.open_notional + value > risk.max_symbol_open_notional * DOLLAR
        opened = totals.open_notional + value
        broken["open_notional"] = opened > risk.max_open_notional * DOLLAR
        broken["open_orders"] = totals.open_count + (old is None) > risk.max_open_orders
        broken["gross_exposure"] = totals.gross_exposure + opened > risk.max_gross_exposure * DOLLAR
        broken["net_exposure"] = side * totals.net_exposure + opened > risk.max_net_exposure * DOLLAR
        broken["executed_notional"] = totals.executed_notional > risk.max_executed_notional * DOLLAR
        broken["self_cross"] = any(o.side == -side and (price - o.price) * side >= 0 for o in held.own)
        second = [order for order in self.sent if order[0] > now - SECOND]
        broken["port_rate"] = sum(order[2] == venue for order in second) >= risk.max_orders_per_second
        broken["symbol_rate"] = sum(order[1] == index for order in second) >= risk.max_symbol_orders_per_second
        terms = None if old is not None else (side, shares, price)
        young = now - risk.duplicate_window_us * 1_000
        broken["duplicate"] = terms is not None and any(
            order[0] > young and order[1:] == (index, venue, terms) for order in second
        )
        assert list(broken) == [check.name for check in CHECKS]
        for name, breaks in broken.items():
            if breaks:
                self.tripped |= name == "executed_notional"
                return name
        self.sent.append((now, index, venue, terms))
        return "passed"


STEPS = st.tuples(
    st.sampled_from([0, 1, 100_000, 400_000, 100_000_000, SECOND]),
    st.integers(0, 1),
    st.integers(0, 1),
    st.sampled_from([BUY, SELL]),
    st.sampled_from([0, 1, 100, 101, 500, 1_000, 1_001]),
    st.sampled_from([PRICE + offset for offset in (-10_100, -100, 0, 1, 100, 200, 300, 5_000, 5_200, 5_300, 10_100)]),
    st.sampled_from([None, None, None, 50, 400]),
)
STATES = st.fixed_dictionaries(
    {},
    optional={
        "killed": st.booleans(),
        "stale": st.booleans(),
        "gap_open": st.booleans(),
        "halted": st.booleans(),
        "permitted": st.booleans(),
        "restricted": st.booleans(),
        "short_restricted": st.booleans(),
        "bid": st.sampled_from([0, PRICE - 200, PRICE]),
        "ask": st.sampled_from([0, PRICE + 200, PRICE]),
        "last": st.sampled_from([0, PRICE]),
        "position": st.sampled_from([-2_000, -900, 0, 900, 1_899, 1_900]),
        "exposed_buy": st.sampled_from([0, 1_000, 1_900]),
        "exposed_sell": st.sampled_from([0, 900, 1_900]),
        "borrow": st.sampled_from([0, 100, 3_000]),
        "open_notional": st.sampled_from([0, 190_000 * DOLLAR, 290_000 * DOLLAR]),
        "all_open_notional": st.sampled_from([0, 390_000 * DOLLAR, 490_000 * DOLLAR]),
        "open_count": st.integers(3, 6),
        "gross_exposure": st.sampled_from([0, 490_000 * DOLLAR, 900_000 * DOLLAR]),
        "net_exposure": st.sampled_from([-700_000 * DOLLAR, 0, 700_000 * DOLLAR]),
        "executed_notional": st.sampled_from([0, 5_000_000 * DOLLAR, 5_000_000 * DOLLAR + 1]),
        "own": st.lists(st.tuples(st.sampled_from([BUY, SELL]), st.sampled_from([PRICE - 100, PRICE, PRICE + 100]))),
    },
)


def arrange(floor: Floor, state: dict[str, object]) -> None:
    for name, value in sorted(state.items(), key=lambda item: item[0] == "own"):  # they add to the exposure
        if name == "own":
            for side, price in cast(list[tuple[int, int]], value):
                floor.own(side, 100, price)
        elif name == "all_open_notional":
            floor.totals.open_notional = Notional(cast(int, value))
        elif hasattr(floor.gate, name):
            setattr(floor.gate, name, value)
        elif hasattr(floor.totals, name) and name != "open_notional":
            setattr(floor.totals, name, value)
        else:
            setattr(floor.instrument, name, value)


@settings(max_examples=400, deadline=None)
@given(state=STATES, steps=st.lists(STEPS, min_size=1, max_size=25))
def test_the_quick_way_and_the_table_agree_with_the_documented_rules(
    state: dict[str, object], steps: list[tuple[int, int, int, int, int, int, int | None]]
) -> None:
    floor = Floor(sessions=2)
    arrange(floor, state)
    model = Model(floor)
    for after, index, venue, side, shares, price, old in steps:
        floor.instrument.index = index
        floor.gate.turn_to(venue)
        replaces = None if old is None else resting(side, old)
        found = floor.ask(side, shares, price, replaces=replaces, after=after)
        assert found == model.ask(index, venue, side, shares, price, old)
