"""What the exchange says, byte by byte: where the fields are, what is no message, what is never believed."""

import random
from typing import Any

import pytest

from hftapp.trader import orders as kinds
from hftapp.trader.order import BUY, SELL
from protocols import ouch50
from tests.hftapp.trader.house import House

TAKEN: dict[str, Any] = {
    "timestamp": 1,
    "user_ref_num": 1,
    "side": "B",
    "quantity": 100,
    "symbol": "AAPL",
    "price": 10_0000,
    "time_in_force": "0",
    "display": "Y",
    "order_reference_number": 1001,
    "capacity": "P",
    "inter_market_sweep_eligibility": "N",
    "cross_type": "N",
    "order_state": "L",
    "cl_ord_id": "0000000001",
}
MESSAGES: tuple[ouch50.OuchOutbound, ...] = (
    ouch50.SystemEvent(timestamp=1, event_code="S"),
    ouch50.OrderAccepted(**TAKEN),
    ouch50.OrderReplaced(orig_user_ref_num=1, **{**TAKEN, "user_ref_num": 2}),
    ouch50.OrderCanceled(timestamp=1, user_ref_num=1, quantity=40, reason="U"),
    ouch50.AiqCanceled(
        timestamp=1,
        user_ref_num=1,
        decrement_shares=40,
        reason="Q",
        quantity_prevented_from_trading=40,
        execution_price=9_0000,
        liquidity_flag="R",
        aiq_strategy="D",
    ),
    ouch50.OrderExecuted(timestamp=1, user_ref_num=1, quantity=30, price=10_0000, liquidity_flag="A", match_number=7),
    ouch50.BrokenTrade(timestamp=1, user_ref_num=1, match_number=7, reason="E", cl_ord_id=""),
    ouch50.Rejected(timestamp=1, user_ref_num=1, reason=0x15, cl_ord_id=""),
    ouch50.CancelPending(timestamp=1, user_ref_num=1),
    ouch50.CancelReject(timestamp=1, user_ref_num=1),
    ouch50.OrderPriorityUpdate(timestamp=1, user_ref_num=1, price=9_0000, display="Y", order_reference_number=77),
    ouch50.OrderModified(timestamp=1, user_ref_num=1, side="B", quantity=60),
    ouch50.OrderRestated(timestamp=1, user_ref_num=1, reason="R"),
    ouch50.MassCancelResponse(timestamp=1, user_ref_num=1, firm="HFTX", symbol=""),
    ouch50.DisableOrderEntryResponse(timestamp=1, user_ref_num=1, firm="HFTX"),
    ouch50.EnableOrderEntryResponse(timestamp=1, user_ref_num=1, firm="HFTX"),
    ouch50.AccountQueryResponse(timestamp=1, next_user_ref_num=5),
)
PLACES = (
    ("C", "user_ref_num", kinds._AT_REF),
    ("C", "quantity", kinds._AT_SHARES),
    ("C", "reason", kinds._AT_CANCEL_REASON),
    ("D", "user_ref_num", kinds._AT_REF),
    ("D", "decrement_shares", kinds._AT_SHARES),
    ("E", "user_ref_num", kinds._AT_REF),
    ("E", "quantity", kinds._AT_SHARES),
    ("E", "price", kinds._AT_FILL_PRICE),
    ("E", "match_number", kinds._AT_FILL_MATCH),
    ("B", "user_ref_num", kinds._AT_REF),
    ("B", "match_number", kinds._AT_BROKEN_MATCH),
    ("J", "user_ref_num", kinds._AT_REF),
    ("J", "reason", kinds._AT_REJECT_REASON),
    ("I", "user_ref_num", kinds._AT_REF),
    ("T", "user_ref_num", kinds._AT_REF),
    ("T", "price", kinds._AT_PRIORITY_PRICE),
    ("T", "order_reference_number", kinds._AT_PRIORITY_REFERENCE),
    ("M", "user_ref_num", kinds._AT_REF),
    ("M", "quantity", kinds._AT_MODIFIED_SHARES),
    ("Q", "next_user_ref_num", kinds._AT_REF),
    ("A", "user_ref_num", kinds._AT_REF),
    ("U", "orig_user_ref_num", kinds._AT_REF),
    ("U", "user_ref_num", kinds._AT_NEW_REF),
    *(
        (kind, name, start + place)
        for kind, start in (("A", kinds._AT_ACCEPTED), ("U", kinds._AT_REPLACED))
        for name, place in (
            ("side", kinds._ON_SIDE),
            ("quantity", kinds._ON_SHARES),
            ("symbol", kinds._ON_STOCK),
            ("price", kinds._ON_PRICE),
            ("order_reference_number", kinds._ON_REFERENCE),
            ("order_state", kinds._ON_STATE),
            ("cl_ord_id", kinds._ON_TOKEN),
        )
    ),
)


