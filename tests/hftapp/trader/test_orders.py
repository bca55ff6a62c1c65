"""The order state machine against every answer OUCH allows, fills racing cancels and replaces included."""

import random

import pytest

from hftapp.trader.order import BUY, SELL, Order, State
from hftapp.trader.orders import Orders
from protocols import ouch50


def accepted(order: Order, state: str = "L", quantity: int | None = None) -> ouch50.OrderAccepted:
    return ouch50.OrderAccepted(
        timestamp=1,
        user_ref_num=order.ref,
        side=order.side,
        quantity=order.remaining if quantity is None else quantity,
        symbol=order.symbol,
        price=order.price,
        time_in_force="0",
        display="Y",
        order_reference_number=1000 + order.ref,
        capacity="P",
        inter_market_sweep_eligibility="N",
        cross_type="N",
        order_state=state,
        cl_ord_id=order.cl_ord_id,
    )


def replaced(old: Order, new: Order, quantity: int, state: str = "L") -> ouch50.OrderReplaced:
    return ouch50.OrderReplaced(
        timestamp=1,
        orig_user_ref_num=old.ref,
        user_ref_num=new.ref,
        side=new.side,
        quantity=quantity,
        symbol=new.symbol,
        price=new.price,
        time_in_force="0",
        display="Y",
        order_reference_number=1000 + new.ref,
        capacity="P",
        inter_market_sweep_eligibility="N",
        cross_type="N",
        order_state=state,
        cl_ord_id=new.cl_ord_id,
    )


def executed(order: Order, quantity: int, price: int = 0, match: int = 1) -> ouch50.OrderExecuted:
    return ouch50.OrderExecuted(
        timestamp=1,
        user_ref_num=order.ref,
        quantity=quantity,
        price=price or order.price,
        liquidity_flag="A",
        match_number=match,
    )


def cancelled(order: Order, quantity: int) -> ouch50.OrderCanceled:
    return ouch50.OrderCanceled(timestamp=1, user_ref_num=order.ref, quantity=quantity, reason="U")


def live(orders: Orders, side: str = BUY, shares: int = 100, price: int = 10_0000) -> Order:
    order, _ = orders.enter("AAPL", side, shares, price)
    orders.on_message(accepted(order))
    return order


def test_an_order_is_entered_with_every_field() -> None:
    orders = Orders(firm="HFTX")
    order, data = orders.enter("AAPL", BUY, 100, 10_0000, tif="3", owner=2)
    message = ouch50.decode_inbound(data)
    assert isinstance(message, ouch50.EnterOrder)
    assert (message.user_ref_num, message.side, message.quantity, message.price) == (1, "B", 100, 10_0000)
    assert (message.time_in_force, message.symbol, message.appendage) == ("3", "AAPL", (ouch50.Option(2, "HFTX"),))
    assert (order.state, order.busy, order.owner) == (State.PENDING, True, 2)
    assert orders.next_ref == 2


def test_sales_beyond_the_position_are_marked_short() -> None:
    orders = Orders()
    orders.positions["AAPL"] = 150
    sides = [ouch50.decode_inbound(orders.enter("AAPL", SELL, 100, 10_0000)[1]) for _ in range(2)]
    assert [message.side for message in sides if isinstance(message, ouch50.EnterOrder)] == ["S", "T"]


def test_accepted_live_and_accepted_dead() -> None:
    orders = Orders()
    order = live(orders)
    assert (order.state, order.reference, order.busy) == (State.LIVE, 1001, False)
    dead, _ = orders.enter("AAPL", BUY, 100, 10_0000)
    orders.on_message(accepted(dead, "D"))
    assert dead.state is State.DEAD
    assert orders.open_count == 1
    assert orders.open_notional == 100 * 10_0000


def test_fills_move_position_and_cash_until_the_order_is_gone() -> None:
    orders = Orders()
    order = live(orders)
    fill = orders.on_message(executed(order, 40, match=7))
    assert fill == (order, 40, 10_0000, 7)
    assert (order.remaining, orders.positions["AAPL"], orders.cash) == (60, 40, -40 * 10_0000)
    orders.on_message(executed(order, 60, match=8))
    assert order.state is State.DEAD
    assert (orders.open_count, orders.open_notional, orders.positions["AAPL"]) == (0, 0, 100)
    sold = live(orders, SELL, 30)
    orders.on_message(executed(sold, 30, price=11_0000, match=9))
    assert (orders.positions["AAPL"], orders.cash) == (70, -100 * 10_0000 + 30 * 11_0000)
    assert (orders.counters.bought_shares, orders.counters.sold_shares) == (100, 30)


