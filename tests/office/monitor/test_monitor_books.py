"""The firm's books out of a drop copy: what each OUCH message does to orders, positions and cash."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from office.monitor import copies
from office.monitor.books import FirmBooks, Holding
from protocols import ouch50
from protocols.errors import ProtocolError
from store.surveillance.events import OrderEvent


def copy(message: ouch50.OuchOutbound, user: str = "HFT1", venue: str = "NSDQ") -> bytes:
    return f"{venue:4}{user:6}".encode() + message.encode()


def live(ref: int, side: str = "B", shares: int = 100, price: int = 1_000_000, **more: Any) -> dict[str, Any]:
    return {
        "timestamp": 1_000,
        "user_ref_num": ref,
        "side": side,
        "quantity": shares,
        "symbol": "AAPL",
        "price": price,
        "time_in_force": "0",
        "display": "Y",
        "order_reference_number": 7_000 + ref,
        "capacity": "P",
        "inter_market_sweep_eligibility": "N",
        "cross_type": "N",
        "order_state": "L",
        "cl_ord_id": "",
    } | more


def accepted(ref: int, *arguments: Any, **more: Any) -> ouch50.OrderAccepted:
    return ouch50.OrderAccepted(**live(ref, *arguments, **more))


def replaced(old: int, ref: int, *arguments: Any, **more: Any) -> ouch50.OrderReplaced:
    return ouch50.OrderReplaced(orig_user_ref_num=old, **live(ref, *arguments, **more))


def executed(ref: int, shares: int, price: int, match: int, flag: str = "A") -> ouch50.OrderExecuted:
    return ouch50.OrderExecuted(
        timestamp=2_000, user_ref_num=ref, quantity=shares, price=price, liquidity_flag=flag, match_number=match
    )


def cancelled(ref: int, shares: int, reason: str = "U") -> ouch50.OrderCanceled:
    return ouch50.OrderCanceled(timestamp=3_000, user_ref_num=ref, quantity=shares, reason=reason)


def broken(ref: int, match: int) -> ouch50.BrokenTrade:
    return ouch50.BrokenTrade(timestamp=4_000, user_ref_num=ref, match_number=match, reason="E", cl_ord_id="")


def told(books: FirmBooks, *messages: ouch50.OuchOutbound, **where: str) -> list[OrderEvent]:
    return [event for message in messages for event in books.apply(copies.decode(copy(message, **where)))]


def test_an_orders_life() -> None:
    books = FirmBooks()
    events = told(books, accepted(1, "B", 300), executed(1, 100, 999_900, 5), cancelled(1, 50))
    holding = books.holdings["AAPL"]
    assert holding == Holding("AAPL", 100, 100, 0, -100 * 999_900, 999_900, open_buy=150, open_notional=150 * 1_000_000)
    assert [(one.event, one.shares, one.price, one.ref, one.side) for one in events] == [
        ("entered", 300, 1_000_000, 7_001, "B"),
        ("executed", 100, 999_900, 7_001, "B"),
        ("reduced", 50, 1_000_000, 7_001, "B"),
    ]
    assert (events[0].account, events[0].venue, events[0].owner) == ("HFT1", "NSDQ", "firm")
    told(books, executed(1, 150, 1_000_000, 6))
    assert books.orders == {}
    assert (holding.open_buy, holding.open_notional, holding.shares) == (0, 0, 250)
    assert (books.messages, books.executions, books.unknown) == (2, 2, 0)


def test_a_replace_takes_the_place_of_its_order() -> None:
    books = FirmBooks()
    _, event = told(books, accepted(1, "S", 300), replaced(1, 2, "S", 200, 1_000_500))
    assert (event.event, event.replaces, event.ref) == ("replaced", 7_001, 7_002)
    assert books.holdings["AAPL"].open_sell == 200
    assert books.holdings["AAPL"].open_notional == 200 * 1_000_500
    assert list(books.orders) == [("NSDQ", "HFT1", 2)]


def test_a_modify_says_what_is_left_and_prevention_takes_off() -> None:
    books = FirmBooks()
    modified = ouch50.OrderModified(timestamp=1, user_ref_num=1, side="S", quantity=120)
    prevented = ouch50.AiqCanceled(
        timestamp=1,
        user_ref_num=1,
        decrement_shares=20,
        reason="Q",
        quantity_prevented_from_trading=20,
        execution_price=1,
        liquidity_flag="A",
        aiq_strategy="D",
    )
    events = told(books, accepted(1, "S", 300), modified, prevented)
    assert books.holdings["AAPL"].open_sell == 100
    assert [(one.shares, one.reason) for one in events[1:]] == [(180, "U"), (20, "Q")]


def test_a_broken_execution_gives_shares_and_cash_back() -> None:
    books = FirmBooks()
    told(books, accepted(1, "B", 100), executed(1, 100, 1_000_000, 5), broken(1, 5))
    holding = books.holdings["AAPL"]
    assert (holding.shares, holding.cash, holding.bought, books.executions, books.broken) == (0, 0, 0, 0, 1)
    told(books, broken(1, 5))
    assert (holding.shares, books.unknown) == (0, 1), "once"


def test_what_a_login_hears_again_counts_once() -> None:
    books = FirmBooks()
    refused = ouch50.Rejected(timestamp=9, user_ref_num=3, reason=13, cl_ord_id="")
    said = [accepted(1, "B", 300), executed(1, 100, 1_000_000, 5), executed(1, 50, 1_000_000, 6), broken(1, 6)]
    said += [replaced(1, 2, "B", 150), cancelled(2, 50), refused]
    told(books, *said)
    before = repr((books.holdings, books.orders, books.messages, books.executions, books.broken))
    assert (books.holdings["AAPL"].shares, books.executions, books.broken) == (100, 1, 1)
    for _ in range(2):
        assert told(books, *said) == [], "surveillance has seen it"
        assert repr((books.holdings, books.orders, books.messages, books.executions, books.broken)) == before
    told(books, executed(2, 100, 1_000_000, 7))
    assert (books.holdings["AAPL"].shares, books.orders, books.unknown) == (200, {}, 0)


def test_users_and_venues_number_their_orders_for_themselves() -> None:
    books = FirmBooks()
    told(books, accepted(1, "B", 100))
    told(books, accepted(1, "B", 200), user="HFT2")
    told(books, accepted(1, "S", 400), venue="BX")
    told(books, cancelled(1, 100))
    assert {key[:2]: order.leaves for key, order in books.orders.items()} == {
        ("NSDQ", "HFT2"): 200,
        ("BX", "HFT1"): 400,
    }


def test_dead_orders_and_unknown_ones_count_nowhere() -> None:
    books = FirmBooks()
    told(books, accepted(1, order_state="D"), executed(9, 100, 1, 1), cancelled(9, 1), broken(9, 9))
    assert books.orders == {}
    assert books.holding("AAPL").open_buy == 0
    assert books.unknown == 3


def test_what_took_is_told_by_its_flag() -> None:
    books = FirmBooks()
    flags = "".join(ouch50.LIQUIDITY_FLAGS)
    fills = [executed(1, 1, 1, match, flag) for match, flag in enumerate(flags, 1)]
    _, *events = told(books, accepted(1, "B", len(flags)), *fills)
    took = {flag for flag, one in zip(flags, events, strict=True) if one.aggressive}
    assert took == {flag for flag, what in ouch50.LIQUIDITY_FLAGS.items() if "remov" in what}


def test_what_the_exchange_refuses_was_a_message() -> None:
    books = FirmBooks()
    refused = ouch50.Rejected(timestamp=9, user_ref_num=1, reason=13, cl_ord_id="")
    assert told(books, refused) == [OrderEvent(9, "rejected", "NSDQ", "", "HFT1", "firm", 0)]
    assert (books.messages, books.unknown, books.holdings) == (1, 0, {})


@given(
    st.lists(
        st.tuples(st.sampled_from("AUECB"), st.integers(1, 6), st.integers(1, 6), st.integers(1, 400), st.booleans())
    )
)
def test_open_shares_and_positions_add_up_whatever_comes(steps: list[tuple[str, int, int, int, bool]]) -> None:
    books = FirmBooks()
    fills: dict[tuple[int, int], tuple[int, int]] = {}
    fresh = 100
    for match, (kind, ref, other, shares, buy) in enumerate(steps):
        side = "B" if buy else "S"
        order = books.orders.get(("NSDQ", "HFT1", ref))
        match kind:
            case "A":
                told(books, accepted(ref, side, shares))
            case "U":
                fresh += 1
                told(books, replaced(ref, fresh, side, shares))
            case "E":
                if order is not None:
                    fills[ref, match] = (shares if order.buy else -shares), 1_000 + other
                told(books, executed(ref, shares, 1_000 + other, match))
            case "C":
                told(books, cancelled(ref, shares))
            case _:
                if fills:
                    key = next(iter(fills))
                    del fills[key]
                    told(books, broken(*key))
    holding = books.holding("AAPL")
    orders = books.orders.values()
    assert holding.open_buy == sum(one.leaves for one in orders if one.buy)
    assert holding.open_sell == sum(one.leaves for one in orders if not one.buy)
    assert holding.open_notional == sum(one.leaves * one.price for one in orders)
    assert holding.shares == sum(signed for signed, _ in fills.values()) == holding.bought - holding.sold
    assert holding.cash == -sum(signed * price for signed, price in fills.values())
    assert all(one.leaves > 0 for one in orders)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_copy_or_a_protocol_error(data: bytes) -> None:
    try:
        assert copies.decode(data).message.encode() == data[10:]
    except ProtocolError:
        pass


@pytest.mark.parametrize("data", [b"", b"NSDQHFT1  ", b"\xff" * 10 + accepted(1).encode(), b"NSDQHFT1  ?"])
def test_what_is_no_copy(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        copies.decode(data)
