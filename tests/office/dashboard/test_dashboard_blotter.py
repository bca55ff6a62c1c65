"""An order's life by its OUCH messages, and what profit its executions make."""

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from office.dashboard import schema
from office.dashboard.blotter import Blotter, order_row
from office.dashboard.holdings import Holding, Holdings, position_row
from office.dashboard.rows import Rows
from protocols import ouch50
from protocols.management import Position

SECOND = 1_000_000_000
COLUMNS = [name for name, _ in schema.ORDERS.columns]


class Desk:
    """A blotter with one server and one venue, its clock, and what it said was executed."""

    def __init__(self) -> None:
        self.executions: list[tuple[Any, ...]] = []
        self.orders = Rows(schema.ORDERS, {}, lambda order: order_row(order, ""))
        fills = Rows(schema.FILLS, {}, lambda fill: fill)
        self.blotter = Blotter(self.orders, fills, lambda *execution: self.executions.append(execution))
        self.fills = fills
        self.said: list[bytes] = []
        self.now = 0

    def out(self, message: ouch50.OuchInbound) -> None:
        self.now += SECOND
        self.blotter.sent(1, 0, ouch50.decode_inbound(message.encode()), self.now)

    def back(self, kind: type[ouch50.OuchOutbound], **fields: Any) -> None:
        self.now += SECOND
        self.said.append(kind(timestamp=self.now, **fields).encode())
        self.blotter.answered(1, 0, ouch50.decode_outbound(self.said[-1]), self.now)

    def again(self, said: list[bytes]) -> list[bool]:
        """The exchange says all of it to a trader that has come back; gives what of it is new."""
        self.now += SECOND
        return [self.blotter.answered(1, 0, ouch50.decode_outbound(message), self.now) for message in said]

    def all(self) -> list[dict[str, Any]]:
        rows = [dict(zip(COLUMNS, order_row(order, ""), strict=True)) for order in self.orders]
        return sorted(rows, key=lambda row: row["reference"])

    def order(self, reference: int) -> dict[str, Any]:
        (found,) = [row for row in self.all() if row["reference"] == reference]
        return found

    def enter(self, reference: int = 1, shares: int = 300, price: int = 50_0000, side: str = "B") -> None:
        self.out(
            ouch50.EnterOrder(
                user_ref_num=reference, side=side, quantity=shares, symbol="MSFT", price=price, time_in_force="3",
                display="Y", capacity="P", inter_market_sweep_eligibility="Y", cross_type="N", cl_ord_id="",
            )
        )  # fmt: skip

    def accept(self, reference: int = 1, shares: int = 300, price: int = 50_0000, state: str = "L") -> None:
        self.back(
            ouch50.OrderAccepted, user_ref_num=reference, side="B", quantity=shares, symbol="MSFT", price=price,
            time_in_force="3", display="Y", order_reference_number=77, capacity="P",
            inter_market_sweep_eligibility="Y", cross_type="N", order_state=state, cl_ord_id="",
        )  # fmt: skip

    def execute(self, shares: int, price: int = 50_0000, match: int = 1, reference: int = 1) -> None:
        self.back(
            ouch50.OrderExecuted, user_ref_num=reference, quantity=shares, price=price, liquidity_flag="R",
            match_number=match,
        )  # fmt: skip


def state(row: dict[str, Any]) -> tuple[Any, ...]:
    return row["state"], row["open"], row["executed"], row["leaves"]


def test_sent_accepted_partial_filled() -> None:
    desk = Desk()
    desk.enter()
    assert state(desk.order(1)) == ("sent", True, 0, 300)
    assert desk.order(1)["tif"] == "immediate or cancel, ISO"
    desk.accept()
    assert state(desk.order(1)) == ("working", True, 0, 300)
    desk.execute(100, match=1)
    assert state(desk.order(1)) == ("partial", True, 100, 200)
    desk.execute(200, 50_0100, match=2)
    assert state(desk.order(1)) == ("filled", False, 300, 0)
    assert desk.order(1)["notional"] == 100 * 50_0000 + 200 * 50_0100
    assert desk.executions == [(1, "MSFT", "B", 100, 50_0000, 3 * SECOND), (1, "MSFT", "B", 200, 50_0100, 4 * SECOND)]


def test_an_order_that_is_dead_on_arrival_is_closed() -> None:
    desk = Desk()
    desk.enter()
    desk.accept(state="D")
    assert state(desk.order(1)) == ("dead", False, 0, 0)


