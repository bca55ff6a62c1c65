"""What leaves the trader: passed by the risk gate, built in the session's room, counted; what does not, and why."""

import pytest

from hftapp.trader.gateway import OrderGateway
from hftapp.trader.order import BUY, DAY, DEAD, IOC, SELL
from hftapp.trader.ouch import OuchEncoder
from hftapp.trader.risk import checks
from hftapp.units import Price, Shares
from protocols import ouch50
from protocols.management import Decision
from tests.hftapp.trader.rig import Rig, add, executed


def rig(**settings: int) -> Rig:
    rig = Rig(risk=settings)
    rig.feed(add(1, "B", 500, 99_9000), add(2, "S", 500, 100_1000), decide=False)
    rig.market.take_touched()
    return rig


def test_an_order_goes_out_as_the_strategy_wants_it() -> None:
    floor = rig()
    order = floor.gateway.enter(floor.aapl, 0, BUY, Shares(100), Price(100_0000), 7, IOC, 3, True)
    assert order is not None
    assert (order.ref, order.owner, order.entered_at) == (1, 3, 7)
    assert floor.sent == [
        ouch50.EnterOrder(
            user_ref_num=1,
            side="B",
            quantity=100,
            symbol="AAPL",
            price=100_0000,
            time_in_force="3",
            display="Y",
            capacity="P",
            inter_market_sweep_eligibility="Y",
            cross_type="N",
            cl_ord_id="0000000001",
            appendage=(ouch50.Option(2, "HFTX"),),
        )
    ]
    assert floor.gateway.emitted == 1
    assert floor.stages.rung


def test_when_the_first_order_left_is_kept_whatever_it_was_for() -> None:
    floor = rig()
    assert floor.gateway.first_order == 0
    floor.gateway.enter(floor.aapl, 0, BUY, Shares(100), Price(100_0000), 7, IOC, 3, True)
    floor.gateway.enter(floor.aapl, 0, BUY, Shares(100), Price(100_0100), 8, IOC, 3, True)
    assert (floor.gateway.emitted, floor.gateway.first_order) == (2, 7)


def test_replace_and_cancel() -> None:
    floor = rig()
    order = floor.gateway.enter(floor.aapl, 0, BUY, Shares(100), Price(100_0000), 0, DAY, 0, False)
    assert order is not None
    floor.accept_all()
    floor.hear(executed(order.ref, 30, 100_0000, 1))
    new = floor.gateway.replace(order, Shares(100), Price(100_0100), 0)
    assert new is not None
    replace = floor.sent[1]
    assert isinstance(replace, ouch50.ReplaceOrder)
    assert (replace.orig_user_ref_num, replace.user_ref_num, replace.quantity, replace.price) == (1, 2, 130, 100_0100)
    assert floor.gateway.cancel(new, 0)
    assert floor.sent[2] == ouch50.CancelOrder(user_ref_num=2, quantity=0)
    assert new.cancelling
    assert floor.gateway.emitted == 3


def test_nothing_is_sent_while_closed_and_no_order_comes_of_it() -> None:
    floor = rig()
    floor.gateway.open = False
    assert floor.gateway.enter(floor.aapl, 0, BUY, Shares(100), Price(100_0000), 0, DAY, 0, False) is None
    floor.gateway.open = True
    floor.sessions[0].ready = False
    assert floor.gateway.enter(floor.aapl, 0, BUY, Shares(100), Price(100_0000), 0, DAY, 0, False) is None
    floor.sessions[0].ready = True
    floor.sessions[0].full = True
    assert floor.gateway.enter(floor.aapl, 0, BUY, Shares(100), Price(100_0000), 0, DAY, 0, False) is None
    assert (floor.sent, floor.orders.open_count, floor.orders.next_ref()) == ([], 0, 1)
    assert floor.gateway.emitted == 0
    (unsent,) = floor.ring.drain()  # the gate let it pass, the full connection did not take it
    assert (Decision.decode(unsent.payload).code, Decision.decode(unsent.payload).reference) == (0, 0)


def test_an_order_that_is_refused_leaves_nothing_but_the_decision() -> None:
    floor = rig(max_order_shares=1000)
    assert floor.gateway.enter(floor.aapl, 0, BUY, Shares(1001), Price(100_0000), 7, DAY, 0, False) is None
    (record,) = floor.ring.drain()
    assert Decision.decode(record.payload).code == checks.QUANTITY
    assert (floor.sent, floor.orders.open_count, floor.gateway.emitted) == ([], 0, 0)


def test_a_replace_that_is_refused_leaves_the_order() -> None:
    floor = rig(max_order_shares=1000)
    order = floor.gateway.enter(floor.aapl, 0, BUY, Shares(100), Price(100_0000), 0, DAY, 0, False)
    assert order is not None
    floor.accept_all()
    assert floor.gateway.replace(order, Shares(1001), Price(100_0000), 0) is None
    assert not order.busy()
    assert len(floor.sent) == 1


def test_all_orders_are_cancelled_at_the_end_of_their_chains_and_only_where_the_session_is_ready() -> None:
    floor = Rig(venues=2)
    floor.feed(add(1, "B", 500, 99_9000), add(2, "S", 500, 100_1000), decide=False)
    floor.market.take_touched()
    first = floor.gateway.enter(floor.aapl, 0, BUY, Shares(100), Price(99_0000), 0, DAY, 0, False)
    second = floor.gateway.enter(floor.aapl, 1, SELL, Shares(50), Price(101_0000), 0, DAY, 0, False)
    assert first is not None
    assert second is not None
    floor.accept_all()
    new = floor.gateway.replace(first, Shares(100), Price(99_0100), 0)
    assert new is not None
    floor.sessions[1].ready = False
    floor.gateway.cancel_all(0)
    assert (first.cancelling, new.cancelling, second.cancelling) == (False, True, False)
    floor.sessions[1].ready = True
    floor.gateway.cancel_all(0, False)
    assert [m.user_ref_num for m in floor.sent if isinstance(m, ouch50.CancelOrder)] == [2]
    assert floor.sessions[1].messages[-1] == ouch50.CancelOrder(user_ref_num=1, quantity=0)
    floor.gateway.cancel_all(0)
    assert [m.user_ref_num for m in floor.sent if isinstance(m, ouch50.CancelOrder)] == [2, 2]


def test_a_dead_order_is_not_cancelled() -> None:
    floor = rig()
    order = floor.gateway.enter(floor.aapl, 0, BUY, Shares(100), Price(100_0000), 0, DAY, 0, False)
    assert order is not None
    floor.accept_all()
    floor.hear(executed(1, 100, 100_0000, 1))
    assert order.state == DEAD
    assert not floor.gateway.cancel(order, 0)
    assert len(floor.sent) == 1


def test_every_venue_needs_its_session_and_encoder() -> None:
    floor = Rig()
    with pytest.raises(ValueError, match="1 venues need as many sessions and encoders, not 1 and 2"):
        OrderGateway(
            floor.orders, floor.risk, floor.sessions, [OuchEncoder()] * 2, floor.stages, floor.gateway.decisions
        )