def test_a_fill_races_a_cancel_and_takes_everything() -> None:
    orders = Orders()
    order = live(orders)
    assert ouch50.decode_inbound(orders.cancel(order)) == ouch50.CancelOrder(user_ref_num=1, quantity=0)
    orders.on_message(executed(order, 100))
    assert order.state is State.DEAD  # the exchange answers the cancel with silence
    assert orders.counters.cancelled == 0


def test_a_fill_races_a_cancel_and_takes_a_part() -> None:
    orders = Orders()
    order = live(orders)
    orders.cancel(order)
    orders.on_message(executed(order, 30))
    orders.on_message(cancelled(order, 70))
    assert (order.state, orders.positions["AAPL"], orders.counters.cancelled) == (State.DEAD, 30, 70)


def test_a_replace_carries_the_liability_of_the_chain() -> None:
    orders = Orders()
    order = live(orders)
    orders.on_message(executed(order, 30))
    new, data = orders.replace(order, 100, 10_0100)
    message = ouch50.decode_inbound(data)
    assert isinstance(message, ouch50.ReplaceOrder)
    assert (message.orig_user_ref_num, message.user_ref_num, message.quantity) == (1, 2, 130)
    assert (order.busy, new.state) == (True, State.PENDING)
    orders.on_message(replaced(order, new, 100))
    assert (order.state, new.state, new.remaining, new.busy) == (State.DEAD, State.LIVE, 100, False)
    assert orders.open_count == 1


def test_a_fill_races_a_replace_and_the_chain_stays_within_its_total() -> None:
    orders = Orders()
    order = live(orders)
    new, _ = orders.replace(order, 100, 10_0100)
    orders.on_message(executed(order, 60, match=1))
    orders.on_message(replaced(order, new, 40))
    assert (new.remaining, orders.positions["AAPL"]) == (40, 60)
    orders.on_message(executed(new, 40, match=2))
    assert (new.state, orders.positions["AAPL"], new.chain.executed) == (State.DEAD, 100, 100)


def test_a_full_fill_before_the_replace_takes_the_replace_with_it() -> None:
    orders = Orders()
    order = live(orders)
    new, _ = orders.replace(order, 100, 10_0100)
    orders.on_message(executed(order, 100))
    assert (order.state, new.state, orders.open_count) == (State.DEAD, State.DEAD, 0)
    assert new.reason == "replaced order 1: filled"


def test_a_replace_with_bad_details_takes_the_old_order_off() -> None:
    orders = Orders()
    order = live(orders)
    new, _ = orders.replace(order, 100, 10_0100)
    orders.on_message(cancelled(order, 100))
    assert (order.state, new.state) == (State.DEAD, State.DEAD)


def test_a_rejected_replace_leaves_the_old_order_as_it_was() -> None:
    orders = Orders()
    order = live(orders)
    new, _ = orders.replace(order, 100, 10_0100)
    orders.on_message(ouch50.Rejected(timestamp=1, user_ref_num=new.ref, reason=0x15, cl_ord_id=""))
    assert (order.state, order.busy, order.remaining) == (State.LIVE, False, 100)
    assert (new.state, new.reason) == (State.DEAD, "rejected: Replace not allowed")
    assert new.replaces is order


def test_a_replace_accepted_dead_leaves_nothing() -> None:
    orders = Orders()
    order = live(orders)
    new, _ = orders.replace(order, 100, 10_0100)
    orders.on_message(replaced(order, new, 0, "D"))
    assert (order.state, new.state, orders.open_count) == (State.DEAD, State.DEAD, 0)


def test_only_quiet_live_orders_can_be_replaced() -> None:
    orders = Orders()
    order, _ = orders.enter("AAPL", BUY, 100, 10_0000)
    with pytest.raises(ValueError, match="order 1 is pending"):
        orders.replace(order, 100, 1)
    orders.on_message(accepted(order))
    orders.cancel(order)
    with pytest.raises(ValueError, match="busy"):
        orders.replace(order, 100, 1)


def test_a_broken_trade_is_taken_back_once() -> None:
    orders = Orders()
    order = live(orders)
    orders.on_message(executed(order, 100, match=5))
    broken = ouch50.BrokenTrade(timestamp=1, user_ref_num=1, match_number=5, reason="E", cl_ord_id="")
    assert orders.on_message(broken) == (order, -100, 10_0000, 5)
    assert orders.on_message(broken) is None
    assert (orders.positions["AAPL"], orders.cash) == (0, 0)