def test_a_cancel_is_asked_for_then_done_and_says_why() -> None:
    desk = Desk()
    desk.enter()
    desk.accept()
    desk.out(ouch50.CancelOrder(user_ref_num=1, quantity=0))
    assert state(desk.order(1)) == ("cancelling", True, 0, 300)
    desk.back(ouch50.OrderCanceled, user_ref_num=1, quantity=100, reason="U")
    assert state(desk.order(1)) == ("working", True, 0, 200)
    desk.back(ouch50.OrderCanceled, user_ref_num=1, quantity=200, reason="I")
    assert state(desk.order(1)) == ("cancelled", False, 0, 0)
    assert desk.order(1)["reason"] == ouch50.CANCEL_REASONS["I"]


def test_a_rejected_order_says_why() -> None:
    desk = Desk()
    desk.enter()
    desk.back(ouch50.Rejected, user_ref_num=1, reason=0x0007, cl_ord_id="")
    assert state(desk.order(1)) == ("rejected", False, 0, 0)
    assert desk.order(1)["reason"] == ouch50.REJECT_REASONS[0x0007]


def replace(desk: Desk) -> None:
    desk.out(
        ouch50.ReplaceOrder(
            orig_user_ref_num=1, user_ref_num=2, quantity=200, price=50_0200, time_in_force="0", display="Y",
            inter_market_sweep_eligibility="N", cl_ord_id="",
        )
    )  # fmt: skip


def replaced(desk: Desk) -> None:
    desk.back(
        ouch50.OrderReplaced, orig_user_ref_num=1, user_ref_num=2, side="B", quantity=200, symbol="MSFT",
        price=50_0200, time_in_force="0", display="Y", order_reference_number=78, capacity="P",
        inter_market_sweep_eligibility="N", cross_type="N", order_state="L", cl_ord_id="",
    )  # fmt: skip


def test_a_replace_is_a_new_order_in_place_of_the_old() -> None:
    desk = Desk()
    desk.enter()
    desk.accept()
    replace(desk)
    assert (desk.order(1)["state"], desk.order(2)["replaces"]) == ("replacing", 1)
    replaced(desk)
    assert state(desk.order(1)) == ("replaced", False, 0, 0)
    assert state(desk.order(2)) == ("working", True, 0, 200)


def test_a_replace_that_is_refused_leaves_the_old_order_working() -> None:
    desk = Desk()
    desk.enter()
    desk.accept()
    replace(desk)
    desk.back(ouch50.Rejected, user_ref_num=2, reason=0x0001, cl_ord_id="")
    assert state(desk.order(1)) == ("working", True, 0, 300)
    assert desk.order(2)["state"] == "rejected"


def test_a_broken_trade_takes_its_execution_back_once() -> None:
    desk = Desk()
    desk.enter()
    desk.accept()
    desk.execute(300, match=9)
    for _ in range(2):
        desk.back(ouch50.BrokenTrade, user_ref_num=1, match_number=9, reason="E", cl_ord_id="")
    assert desk.order(1)["executed"] == 0
    assert [execution[3] for execution in desk.executions] == [300, -300]


def a_day(desk: Desk) -> None:
    """Order 1: a fill, a fill that is broken, replaced by order 2, which is filled in part. Order 3: refused."""
    desk.enter()
    desk.accept()
    desk.execute(50, match=1)
    desk.execute(50, match=2)
    desk.back(ouch50.BrokenTrade, user_ref_num=1, match_number=2, reason="E", cl_ord_id="")
    replace(desk)
    replaced(desk)
    desk.execute(70, 50_0200, match=3, reference=2)
    desk.back(ouch50.OrderCanceled, user_ref_num=2, quantity=30, reason="U")
    desk.enter(3)
    desk.back(ouch50.Rejected, user_ref_num=3, reason=0x0007, cl_ord_id="")


def test_what_the_exchange_says_again_to_a_trader_that_comes_back_changes_nothing() -> None:
    desk = Desk()
    a_day(desk)
    before = desk.all(), list(desk.executions), len(desk.fills)
    for _ in range(2):
        assert desk.again(desk.said) == [False] * len(desk.said)
        assert (desk.all(), desk.executions, len(desk.fills)) == before
    assert sum(execution[3] for execution in desk.executions) == 120
    desk.execute(100, 50_0200, match=4, reference=2)
    assert state(desk.order(2)) == ("filled", False, 170, 0), "what is new behind it counts"
    assert desk.blotter.unknown == 0


