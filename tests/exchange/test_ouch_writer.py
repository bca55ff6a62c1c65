"""The direct writers against `protocols.ouch50`, which is made from the tables."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from exchange.book import Book
from exchange.entry_answers import echo, index_of
from exchange.orders import Order, limit_order
from exchange.ouch_writer import OuchWriter
from exchange.ticket import Ticket
from protocols import ouch50
from protocols.ouch50 import Option

u32 = st.integers(0, 2**32 - 1)
u64 = st.integers(0, 2**63 - 1)
tokens = st.builds(lambda index, ref: index << 32 | ref, st.sampled_from((0, 1, 255)), u32)
ids = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=14)
OPTIONS = (Option(24, 7), Option(12, "P"), Option(28, 3), Option(29, "D"))


def order_of(token: int, ref: int, shares: int, price: int) -> Order:
    return limit_order(Book("AAPL", 1), True, shares, price, ref, 1, token)


def ticket_of(cl_ord_id: str, display: str = "Y") -> Ticket:
    return Ticket(ord("B"), ord("5"), ord(display), ord("A"), ord("N"), cl_ord_id.encode().ljust(14))


@settings(deadline=None)
@given(u64, u32, u64, u32, st.integers(1, 2_000_000_000), ids, st.booleans(), st.booleans())
def test_accepted_and_replaced(
    time: int, ref: int, reference: int, shares: int, price: int, cl_ord_id: str, with_options: bool, replaces: bool
) -> None:
    order, ticket = order_of(ref, reference, shares, price), ticket_of(cl_ord_id)
    options = OPTIONS if with_options else ()
    answer = ouch50.OrderReplaced if replaces else ouch50.OrderAccepted
    ticket.echo = echo(options, answer)
    fields = {
        "timestamp": time,
        "user_ref_num": ref,
        "side": "B",
        "quantity": shares,
        "symbol": "AAPL",
        "price": price,
        "time_in_force": "5",
        "display": "Y",
        "order_reference_number": reference,
        "capacity": "A",
        "inter_market_sweep_eligibility": "N",
        "cross_type": "N",
        "order_state": "L",
        "cl_ord_id": cl_ord_id,
        "appendage": tuple(option for option in options if option.tag in answer.TAGS),
    }
    writer = OuchWriter()
    if replaces:
        ticket.replaces = 77
        told = writer.replaced(time, order, ticket)
        assert told == ouch50.OrderReplaced(orig_user_ref_num=77, **fields).encode()  # type: ignore[arg-type]
    else:
        told = writer.accepted(time, order, ticket)
        assert told == ouch50.OrderAccepted(**fields).encode()  # type: ignore[arg-type]


@settings(deadline=None)
@given(u64, tokens, u32, u64, u64, ids)
def test_the_others(time: int, token: int, shares: int, price: int, match: int, cl_ord_id: str) -> None:
    writer = OuchWriter()
    ref, index = token & 0xFFFFFFFF, index_of(token)
    assert (
        writer.cancelled(time, token, shares, ord("U"))
        == ouch50.OrderCanceled(timestamp=time, user_ref_num=ref, quantity=shares, reason="U", appendage=index).encode()
    )
    assert (
        writer.executed(time, token, shares, price, ord("R"), match)
        == ouch50.OrderExecuted(
            timestamp=time,
            user_ref_num=ref,
            quantity=shares,
            price=price,
            liquidity_flag="R",
            match_number=match,
            appendage=index,
        ).encode()
    )
    assert (
        writer.rejected(time, token, 0x0033, cl_ord_id.encode().ljust(14))
        == ouch50.Rejected(
            timestamp=time, user_ref_num=ref, reason=0x0033, cl_ord_id=cl_ord_id, appendage=index
        ).encode()
    )


def test_an_order_that_a_rule_moved_is_told_its_price_as_conformant() -> None:
    writer, order = OuchWriter(), order_of(1, 2, 100, 1_500_000)
    order.price = 1_490_000
    for display, told in (("Y", b"Z"), ("A", b"A"), ("N", b"N")):
        answer = writer.accepted(0, order, ticket_of("ID", display))
        assert (int.from_bytes(answer[26:34], "big"), answer[35:36]) == (1_490_000, told)
    order.midpoint = True
    answer = writer.accepted(0, order, ticket_of("ID", "N"))
    assert int.from_bytes(answer[26:34], "big") == 1_500_000, "a peg is told its limit"