def test_the_other_answers() -> None:
    orders = Orders()
    order = live(orders)
    orders.cancel(order)
    orders.on_message(ouch50.CancelReject(timestamp=1, user_ref_num=1))
    assert not order.cancelling
    orders.on_message(
        ouch50.OrderPriorityUpdate(timestamp=1, user_ref_num=1, price=9_0000, display="Y", order_reference_number=77)
    )
    assert (order.price, order.reference, orders.open_notional) == (9_0000, 77, 100 * 9_0000)
    orders.on_message(ouch50.OrderModified(timestamp=1, user_ref_num=1, side="B", quantity=60))
    assert order.remaining == 60
    orders.on_message(ouch50.CancelPending(timestamp=1, user_ref_num=1))
    assert order.state is State.LIVE
    orders.on_message(
        ouch50.AiqCanceled(
            timestamp=1,
            user_ref_num=1,
            decrement_shares=60,
            reason="Q",
            quantity_prevented_from_trading=60,
            execution_price=9_0000,
            liquidity_flag="R",
            aiq_strategy="D",
        )
    )
    assert (order.remaining, orders.open_count) == (0, 0)


def test_messages_about_unknown_orders_are_counted() -> None:
    orders = Orders()
    ghost = Order(99, "AAPL", BUY, 1, 1, 0, live(orders).chain)
    for message in (executed(ghost, 1), cancelled(ghost, 1)):
        assert orders.on_message(message) is None
    assert orders.counters.unknown == 2


def test_another_run_s_orders_are_adopted() -> None:
    before, after = Orders(), Orders()
    first = live(before, shares=100)
    stream: list[ouch50.OuchOutbound] = [accepted(first, quantity=100), executed(first, 30, match=1)]
    new, _ = before.replace(first, 70, 10_0100)
    stream += [replaced(first, new, 70), executed(new, 20, match=2)]
    for message in stream:
        after.on_message(message)
    assert after.positions == {"AAPL": 50}
    assert [(order.ref, order.remaining, order.owner) for order in after.open_orders()] == [(2, 50, -1)]
    assert after.next_ref == 3
    assert after.counters.adopted == 2


def test_the_account_query_settles_what_was_lost_on_a_broken_connection() -> None:
    orders = Orders()
    order = live(orders)
    new, _ = orders.replace(order, 100, 10_0100)
    lost, _ = orders.enter("MSFT", BUY, 100, 10_0000)
    orders.on_message(ouch50.AccountQueryResponse(timestamp=1, next_user_ref_num=2))
    assert (order.state, order.busy) == (State.LIVE, False)
    assert (new.state, lost.state, orders.counters.lost) == (State.DEAD, State.DEAD, 2)
    assert orders.next_ref == 4  # never lower: numbers already used here would be ignored in silence
    orders.on_message(ouch50.AccountQueryResponse(timestamp=1, next_user_ref_num=900))
    assert orders.next_ref == 900


def test_exposure_counts_the_larger_of_an_order_and_its_replace() -> None:
    orders = Orders()
    order = live(orders, shares=100)
    live(orders, shares=10)
    orders.replace(order, 250, 10_0000)
    assert orders.exposure("AAPL", BUY) == 260
    assert orders.exposure("AAPL", SELL) == 0


def test_the_end_of_the_session_expires_everything() -> None:
    orders = Orders()
    order = live(orders)
    orders.replace(order, 100, 10_0100)
    orders.expire_all("ended")
    assert (orders.open_count, orders.open_notional) == (0, 0)


@pytest.mark.parametrize("seed", range(30))
def test_against_an_exchange_that_answers_late(seed: int) -> None:
    """Random requests; answers come later, computed by an exchange that knows only what it has received."""
    rng = random.Random(seed)
    orders = Orders()
    inbox: list[bytes] = []
    outbox: list[ouch50.OuchOutbound] = []
    book: dict[int, list[int]] = {}  # ref -> [remaining, executed by the chain]
    position, match = 0, 0
    for _ in range(600):
        action = rng.random()
        wanted = rng.randint(1, 100)
        quiet = [order for order in orders.open_orders() if order.state is State.LIVE and not order.busy]
        movable = [order for order in quiet if orders.replaceable(order, wanted)]
        if action < 0.2:
            inbox.append(orders.enter("AAPL", rng.choice("BS"), rng.randint(1, 100), 10_0000)[1])
        elif action < 0.35 and movable:
            inbox.append(orders.replace(rng.choice(movable), wanted, 10_0000)[1])
        elif action < 0.45 and quiet:
            inbox.append(orders.cancel(rng.choice(quiet)))
        elif action < 0.6 and book:
            ref = rng.choice(list(book))
            shares = rng.randint(1, book[ref][0])
            match += 1
            side = orders.by_ref[ref].side
            position += shares if side == BUY else -shares
            outbox.append(executed(orders.by_ref[ref], shares, match=match))
            book[ref][0] -= shares
            book[ref][1] += shares
            if not book[ref][0]:
                del book[ref]
        elif action < 0.8 and inbox:
            outbox += exchange_answers(ouch50.decode_inbound(inbox.pop(0)), book, orders)
        elif outbox:
            orders.on_message(outbox.pop(0))
    while inbox:
        outbox += exchange_answers(ouch50.decode_inbound(inbox.pop(0)), book, orders)
    for message in outbox:
        orders.on_message(message)
    orders.on_message(ouch50.AccountQueryResponse(timestamp=1, next_user_ref_num=orders.next_ref))
    assert orders.positions.get("AAPL", 0) == position
    assert {order.ref: order.remaining for order in orders.open_orders()} == {ref: n for ref, (n, _) in book.items()}
    assert orders.open_notional == sum(remaining * 10_0000 for remaining, _ in book.values())


