"""The order state machine against every answer OUCH allows, fills racing cancels and replaces included."""

import random

import pytest

from hftapp.trader import order_pool
from hftapp.trader import orders as kinds
from hftapp.trader.order import BUY, DEAD, LIVE, MARK_SELL, MARK_SHORT, PENDING, SELL, SIDE_NAMES, Order
from hftapp.trader.ouch import OuchEncoder, enter_order
from hftapp.trader.totals import NAMES
from hftapp.units import Price, Shares
from protocols import ouch50
from tests.hftapp.trader.house import House


def accepted(order: Order, state: str = "L", quantity: int | None = None) -> ouch50.OrderAccepted:
    return ouch50.OrderAccepted(
        timestamp=1,
        user_ref_num=order.ref,
        side=SIDE_NAMES[order.side],
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
        side=SIDE_NAMES[new.side],
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


def live(orders: House, side: int = BUY, shares: int = 100, price: int = 10_0000) -> Order:
    order = orders.buy(shares, price, side)
    orders.hear(accepted(order))
    return order


def test_an_order_is_entered_with_every_field() -> None:
    orders = House(run="AB2C")
    order = orders.enter(orders.aapl, 0, BUY, Shares(100), Price(10_0000), tif=ord("3"), owner=2, iso=True, now=7)
    assert (order.ref, order.side, order.remaining, order.price, order.symbol) == (1, BUY, 100, 10_0000, "AAPL")
    assert (order.tif, order.owner, order.iso, order.entered_at) == (ord("3"), 2, True, 7)
    assert (order.state, order.busy(), order.reason, order.cl_ord_id) == (PENDING, True, "", "AB2C0000000001")
    assert orders.next_ref() == 2


def test_sales_beyond_the_position_are_marked_short() -> None:
    orders = House()
    orders.aapl.position = Shares(150)
    assert [orders.buy(side=SELL).mark for _ in range(2)] == [MARK_SELL, MARK_SHORT]


def test_client_order_ids_count_in_decimal_at_each_venue() -> None:
    orders = House(run="Z", venues=2)
    first = [orders.enter(orders.aapl, 0, BUY, Shares(1), Price(1)).cl_ord_id for _ in range(101)]
    assert first == [f"Z{number:010}" for number in range(1, 102)]
    assert orders.enter(orders.aapl, 1, BUY, Shares(1), Price(1)).cl_ord_id == "Z0000000001"
    orders.hear(ouch50.AccountQueryResponse(timestamp=1, next_user_ref_num=4_294_967_295))
    assert orders.buy().cl_ord_id == "Z4294967295"


def test_accepted_live_and_accepted_dead() -> None:
    orders = House()
    order = live(orders)
    assert (order.state, order.reference, order.busy()) == (LIVE, 1001, False)
    dead = orders.buy()
    orders.hear(accepted(dead, "D"))
    assert dead.state is DEAD
    assert orders.open_count == 1
    assert orders.open_notional == 100 * 10_0000


def test_fills_move_position_and_cash_until_the_order_is_gone() -> None:
    orders = House()
    order = live(orders)
    assert orders.hear(executed(order, 40, match=7)) == kinds.FILLED
    assert orders.fill == (order, 40, 10_0000, 7)
    assert (order.remaining, orders.aapl.position, orders.cash) == (60, 40, -40 * 10_0000)
    orders.hear(executed(order, 60, match=8))
    assert order.state is DEAD
    assert (orders.open_count, orders.open_notional, orders.aapl.position) == (0, 0, 100)
    sold = live(orders, SELL, 30)
    orders.hear(executed(sold, 30, price=11_0000, match=9))
    assert (orders.aapl.position, orders.cash) == (70, -100 * 10_0000 + 30 * 11_0000)
    assert (orders.count("bought_shares"), orders.count("sold_shares")) == (100, 30)


def test_a_fill_races_a_cancel_and_takes_everything() -> None:
    orders = House()
    order = live(orders)
    orders.cancel(order)
    orders.hear(executed(order, 100))
    assert order.state is DEAD  # the exchange answers the cancel with silence
    assert orders.count("cancelled") == 0


def test_a_fill_races_a_cancel_and_takes_a_part() -> None:
    orders = House()
    order = live(orders)
    orders.cancel(order)
    orders.hear(executed(order, 30))
    orders.hear(cancelled(order, 70))
    assert (order.state, orders.aapl.position, orders.count("cancelled")) == (DEAD, 30, 70)


def test_a_replace_carries_the_liability_of_the_chain() -> None:
    orders = House()
    order = live(orders)
    orders.hear(executed(order, 30))
    new = orders.replace(order, Shares(100), Price(10_0100))
    assert (new.ref, new.replaces, new.executed + new.remaining) == (2, order, 130)
    assert (order.busy(), new.state) == (True, PENDING)
    orders.hear(replaced(order, new, 100))
    assert (order.state, new.state, new.remaining, new.busy()) == (DEAD, LIVE, 100, False)
    assert orders.open_count == 1


def test_a_fill_races_a_replace_and_the_chain_stays_within_its_total() -> None:
    orders = House()
    order = live(orders)
    new = orders.replace(order, Shares(100), Price(10_0100))
    orders.hear(executed(order, 60, match=1))
    orders.hear(replaced(order, new, 40))
    assert (new.remaining, orders.aapl.position) == (40, 60)
    orders.hear(executed(new, 40, match=2))
    assert (new.state, orders.aapl.position, new.executed) == (DEAD, 100, 100)


def test_a_full_fill_before_the_replace_takes_the_replace_with_it() -> None:
    orders = House()
    order = live(orders)
    new = orders.replace(order, Shares(100), Price(10_0100))
    orders.hear(executed(order, 100))
    assert (order.state, new.state, orders.open_count) == (DEAD, DEAD, 0)
    assert new.reason == "replaced order 1: filled"


def test_a_replace_with_bad_details_takes_the_old_order_off() -> None:
    orders = House()
    order = live(orders)
    new = orders.replace(order, Shares(100), Price(10_0100))
    orders.hear(cancelled(order, 100))
    assert (order.state, new.state) == (DEAD, DEAD)


def test_a_rejected_replace_leaves_the_old_order_as_it_was() -> None:
    orders = House()
    order = live(orders)
    new = orders.replace(order, Shares(100), Price(10_0100))
    orders.hear(ouch50.Rejected(timestamp=1, user_ref_num=new.ref, reason=0x15, cl_ord_id=""))
    assert (order.state, order.busy(), order.remaining) == (LIVE, False, 100)
    assert (new.state, new.reason) == (DEAD, "rejected: Replace not allowed")
    assert (new.replaces, new.replaced_ref, orders.find(0, new.replaced_ref)) == (None, order.ref, order)


def test_what_was_replaced_is_not_looked_for_again() -> None:
    """A quote is replaced thousands of times a day, and its fill asks what of the chain is left."""
    orders = House()
    order = live(orders)
    new = orders.replace(order, Shares(100), Price(10_0100))
    assert new.replaced_ref == order.ref
    orders.hear(replaced(order, new, 100))
    assert (order.state, new.replaced_ref) == (DEAD, 0)


def test_a_replace_accepted_dead_leaves_nothing() -> None:
    orders = House()
    order = live(orders)
    new = orders.replace(order, Shares(100), Price(10_0100))
    orders.hear(replaced(order, new, 0, "D"))
    assert (order.state, new.state, orders.open_count) == (DEAD, DEAD, 0)


def test_only_quiet_live_orders_can_be_replaced() -> None:
    orders = House()
    order = orders.buy()
    with pytest.raises(ValueError, match="order 1 is pending"):
        orders.replace(order, Shares(100), Price(1))
    orders.hear(accepted(order))
    orders.cancel(order)
    with pytest.raises(ValueError, match="busy"):
        orders.replace(order, Shares(100), Price(1))


def test_a_broken_trade_is_taken_back_once() -> None:
    orders = House()
    order = live(orders)
    orders.hear(executed(order, 100, match=5))
    broken = ouch50.BrokenTrade(timestamp=1, user_ref_num=1, match_number=5, reason="E", cl_ord_id="")
    assert orders.hear(broken) == kinds.BROKEN
    assert orders.fill == (order, -100, 10_0000, 5)
    assert orders.hear(broken) == kinds.IGNORED
    assert (orders.aapl.position, orders.cash) == (0, 0)


def test_the_other_answers() -> None:
    orders = House()
    order = live(orders)
    orders.cancel(order)
    orders.hear(ouch50.CancelReject(timestamp=1, user_ref_num=1))
    assert not order.cancelling
    orders.hear(
        ouch50.OrderPriorityUpdate(timestamp=1, user_ref_num=1, price=9_0000, display="Y", order_reference_number=77)
    )
    assert (order.price, order.reference, orders.open_notional) == (9_0000, 77, 100 * 9_0000)
    orders.hear(ouch50.OrderModified(timestamp=1, user_ref_num=1, side="B", quantity=60))
    assert order.remaining == 60
    orders.hear(ouch50.CancelPending(timestamp=1, user_ref_num=1))
    assert order.state is LIVE
    orders.hear(
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
    orders = House()
    ghost = live(House())
    for message in (executed(ghost, 1), cancelled(ghost, 1)):
        assert (orders.hear(message), orders.order) == (kinds.IGNORED, None)
    assert orders.count("unknown") == 2


def test_another_run_s_orders_are_adopted() -> None:
    before, after = House(), House()
    first = live(before, shares=100)
    stream: list[ouch50.OuchOutbound] = [accepted(first, quantity=100), executed(first, 30, match=1)]
    new = before.replace(first, Shares(70), Price(10_0100))
    stream += [replaced(first, new, 70), executed(new, 20, match=2)]
    for message in stream:
        after.hear(message)
    assert after.aapl.position == 50
    assert [(order.ref, order.remaining, order.owner) for order in after.open_orders()] == [(2, 50, -1)]
    assert after.next_ref() == 3
    assert after.count("adopted") == 2


def test_the_account_query_settles_what_was_lost_on_a_broken_connection() -> None:
    orders = House()
    order = live(orders)
    new = orders.replace(order, Shares(100), Price(10_0100))
    lost = orders.enter(orders.instrument("MSFT"), 0, BUY, Shares(100), Price(10_0000))
    orders.hear(ouch50.AccountQueryResponse(timestamp=1, next_user_ref_num=2))
    assert (order.state, order.busy()) == (LIVE, False)
    assert (new.state, lost.state, orders.count("lost")) == (DEAD, DEAD, 2)
    assert orders.next_ref() == 4  # never lower: numbers already used here would be ignored in silence
    orders.hear(ouch50.AccountQueryResponse(timestamp=1, next_user_ref_num=900))
    assert orders.next_ref() == 900


def test_exposure_counts_the_larger_of_an_order_and_its_replace() -> None:
    orders = House()
    order = live(orders, shares=100)
    live(orders, shares=10)
    orders.replace(order, Shares(250), Price(10_0000))
    assert (orders.aapl.exposed_buy, orders.aapl.exposed_sell) == (260, 0)
    orders.hear(executed(order, 100))
    assert (orders.aapl.exposed_buy, orders.aapl.exposed_sell) == (10, 0)


def test_the_end_of_the_session_expires_everything() -> None:
    orders = House()
    order = live(orders)
    orders.replace(order, Shares(100), Price(10_0100))
    orders.expire(0, "ended")
    assert (orders.open_count, orders.open_notional) == (0, 0)


@pytest.mark.parametrize("seed", range(30))
def test_against_an_exchange_that_answers_late(seed: int) -> None:
    """Random requests; answers come later, computed by an exchange that knows only what it has received."""
    rng = random.Random(seed)
    orders = House()
    inbox: list[ouch50.OuchInbound] = []
    outbox: list[ouch50.OuchOutbound] = []
    book: dict[int, list[int]] = {}  # ref -> [remaining, executed by the chain]
    position, match = 0, 0
    for _ in range(600):
        action = rng.random()
        wanted = rng.randint(1, 100)
        quiet = [order for order in orders.open_orders() if order.state is LIVE and not order.busy()]
        movable = [order for order in quiet if orders.replaceable(order, Shares(wanted))]
        if action < 0.2:
            inbox.append(request(orders.buy(rng.randint(1, 100), side=rng.choice((BUY, SELL)))))
        elif action < 0.35 and movable:
            inbox.append(request(orders.replace(rng.choice(movable), Shares(wanted), Price(10_0000))))
        elif action < 0.45 and quiet:
            order = rng.choice(quiet)
            orders.cancel(order)
            inbox.append(ouch50.CancelOrder(user_ref_num=order.ref, quantity=0))
        elif action < 0.6 and book:
            ref = rng.choice(list(book))
            shares = rng.randint(1, book[ref][0])
            match += 1
            side = known(orders, ref).side
            position += shares if side == BUY else -shares
            outbox.append(executed(known(orders, ref), shares, match=match))
            book[ref][0] -= shares
            book[ref][1] += shares
            if not book[ref][0]:
                del book[ref]
        elif action < 0.8 and inbox:
            outbox += exchange_answers(inbox.pop(0), book, orders)
        elif outbox:
            orders.hear(outbox.pop(0))
            orders.check()
    while inbox:
        outbox += exchange_answers(inbox.pop(0), book, orders)
    for message in outbox:
        orders.hear(message)
    orders.hear(ouch50.AccountQueryResponse(timestamp=1, next_user_ref_num=orders.next_ref()))
    assert orders.aapl.position == position
    assert {order.ref: order.remaining for order in orders.open_orders()} == {ref: n for ref, (n, _) in book.items()}
    assert orders.open_notional == sum(remaining * 10_0000 for remaining, _ in book.values())


def request(order: Order) -> ouch50.OuchInbound:
    room = bytearray(64)
    encoder = OuchEncoder()
    if order.replaces is not None:
        length = encoder.replace(room, 0, order)
    else:
        length, token = encoder.enter_length, order.cl_ord_id.encode().ljust(14)
        terms = order.remaining, order.price, order.ref, order.mark, order.tif, order.iso
        room[:length] = encoder.template
        enter_order(room, 0, order.instrument, *terms, token, 0)
    return ouch50.decode_inbound(bytes(room[:length]))


def known(orders: House, ref: int) -> Order:
    order = orders.find(0, ref)
    assert order is not None
    return order


def exchange_answers(
    message: ouch50.OuchInbound, book: dict[int, list[int]], orders: House
) -> list[ouch50.OuchOutbound]:
    if isinstance(message, ouch50.EnterOrder):
        book[message.user_ref_num] = [message.quantity, 0]
        return [accepted(known(orders, message.user_ref_num), quantity=message.quantity)]
    if isinstance(message, ouch50.ReplaceOrder):
        if message.orig_user_ref_num not in book:
            return []
        done = book[message.orig_user_ref_num][1]
        old, new = known(orders, message.orig_user_ref_num), known(orders, message.user_ref_num)
        rest = message.quantity - done
        remaining = book.pop(old.ref)[0]
        if rest <= 0:
            return [cancelled(old, remaining)]
        book[new.ref] = [rest, done]
        return [replaced(old, new, rest)]
    if isinstance(message, ouch50.CancelOrder) and message.user_ref_num in book:
        return [cancelled(known(orders, message.user_ref_num), book.pop(message.user_ref_num)[0])]
    return []


@pytest.mark.parametrize("change", [{"symbol": "MSFT"}, {"side": "S"}, {"cl_ord_id": "ELSE1"}])
def test_an_answer_about_another_run_s_order_with_the_same_number_is_adopted(change: dict[str, str]) -> None:
    orders = House(run="AB2C")
    mine = orders.buy()
    orders.hear(accepted(mine).replace(**change))
    assert (mine.state, mine.reason) == (DEAD, "its UserRefNum belongs to an order of another run")
    assert (orders.count("lost"), orders.count("adopted"), orders.open_count) == (1, 1, 1)
    other = known(orders, 1)
    assert other is not mine
    assert orders.adopted == [other]
    orders.hear(cancelled(other, 100))
    assert (orders.adopted, orders.open_count) == ([], 0)


def test_a_replace_under_a_number_of_another_run_leaves_the_old_order() -> None:
    orders = House()
    order = live(orders)
    new = orders.replace(order, Shares(100), Price(10_0100))
    orders.hear(accepted(new).replace(symbol="MSFT", cl_ord_id="ELSE2"))
    assert (new.state, order.state, order.busy()) == (DEAD, LIVE, False)
    assert [adopted.symbol for adopted in orders.adopted] == ["MSFT"]


def test_a_replace_that_would_change_the_mark_or_pass_the_largest_quantity_is_not_made() -> None:
    orders = House()
    orders.aapl.position = Shares(100)
    sale = live(orders, SELL)
    assert sale.mark == MARK_SELL
    assert orders.replaceable(sale, Shares(100))
    assert not orders.replaceable(sale, Shares(101))
    orders.aapl.position = Shares(0)
    with pytest.raises(ValueError, match="order 1 cannot be replaced by 100 shares"):
        orders.replace(sale, Shares(100), Price(10_0100))
    long_chain = live(orders)
    long_chain.executed = Shares(999_900)
    assert orders.replaceable(long_chain, Shares(99))
    assert not orders.replaceable(long_chain, Shares(100))


def test_memory_is_bounded_and_what_is_open_is_never_forgotten() -> None:
    orders = House(max_dead=50, max_fills=20)
    resting = live(orders)
    for match in range(500):
        orders.hear(executed(live(orders), 100, match=match))
    remembered = [ref for ref in range(1, orders.next_ref()) if orders.find(0, ref) is not None]
    assert remembered == [1, *range(452, 502)]
    assert (orders.find(0, resting.ref), orders.pool.grown) == (resting, 0)
    last = ouch50.BrokenTrade(timestamp=1, user_ref_num=501, match_number=499, reason="E", cl_ord_id="")
    first = last.replace(user_ref_num=2, match_number=0)
    assert orders.hear(last) == kinds.BROKEN
    assert orders.hear(first) == kinds.IGNORED
    assert (orders.aapl.position, orders.count("broken"), orders.count("unknown")) == (49_900, 1, 1)


def test_a_broken_trade_of_a_forgotten_order_is_taken_back_too() -> None:
    orders = House(max_dead=1, max_fills=20)
    first = live(orders, shares=30)
    orders.hear(executed(first, 30, match=1))
    for match in range(2, 5):
        orders.hear(executed(live(orders, SELL, 10), 10, match=match))
    assert orders.find(0, 1) is None
    broken = ouch50.BrokenTrade(timestamp=1, user_ref_num=1, match_number=1, reason="E", cl_ord_id="")
    assert orders.hear(broken) == kinds.BROKEN
    order, *fill = orders.fill
    assert order is not None
    assert (order.ref, order.side, order.symbol, order.owner, *fill) == (1, BUY, "AAPL", 0, -30, 10_0000, 1)
    assert orders.aapl.position == -30


def test_numbers_that_share_a_slot_of_the_ring_are_told_apart() -> None:
    orders = House()
    old = live(orders)
    orders.hear(ouch50.AccountQueryResponse(timestamp=1, next_user_ref_num=old.ref + order_pool.RING))
    new = live(orders, SELL, 5)
    assert new.ref == old.ref + order_pool.RING
    assert (orders.find(0, old.ref), orders.find(0, new.ref)) == (old, new)
    orders.hear(executed(old, 100))
    assert (old.state, new.state, orders.aapl.position) == (DEAD, LIVE, 100)


def test_a_fill_of_a_replaced_order_that_comes_late_still_counts_against_its_heirs() -> None:
    orders = House()
    first = live(orders)
    second = orders.replace(first, Shares(100), Price(10_0100))
    orders.hear(replaced(first, second, 100))
    third = orders.replace(second, Shares(100), Price(10_0200))
    orders.hear(executed(first, 10, match=1))
    assert (first.executed, second.executed, third.executed) == (10, 10, 10)


def test_more_orders_than_there_was_room_for_are_made_and_counted() -> None:
    orders = House(max_open=2, max_dead=1)
    everything = [live(orders, price=10_0000 + number) for number in range(20)]
    assert orders.pool.grown == 17
    assert [orders.find(0, order.ref) for order in everything] == everything
    orders.check()
    for order in everything:
        orders.hear(cancelled(order, 100))
    orders.check()
    assert orders.open_count == 0


def test_exposure_of_positions_at_their_marks() -> None:
    orders = House()
    other = orders.instrument("MSFT")
    orders.hear(executed(live(orders, shares=10, price=10_0000), 10, match=1))
    assert (orders.gross_exposure, orders.net_exposure) == (100_0000, 100_0000)  # no mark yet: the price of the fill
    short = orders.enter(other, 0, SELL, Shares(5), Price(20_0000))
    orders.hear(accepted(short))
    other.bid, other.ask = Price(19_0000), Price(21_0000)
    orders.hear(executed(short, 5, price=19_5000, match=2))
    assert (orders.gross_exposure, orders.net_exposure) == (200_0000, 0)
    assert (orders.cash, orders.executed_notional) == (-100_0000 + 97_5000, 197_5000)
    orders.aapl.last = Price(12_0000)
    other.bid, other.ask = Price(9_0000), Price(11_0000)
    orders.remark()
    assert (orders.gross_exposure, orders.net_exposure) == (170_0000, 70_0000)
    assert orders.counts()["gross_exposure"] == 170_0000
    orders.hear(ouch50.BrokenTrade(timestamp=1, user_ref_num=1, match_number=1, reason="E", cl_ord_id=""))
    assert (orders.gross_exposure, orders.net_exposure, orders.executed_notional) == (50_0000, -50_0000, 97_5000)


def test_counters_may_lie_anywhere_but_need_room() -> None:
    memory = memoryview(bytearray(8 * len(NAMES))).cast("q")
    orders = House(counters=memory)
    live(orders)
    orders.publish()
    assert dict(zip(NAMES, memory, strict=True)) == {**orders.counts()}
    assert (memory[NAMES.index("accepted")], memory[NAMES.index("open")]) == (1, 1)
    with pytest.raises(ValueError, match=f"the orders have {len(NAMES)} counters; there is room for 3"):
        House(counters=memory[:3])


def test_venues_number_their_orders_on_their_own() -> None:
    orders = House(venues=2)
    here, there = orders.buy(), orders.enter(orders.aapl, 1, SELL, Shares(50), Price(11_0000))
    assert (here.ref, there.ref) == (1, 1)
    data = accepted(there).encode()
    assert orders.on_message(1, data, 0, len(data)) == kinds.CHANGED
    assert (here.state, there.state) == (PENDING, LIVE)
    orders.expire(1, "the session ended")
    assert (here.state, there.state, there.reason) == (PENDING, DEAD, "the session ended")
