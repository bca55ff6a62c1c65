"""Reasons not to trade: the gateway is open while there is none, and what is open is cancelled until it is gone."""

import pytest

from hftapp.trader import breaker
from hftapp.trader.breaker import Breaker
from hftapp.trader.order import BUY, DAY, Order
from hftapp.units import Price, Shares
from protocols import ouch50
from tests.hftapp.trader.rig import Rig, add


def started() -> tuple[Rig, Breaker, Order]:
    """An open gateway with a live order."""
    floor = Rig()
    floor.feed(add(1, "B", 500, 99_0000), add(2, "S", 500, 101_0000), decide=False)
    floor.market.take_touched()
    guard = Breaker(floor.gateway)
    assert not floor.gateway.open
    assert guard.reset(breaker.CONNECTING)
    order = floor.gateway.enter(floor.aapl, 0, BUY, Shares(100), Price(100_0000), 0, DAY, 0, False)
    assert order is not None
    floor.accept_all()
    return floor, guard, order


def cancels(floor: Rig) -> int:
    return sum(isinstance(message, ouch50.CancelOrder) for message in floor.sent)


def test_a_reason_closes_the_gateway_and_cancels_everything() -> None:
    floor, guard, _ = started()
    assert guard.trip(breaker.KILLED, 0)
    assert (floor.gateway.open, guard.tripped, cancels(floor)) == (False, True, 1)
    assert not guard.trip(breaker.KILLED, 0)
    assert cancels(floor) == 1


def test_it_opens_when_the_last_reason_has_gone() -> None:
    floor, guard, _ = started()
    guard.trip(breaker.SILENT, 0)
    guard.trip(breaker.ADOPTED, 0)
    assert not guard.reset(breaker.SILENT)
    assert not guard.reset(breaker.SILENT)
    assert not floor.gateway.open
    assert guard.reset(breaker.ADOPTED)
    assert floor.gateway.open


@pytest.mark.parametrize(
    ("reason", "stale"),
    [(breaker.LOST, True), (breaker.SILENT, True), (breaker.KILLED, False), (breaker.MARKET_CLOSED, False)],
)
def test_books_are_stale_for_some_reasons(reason: str, stale: bool) -> None:
    _, guard, _ = started()
    guard.trip(reason, 0)
    assert guard.stale == stale
    guard.reset(reason)
    assert not guard.stale


def test_a_cancel_without_an_answer_is_repeated_and_one_that_became_possible_is_sent() -> None:
    floor, guard, order = started()
    floor.gateway.replace(order, Shares(100), Price(100_0100), 0)
    floor.sessions[0].ready = False
    guard.trip(breaker.KILLED, 0)
    assert cancels(floor) == 0
    floor.sessions[0].ready = True
    guard.answered(1)
    guard.answered(2)
    assert cancels(floor) == 1  # of the replace; it is not asked for twice
    guard.timer(breaker.REPEAT_NS - 1)
    assert cancels(floor) == 1
    guard.timer(breaker.REPEAT_NS)
    assert cancels(floor) == 2
    floor.hear(ouch50.Rejected(timestamp=1, user_ref_num=2, reason=0x15, cl_ord_id=""))
    guard.answered(breaker.REPEAT_NS)
    assert floor.sent[-1] == ouch50.CancelOrder(user_ref_num=1, quantity=0)


def test_without_a_reason_nothing_is_cancelled() -> None:
    floor, guard, _ = started()
    guard.answered(0)
    guard.timer(10 * breaker.REPEAT_NS)
    assert cancels(floor) == 0
