"""Requests are written byte for byte as the encoders of the protocol write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp.trader.instrument import Instrument
from hftapp.trader.order import BUY, DAY, IOC, SELL, Order
from hftapp.trader.orders import Orders
from hftapp.trader.ouch import CANCEL_LENGTH, REPLACE_LENGTH, OuchEncoder, enter_order
from hftapp.units import Price, Shares
from protocols import ouch50

SYMBOLS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ.-", min_size=1, max_size=8)
SHARES = st.integers(1, ouch50.MAX_QUANTITY // 2)
PRICES = st.integers(1, ouch50.MAX_LIMIT_PRICE)
OFFSET = 5


def entered(
    symbol: str, side: int, shares: int, price: int, tif: int, iso: bool, position: int
) -> tuple[Orders, Order]:
    instrument = Instrument(symbol, 0)
    instrument.position = Shares(position)
    orders = Orders(lambda _symbol: instrument, run="AB2C", max_open=4, max_dead=4, max_fills=4)
    return orders, orders.enter(instrument, 0, side, Shares(shares), Price(price), tif, 3, iso)


@given(
    SYMBOLS,
    st.sampled_from((BUY, SELL)),
    SHARES,
    PRICES,
    st.sampled_from((DAY, IOC)),
    st.booleans(),
    st.integers(-1000, 1000),
    st.sampled_from(("", "HFTX", "A")),
    st.sampled_from("APRO"),
)
def test_enter_order(
    symbol: str, side: int, shares: int, price: int, tif: int, iso: bool, position: int, firm: str, capacity: str
) -> None:
    _, order = entered(symbol, side, shares, price, tif, iso, position)
    encoder = OuchEncoder(firm, capacity)
    golden = ouch50.EnterOrder(
        user_ref_num=1,
        side="B" if side == BUY else "S" if position >= shares else "T",
        quantity=shares,
        symbol=symbol,
        price=price,
        time_in_force=chr(tif),
        display="Y",
        capacity=capacity,
        inter_market_sweep_eligibility="Y" if iso else "N",
        cross_type="N",
        cl_ord_id="AB2C0000000001",
        appendage=(ouch50.Option(2, firm),) if firm else (),
    ).encode()
    room = bytearray(b"\xee" * 80)
    mark, token = order.mark, b"??" + order.cl_ord_id.encode()
    room[OFFSET : OFFSET + len(golden)] = encoder.template
    enter_order(room, OFFSET, order.instrument, Shares(shares), Price(price), order.ref, mark, tif, iso, token, 2)
    assert len(golden) == encoder.enter_length
    assert room == b"\xee" * OFFSET + golden + b"\xee" * (80 - OFFSET - len(golden))


@given(SYMBOLS, st.sampled_from((BUY, SELL)), SHARES, PRICES, SHARES, PRICES, st.integers(0, ouch50.MAX_QUANTITY // 2))
def test_replace_order(symbol: str, side: int, shares: int, price: int, wanted: int, moved: int, executed: int) -> None:
    orders, order = entered(symbol, side, shares, price, DAY, False, 10**9)
    order.state, order.executed = 1, Shares(executed)
    new = orders.replace(order, Shares(wanted), Price(moved))
    golden = ouch50.ReplaceOrder(
        orig_user_ref_num=1,
        user_ref_num=2,
        quantity=executed + wanted,
        price=moved,
        time_in_force="0",
        display="Y",
        inter_market_sweep_eligibility="N",
        cl_ord_id="AB2C0000000002",
    ).encode()
    room = bytearray(b"\xee" * 80)
    assert OuchEncoder("HFTX").replace(room, OFFSET, new) == len(golden) == REPLACE_LENGTH
    assert room == b"\xee" * OFFSET + golden + b"\xee" * (80 - OFFSET - len(golden))


def test_cancel_order() -> None:
    _, order = entered("AAPL", BUY, 100, 10_0000, DAY, False, 0)
    room = bytearray(b"\xee" * 20)
    golden = ouch50.CancelOrder(user_ref_num=1, quantity=0).encode()
    assert OuchEncoder().cancel(room, OFFSET, order) == len(golden) == CANCEL_LENGTH
    assert room == b"\xee" * OFFSET + golden + b"\xee" * (20 - OFFSET - len(golden))


def test_a_capacity_that_ouch_does_not_have_is_refused() -> None:
    with pytest.raises(Exception, match="capacity"):
        OuchEncoder(capacity="Z")
