"""Orders as their messages tell them."""

import pytest

from protocols import ouch50
from qemu.ledger import Entry, Ledger, State, Way, build


def enter(ref: int, side: str = "B", quantity: int = 100, price: int = 1_000_000) -> ouch50.OuchMessage:
    return ouch50.EnterOrder(
        user_ref_num=ref,
        side=side,
        quantity=quantity,
        symbol="AAPL",
        price=price,
        time_in_force="0",
        display="Y",
        capacity="P",
        inter_market_sweep_eligibility="N",
        cross_type="N",
        cl_ord_id=f"C{ref}",
    )


def accepted(ref: int, side: str = "B", quantity: int = 100, state: str = "L") -> ouch50.OuchMessage:
    return ouch50.OrderAccepted(
        timestamp=1,
        user_ref_num=ref,
        side=side,
        quantity=quantity,
        symbol="AAPL",
        price=1_000_000,
        time_in_force="0",
        display="Y",
        order_reference_number=77 + ref,
        capacity="P",
        inter_market_sweep_eligibility="N",
        cross_type="N",
        order_state=state,
        cl_ord_id=f"C{ref}",
    )


def replaced(old: int, ref: int, quantity: int) -> ouch50.OuchMessage:
    return ouch50.OrderReplaced(
        timestamp=1,
        orig_user_ref_num=old,
        user_ref_num=ref,
        side="B",
        quantity=quantity,
        symbol="AAPL",
        price=990_000,
        time_in_force="0",
        display="Y",
        order_reference_number=99,
        capacity="P",
        inter_market_sweep_eligibility="N",
        cross_type="N",
        order_state="L",
        cl_ord_id=f"C{ref}",
    )


def executed(ref: int, quantity: int, match: int, price: int = 1_000_000) -> ouch50.OuchMessage:
    return ouch50.OrderExecuted(
        timestamp=1, user_ref_num=ref, quantity=quantity, price=price, liquidity_flag="A", match_number=match
    )


def canceled(ref: int, quantity: int) -> ouch50.OuchMessage:
    return ouch50.OrderCanceled(timestamp=1, user_ref_num=ref, quantity=quantity, reason="U")


def rejected(ref: int) -> ouch50.OuchMessage:
    return ouch50.Rejected(timestamp=1, user_ref_num=ref, reason=1, cl_ord_id=f"C{ref}")


def ledger(*messages: ouch50.OuchMessage) -> Ledger:
    def way(message: ouch50.OuchMessage) -> Way:
        return Way.TO_EXCHANGE if isinstance(message, ouch50.OuchInbound) else Way.FROM_EXCHANGE

    return build(Entry(way(message), message.encode().hex()) for message in messages)


@pytest.mark.parametrize(
    ("messages", "state", "left", "cancelled", "shares"),
    [
        ([enter(1)], State.SENT, 100, 0, 0),
        ([enter(1), accepted(1)], State.LIVE, 100, 0, 0),
        ([enter(1), accepted(1, state="D")], State.CANCELLED, 0, 0, 0),
        ([enter(1), rejected(1)], State.REJECTED, 0, 0, 0),
        ([enter(1), accepted(1), executed(1, 40, 5)], State.LIVE, 60, 0, 40),
        ([enter(1), accepted(1), executed(1, 40, 5), executed(1, 60, 6)], State.FILLED, 0, 0, 100),
        ([enter(1), accepted(1), canceled(1, 30)], State.LIVE, 70, 30, 0),
        ([enter(1), accepted(1), executed(1, 40, 5), canceled(1, 60)], State.CANCELLED, 0, 60, 40),
        ([enter(1), accepted(1), replaced(1, 2, 100)], State.REPLACED, 0, 0, 0),
    ],
)
def test_the_life_of_an_order(
    messages: list[ouch50.OuchMessage], state: State, left: int, cancelled: int, shares: int
) -> None:
    order = ledger(*messages).orders[1]
    assert (order.state, order.left, order.cancelled, order.executed) == (state, left, cancelled, shares)
    assert (order.symbol, order.side) == ("AAPL", "B")


def test_a_replacement_is_an_order_of_its_own() -> None:
    order = ledger(enter(1), accepted(1), replaced(1, 2, 80)).orders[2]
    assert (order.state, order.left, order.price) == (State.LIVE, 80, 990_000)


def test_position_and_shares_come_from_executions() -> None:
    book = ledger(
        *(enter(1), accepted(1), executed(1, 100, 5)),
        *(enter(2, side="S"), accepted(2, side="S"), executed(2, 30, 6)),
        *(enter(3, side="T"), accepted(3, side="T"), executed(3, 20, 7)),
    )
    assert book.position() == {"AAPL": 50}
    assert book.traded() == (100, 50)
    assert book.counts[Way.TO_EXCHANGE, "O"] == 3


def test_a_broken_trade_takes_its_shares_back() -> None:
    broken = ouch50.BrokenTrade(timestamp=1, user_ref_num=1, match_number=5, reason="E", cl_ord_id="C1")
    assert ledger(enter(1), accepted(1), executed(1, 40, 5), broken).orders[1].executed == 0


def test_a_match_that_comes_twice_counts_once_and_is_kept() -> None:
    book = ledger(enter(1), accepted(1), executed(1, 40, 5), executed(1, 40, 5))
    assert book.orders[1].executed == 40
    assert book.repeated_matches == [(1, 5)]


@pytest.mark.parametrize("text", ["zz", "", "4f00", "ff" * 60])
def test_bytes_that_are_no_message_are_kept_with_a_reason(text: str) -> None:
    book = build([Entry(Way.TO_EXCHANGE, text)])
    assert book.undecodable[0][0].hex == text
    assert book.undecodable[0][1]
