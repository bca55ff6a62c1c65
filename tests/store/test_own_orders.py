"""Rows of own orders: every OUCH message has one, and says what its order is."""

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftapp.trader.risk.checks import NAMES as CHECKS
from protocols import ouch50, risk_checks
from store import fees, rows
from store.own_orders import RECEIVED, SENT, OwnOrders
from store.tables import EXECUTIONS, ORDERS
from tests.store.run_maker import ENTER, LIVE_ORDER


def orders() -> OwnOrders:
    """Nothing taken yet; order 1 of venue 0 is of a strategy."""
    return OwnOrders(fees.read(), {(0, 0, 1): "0:maker"})


def test_every_message_of_the_protocol_has_a_row() -> None:
    assert set(SENT) == set(ouch50.INBOUND.values())
    assert set(RECEIVED) == set(ouch50.OUTBOUND.values())
    for kind, told in {**SENT, **RECEIVED}.items():
        assert set(told.columns) <= set(ORDERS.names), kind
        assert set(told.columns.values()) <= set(kind.ATTRIBUTES), kind
    events = [told.event for told in (*SENT.values(), *RECEIVED.values())]
    assert len(events) == len(set(events))


def test_venues_number_their_orders_each_for_itself() -> None:
    own = orders()
    own.take(1, 1, 0, True, ouch50.EnterOrder(user_ref_num=1, **ENTER).encode())
    own.take(2, 1, 1, True, ouch50.EnterOrder(user_ref_num=1, **ENTER | {"symbol": "MSFT", "side": "S"}).encode())
    cancel = ouch50.CancelOrder(user_ref_num=1, quantity=0).encode()
    found = [own.take(3 + venue, 1, venue, True, cancel)[0] for venue in (0, 1)]
    assert [(row["symbol"], row["side"], row["strategy"]) for row in found if row] == [
        ("AAPL", "B", "0:maker"),
        ("MSFT", "S", ""),
    ]


def test_a_rejected_replace_leaves_the_old_order_as_it_was() -> None:
    own = orders()
    own.take(1, 1, 0, True, ouch50.EnterOrder(user_ref_num=1, **ENTER).encode())
    own.take(2, 1, 0, False, ouch50.OrderAccepted(user_ref_num=1, **LIVE_ORDER).encode())
    changed: dict[str, Any] = {name: ENTER[name] for name in ("display", "inter_market_sweep_eligibility", "cl_ord_id")}
    replace: dict[str, Any] = {
        "orig_user_ref_num": 1,
        "user_ref_num": 2,
        "quantity": 50,
        "price": 9,
        "time_in_force": "0",
    }
    own.take(3, 1, 0, True, ouch50.ReplaceOrder(**replace, **changed).encode())
    rejected, _ = own.take(
        4, 1, 0, False, ouch50.Rejected(timestamp=3, user_ref_num=2, reason=16, cl_ord_id="").encode()
    )
    assert rejected is not None
    assert (rejected["event"], rejected["symbol"], rejected["price"], rejected["reason"]) == (
        "rejected",
        "AAPL",
        9,
        "16",
    )
    cancelled, _ = own.take(
        5, 1, 0, False, ouch50.OrderCanceled(timestamp=4, user_ref_num=1, quantity=100, reason="U").encode()
    )
    assert cancelled is not None
    assert (cancelled["price"], cancelled["shares"], cancelled["order_ref"]) == (1_000_000, 100, 77)


def test_a_broken_trade_names_its_match_and_no_price_of_its_own() -> None:
    own = orders()
    own.take(1, 1, 0, True, ouch50.EnterOrder(user_ref_num=1, **ENTER).encode())
    broken = ouch50.BrokenTrade(timestamp=2, user_ref_num=1, match_number=9, reason="E", cl_ord_id="")
    row, execution = own.take(2, 1, 0, False, broken.encode())
    assert row is not None
    assert (row["event"], row["match"], row["price"], execution) == ("broken", 9, 1_000_000, None)


def test_an_execution_that_is_told_again_has_one_row_of_executions() -> None:
    own = orders()
    fill: dict[str, Any] = {"timestamp": 6, "user_ref_num": 1, "quantity": 40, "price": 9, "liquidity_flag": "R"}
    same = ouch50.OrderExecuted(**fill, match_number=500).encode()
    other = ouch50.OrderExecuted(**fill, match_number=501).encode()
    found = [own.take(number, 1, 0, False, message) for number, message in enumerate((same, other, same), 1)]
    assert [row is not None for row, _ in found] == [True, True, True]
    assert [fill and fill["number"] for _, fill in found] == [1, 2, None]


@settings(max_examples=200, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=60)), max_size=8))
def test_bytes_of_any_kind_are_counted_or_make_a_row_that_fits(given_messages: list[tuple[bool, bytes]]) -> None:
    own = orders()
    found = [own.take(n, 1, 0, sent, raw) for n, (sent, raw) in enumerate(given_messages)]
    made = [row for row, _ in found if row is not None]
    assert own.undecoded == len(given_messages) - len(made)
    assert rows.from_rows(ORDERS, "run", made).num_rows == len(made)
    fills = [row for _, row in found if row is not None]
    assert rows.from_rows(EXECUTIONS, "run", fills).num_rows == len(fills)


@pytest.mark.parametrize("direction", ["sent", "received"])
def test_shortest_messages_of_every_kind_make_rows_that_fit(direction: str) -> None:
    own = orders()
    for kind in ouch50.INBOUND.values() if direction == "sent" else ouch50.OUTBOUND.values():
        values: dict[str, Any] = {}
        for field in kind.FIELDS:
            codes = list(field.values or ())
            values[field.name] = (
                codes[0] if codes else ("" if field.kind.name == "alpha" else (1 << 8 * field.size) - 1)
            )
            if field.kind.name == "char" and not codes:
                values[field.name] = " "
        row, fill = own.take(1, 1, 0, direction == "sent", kind(**values).encode())
        assert row is not None, kind
        assert rows.from_rows(ORDERS, "run", [row]).num_rows == 1
        if fill is not None:
            assert rows.from_rows(EXECUTIONS, "run", [fill]).num_rows == 1


def test_names_of_checks_are_those_of_the_risk_gate() -> None:
    assert risk_checks.NAMES == CHECKS
    assert risk_checks.name_of(0) == "passed"
    assert risk_checks.name_of(999) == "check 999"
