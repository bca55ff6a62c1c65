"""Every decision of the risk gate is journalled: passed or refused, why, and when; and never silently lost."""

from itertools import pairwise
from typing import Any

import pytest

from hftapp import records
from hftapp.ring import Record, Ring
from hftapp.trader import decisions
from hftapp.trader.decisions import LENGTH, SPARE, Decisions
from hftapp.trader.order import BUY, DAY, SELL
from hftapp.trader.risk import checks
from hftapp.units import Price, Shares
from protocols import ouch50
from protocols.management import Decision
from tests.hftapp.trader.rig import START, Rig, add


def rig(**settings: int) -> Rig:
    made = Rig(risk=settings)
    made.feed(add(1, "B", 500, 99_9000), add(2, "S", 500, 100_1000), decide=False)
    made.market.take_touched()
    return made


def told(entries: list[Record]) -> list[Decision]:
    return [Decision.decode(entry.payload) for entry in entries if entry.kind == records.DECISION]


def test_an_order_that_passed_says_what_was_wanted_and_how_long_each_stage_took() -> None:
    floor = rig()
    stages = floor.stages
    stages.burst_at, stages.parsed_at, stages.booked_at = START - 300, START - 200, START - 100
    floor.gateway.enter(floor.aapl, 0, BUY, Shares(100), Price(100_0000), 7, DAY, 3, False)
    (entry,) = floor.ring.drain()
    assert (entry.kind, entry.time) == (records.DECISION, 7)
    assert Decision.decode(entry.payload) == Decision(
        code=0,
        strategy=3,
        cause="B",
        venue=0,
        feed_venue=0,
        side="B",
        symbol="AAPL",
        reference=1,
        replaces=0,
        shares=100,
        price=100_0000,
        sequence=0,
        value=0,
        limit=0,
        burst=START - 300,
        parsed=100,
        booked=200,
        decided=300,
        passed=300,
        rung=300,
    )


def test_only_the_first_order_of_a_tick_has_stages() -> None:
    floor = rig()
    floor.stages.burst_at = START - 50
    for side in (BUY, SELL):
        floor.gateway.enter(floor.aapl, 0, side, Shares(100), Price(100_0000 - 500 * side), 7, DAY, 0, False)
    first, second = told(floor.ring.drain())
    assert (first.burst, first.decided, first.rung) == (START - 50, 50, 50)
    assert (second.burst, second.parsed, second.booked, second.decided, second.rung) == (START - 50, 0, 0, 0, 0)


def test_a_refusal_says_what_was_found_and_the_limit() -> None:
    floor = rig(max_order_shares=1000)
    assert floor.gateway.enter(floor.aapl, 0, SELL, Shares(1001), Price(100_0000), 7, DAY, 2, False) is None
    (refused,) = told(floor.ring.drain())
    assert (refused.code, refused.value, refused.limit) == (checks.QUANTITY, 1001, 1000)
    assert (refused.strategy, refused.side, refused.shares, refused.price) == (2, "S", 1001, 100_0000)
    assert (refused.reference, refused.passed, refused.rung) == (0, 0, 0)


def test_replaces_name_the_order_they_replace_passed_or_refused() -> None:
    floor = rig(max_order_shares=1000)
    order = floor.gateway.enter(floor.aapl, 0, BUY, Shares(100), Price(100_0000), 0, DAY, 1, False)
    assert order is not None
    floor.accept_all()
    assert floor.gateway.replace(order, Shares(2000), Price(100_0000), 5) is None
    assert floor.gateway.replace(order, Shares(200), Price(100_0100), 6) is not None
    _, refused, passed = told(floor.ring.drain())
    assert (refused.code, refused.reference, refused.replaces, refused.shares) == (checks.QUANTITY, 0, 1, 2000)
    assert (passed.code, passed.reference, passed.replaces, passed.shares, passed.price) == (0, 2, 1, 200, 100_0100)
    assert (refused.strategy, passed.strategy) == (1, 1)


def test_cancels_are_no_decisions() -> None:
    floor = rig()
    order = floor.gateway.enter(floor.aapl, 0, BUY, Shares(100), Price(100_0000), 0, DAY, 0, False)
    assert order is not None
    floor.ring.drain()
    assert floor.gateway.cancel(order, 0)
    assert told(floor.ring.drain()) == []


def test_outside_a_burst_there_is_nothing_to_count_from() -> None:
    floor = rig()
    floor.stages.burst_at = 1
    floor.gateway.decisions.cause = decisions.TIMER
    floor.gateway.enter(floor.aapl, 0, BUY, Shares(100), Price(100_0000), 0, DAY, 0, False)
    (found,) = told(floor.ring.drain())
    assert (found.cause, found.burst, found.decided, found.passed, found.rung) == ("C", 0, 0, 0, 0)


def test_every_order_of_a_run_has_its_decision_right_behind_it(floor: Any) -> None:
    floor.open_market()
    floor.exchange.fill(min(floor.exchange.live), 100, 1)
    floor.run(200)
    journal = floor.rings.journal.drain(10_000)
    orders = 0
    for entry, following in pairwise(journal):
        message = ouch50.decode_inbound(entry.payload) if entry.kind == records.OUT else None
        if isinstance(message, ouch50.EnterOrder | ouch50.ReplaceOrder):
            orders += 1
            decision = Decision.decode(following.payload)
            assert following.kind == records.DECISION
            assert (decision.code, decision.reference) == (0, message.user_ref_num)
    assert orders == sum(decision.reference != 0 for decision in told(journal)) > 3


def test_a_decision_knows_its_market_data_and_why_the_strategy_was_asked(floor: Any) -> None:
    floor.open_market()
    opened = told(floor.rings.journal.drain(10_000))
    assert {(found.cause, found.sequence) for found in opened} == {("B", 3)}
    floor.exchange.fill(min(floor.exchange.live), 100, 1)
    floor.run(200)
    assert {found.cause for found in told(floor.rings.journal.drain(10_000))} <= {"F", "O"}


@pytest.mark.parametrize("padding", range(0, 256, 8))
def test_an_order_that_fits_has_room_for_its_decision_wherever_the_lap_ends(padding: int) -> None:
    floor = rig()
    ring = Ring(1 << 10)
    made = Decisions(ring, 0, floor.stages)
    assert ring.spare == SPARE == 2 * (LENGTH + 16)
    order = floor.gateway.enter(floor.aapl, 0, BUY, Shares(100), Price(100_0000), 7, DAY, 3, False)
    assert order is not None
    ring.push(records.OUT, 0, bytes(padding))
    pushed = 0
    while ring.push(records.OUT, 0, bytes(47)):
        assert made.passed(order, 0, True, 7)
        pushed += 1
        if pushed % 2:
            ring.drain(1 + pushed % 3)
        if pushed > 200:
            break
    assert pushed > 2
    assert ring.dropped <= 1  # the order that found no room: it is not sent


def test_a_refusal_without_room_is_counted_as_lost() -> None:
    floor = rig(max_order_shares=1000)
    while floor.ring.push(records.OUT, 0, bytes(1000)):
        pass
    while floor.ring.push(records.OUT, 0, b""):
        pass
    before = floor.ring.dropped
    floor.gateway.enter(floor.aapl, 0, SELL, Shares(1001), Price(100_0000), 7, DAY, 2, False)
    assert floor.ring.dropped == before + 1