def test_with_a_new_journal_the_orders_are_those_that_the_exchange_tells_of() -> None:
    first, desk = Desk(), Desk()
    a_day(first)
    for _ in range(2):
        desk.again(first.said)
    assert [execution[:5] for execution in desk.executions] == [execution[:5] for execution in first.executions]
    names = ("reference", "replaces", "price", "executed", "leaves", "notional", "side", "symbol", "state", "tif")
    for order in (1, 2):
        assert {name: desk.order(order)[name] for name in names} == {name: first.order(order)[name] for name in names}
    assert (len(desk.fills), len(desk.orders)) == (3, 2)
    assert desk.blotter.unknown == 1, "of what was refused only the number is said"


def test_another_days_order_of_the_same_number_is_another_order() -> None:
    desk, other = Desk(), Desk()
    for each in (desk, other):
        each.accept()
        each.execute(300)
        other.now += 1
    desk.again(other.said)
    assert [(row["state"], row["executed"]) for row in desk.all()] == [("filled", 300)] * 2
    assert sum(execution[3] for execution in desk.executions) == 600


def test_a_session_that_is_longer_than_the_tables_comes_again_within_their_bounds() -> None:
    first, desk = Desk(), Desk()
    limit = schema.ORDERS.limit
    for reference in range(1, 3 * limit):
        first.accept(reference)
        first.execute(300, match=reference, reference=reference)
    for _ in range(2):
        desk.again(first.said)
    assert sum(execution[3] for execution in desk.executions) == 300 * (3 * limit - 1)
    assert len(desk.orders) == limit
    assert len(desk.blotter._known) <= 2 * limit
    assert len(desk.blotter._matches) <= 2 * schema.FILLS.limit


def test_an_answer_to_an_order_nobody_knows_is_counted_and_changes_nothing() -> None:
    desk = Desk()
    desk.execute(100, reference=5)
    assert desk.blotter.unknown == 1
    assert len(desk.orders) == 0


def test_the_decision_may_come_before_its_order_or_behind_it() -> None:
    desk = Desk()
    desk.blotter.explain(1, 0, 1, 3, "book")
    desk.enter(1)
    desk.enter(2)
    desk.blotter.explain(1, 0, 2, 4, "timer")
    assert [(order.strategy, order.cause) for order in desk.orders] == [(3, "book"), (4, "timer")]


@given(st.lists(st.tuples(st.sampled_from("BS"), st.integers(1, 500), st.integers(1, 10_000_000)), max_size=60))
def test_realised_and_open_profit_add_up_to_the_total_to_the_last_unit(trades: list[tuple[str, int, int]]) -> None:
    holding = Holding(1, "MSFT")
    for side, shares, price in trades:
        holding.execute(side, shares, price)
    holding.mark = 123_4567
    signed = [(shares if side == "B" else -shares, price) for side, shares, price in trades]
    assert holding.shares == sum(shares for shares, _ in signed)
    total = sum(shares * (holding.mark - price) for shares, price in signed)
    assert holding.total == total
    open_profit = sum(shares * (holding.mark - price) for shares, price in holding._lots)
    assert holding.realised + open_profit == total
    assert sum(shares for shares, _ in holding._lots) == holding.shares


def test_the_share_that_was_bought_first_is_sold_first() -> None:
    holding = Holding(1, "MSFT")
    holding.execute("B", 100, 10_0000)
    holding.execute("B", 100, 12_0000)
    holding.execute("S", 150, 13_0000)
    assert holding.realised == 100 * 3_0000 + 50 * 1_0000
    holding.execute("S", 100, 13_0000)
    assert holding.realised == 100 * 3_0000 + 100 * 1_0000
    assert holding.shares == -50


def test_a_position_without_a_mark_shows_what_is_realised() -> None:
    marks = {b"MSFT    ": 0}
    holdings = Holdings(Rows(schema.POSITIONS, {}, position_row), lambda _server, symbol: marks[symbol])
    holdings.execute(1, "MSFT", "B", 100, 10_0000, 0)
    holdings.execute(1, "MSFT", "S", 40, 11_0000, 0)
    assert holdings.remark() == (40 * 1_0000, 40 * 1_0000)
    marks[b"MSFT    "] = 12_0000
    assert holdings.remark() == (40 * 1_0000 + 60 * 2_0000, 40 * 1_0000)
    holdings.tell(1, Position(symbol="MSFT", shares=60, exposed_buy=1, exposed_sell=2, open_notional=3), 0)