def started() -> House:
    """One live order of 100 shares, of which 10 were executed as match 7."""
    orders = House()
    orders.buy()
    orders.hear(MESSAGES[1])
    orders.hear(MESSAGES[5].replace(quantity=10))
    return orders


@pytest.mark.parametrize(("kind", "field", "place"), PLACES)
def test_fields_are_where_the_tables_of_the_specification_put_them(kind: str, field: str, place: int) -> None:
    assert {field.name: field.offset for field in ouch50.OUTBOUND[kind].FIELDS}[field] == place


def test_every_message_of_the_exchange_is_one() -> None:
    assert {message.TYPE for message in MESSAGES} == set(ouch50.OUTBOUND)
    for message in MESSAGES:
        orders = started()
        assert orders.hear(message) != kinds.MALFORMED
        orders.check()


@pytest.mark.parametrize("message", MESSAGES, ids=lambda message: message.TYPE)
def test_a_message_of_another_length_changes_nothing(message: ouch50.OuchOutbound) -> None:
    whole = message.encode()
    for data in [*(whole[:length] for length in range(len(whole))), whole + b"\1", whole + b"\1" * 7]:
        orders = started()
        before = orders.counts()
        assert orders.on_message(0, data, 0, len(data)) == kinds.MALFORMED  # bytes raise IndexError beyond their end
        assert orders.counts() == {**before, "malformed": 1}


def test_an_optional_appendage_may_be_there_or_not() -> None:
    for extra in (b"", b"\0\0", b"\0\3\2\x1c\1"):
        orders = started()
        assert orders.raw(MESSAGES[3].encode() + extra) == kinds.CHANGED
        assert orders.count("cancelled") == 40
    assert started().raw(MESSAGES[0].encode() + b"\0\0") == kinds.MALFORMED


@pytest.mark.parametrize("kind", [kind for kind in range(256) if chr(kind) not in ouch50.OUTBOUND])
def test_a_type_that_the_specification_does_not_have_is_no_message(kind: int) -> None:
    assert House().raw(bytes([kind]) + MESSAGES[1].encode()[1:]) == kinds.MALFORMED


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("side", b"X"),
        ("order_state", b"X"),
        ("price", (1 << 31).to_bytes(8, "big")),
        ("quantity", (1 << 31).to_bytes(4, "big")),
        ("symbol", b"AAPL\xff   "),
    ],
)
def test_what_an_accepted_order_cannot_be_is_not_believed(name: str, value: bytes) -> None:
    for message in MESSAGES[1:3]:
        orders = started()
        data = bytearray(message.encode())
        place = next(field.offset for field in message.FIELDS if field.name == name)
        data[place : place + len(value)] = value
        before = orders.counts()
        assert orders.raw(bytes(data)) == kinds.MALFORMED
        assert orders.counts() == {**before, "malformed": 1}


def test_hostile_bytes_are_counted_and_never_break_the_totals() -> None:
    rng = random.Random(3)
    orders = House(max_dead=20, max_fills=20)
    wholes = [message.encode() for message in MESSAGES]
    bad = 0
    for turn in range(20_000):
        if rng.random() < 0.05 and orders.open_count < 50:
            orders.buy(rng.randint(1, 100), side=rng.choice((BUY, SELL)))
        data = bytearray(rng.choice(wholes))
        data[9:13] = rng.randrange(1, orders.next_ref() + 2).to_bytes(4, "big") if len(data) > 12 else data[9:13]
        for _ in range(rng.randrange(3)):
            data[rng.randrange(len(data))] = rng.randrange(256)
        if rng.random() < 0.2:
            data = data[: rng.randrange(len(data))]
        bad += orders.on_message(0, bytes(data), 0, len(data)) == kinds.MALFORMED
        if turn % 100 == 0:
            orders.check()
    orders.check()
    assert orders.count("malformed") == bad > 2000