def exchange_answers(
    message: ouch50.OuchInbound, book: dict[int, list[int]], orders: Orders
) -> list[ouch50.OuchOutbound]:
    if isinstance(message, ouch50.EnterOrder):
        book[message.user_ref_num] = [message.quantity, 0]
        return [accepted(orders.by_ref[message.user_ref_num], quantity=message.quantity)]
    if isinstance(message, ouch50.ReplaceOrder):
        if message.orig_user_ref_num not in book:
            return []
        done = book[message.orig_user_ref_num][1]
        old, new = orders.by_ref[message.orig_user_ref_num], orders.by_ref[message.user_ref_num]
        rest = message.quantity - done
        remaining = book.pop(old.ref)[0]
        if rest <= 0:
            return [cancelled(old, remaining)]
        book[new.ref] = [rest, done]
        return [replaced(old, new, rest)]
    if isinstance(message, ouch50.CancelOrder) and message.user_ref_num in book:
        return [cancelled(orders.by_ref[message.user_ref_num], book.pop(message.user_ref_num)[0])]
    return []


@pytest.mark.parametrize("change", [{"symbol": "MSFT"}, {"side": "S"}, {"cl_ord_id": "ELSE1"}])
def test_an_answer_about_another_run_s_order_with_the_same_number_is_adopted(change: dict[str, str]) -> None:
    orders = Orders(run="AB2C")
    mine, data = orders.enter("AAPL", BUY, 100, 10_0000)
    message = ouch50.decode_inbound(data)
    assert isinstance(message, ouch50.EnterOrder)
    assert message.cl_ord_id == "AB2C1"
    orders.on_message(accepted(mine).replace(**change))
    assert (mine.state, mine.reason) == (State.DEAD, "its UserRefNum belongs to an order of another run")
    assert (orders.counters.lost, orders.counters.adopted, orders.open_count) == (1, 1, 1)
    other = orders.by_ref[1]
    assert other is not mine
    assert orders.adopted == {1: other}
    orders.on_message(cancelled(other, 100))
    assert (orders.adopted, orders.open_count) == ({}, 0)


def test_a_replace_under_a_number_of_another_run_leaves_the_old_order() -> None:
    orders = Orders()
    order = live(orders)
    new, _ = orders.replace(order, 100, 10_0100)
    orders.on_message(accepted(new).replace(symbol="MSFT", cl_ord_id="ELSE2"))
    assert (new.state, order.state, order.busy) == (State.DEAD, State.LIVE, False)
    assert [adopted.symbol for adopted in orders.adopted.values()] == ["MSFT"]


def test_a_replace_that_would_change_the_mark_or_pass_the_largest_quantity_is_not_made() -> None:
    orders = Orders()
    orders.positions["AAPL"] = 100
    sale = live(orders, SELL)
    assert sale.mark == "S"
    assert orders.replaceable(sale, 100)
    assert not orders.replaceable(sale, 101)
    orders.positions["AAPL"] = 0
    with pytest.raises(ValueError, match="order 1 cannot be replaced by 100 shares"):
        orders.replace(sale, 100, 10_0100)
    long_chain = live(orders)
    long_chain.chain.executed = 999_900
    assert orders.replaceable(long_chain, 99)
    assert not orders.replaceable(long_chain, 100)


def test_memory_is_bounded_and_what_is_open_is_never_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hftapp.trader.orders.MAX_DEAD", 50)
    monkeypatch.setattr("hftapp.trader.orders.MAX_FILLS", 20)
    orders = Orders()
    resting = live(orders)
    for match in range(500):
        order = live(orders)
        orders.on_message(executed(order, 100, match=match))
    assert len(orders.by_ref) == 51
    assert len(orders._fills) == 20
    assert orders.by_ref[resting.ref] is resting
    last = ouch50.BrokenTrade(timestamp=1, user_ref_num=501, match_number=499, reason="E", cl_ord_id="")
    first = last.replace(user_ref_num=2, match_number=0)
    assert orders.on_message(last) is not None
    assert orders.on_message(first) is None
    assert (orders.positions["AAPL"], orders.counters.broken, orders.counters.unknown) == (49_900, 1, 1)
