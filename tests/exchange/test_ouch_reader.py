"""The reader of plain requests: what it takes is what the tables take, field by field."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.ouch_reader import CANCEL, ENTER, REPLACE, OuchReader
from protocols import ouch50
from protocols.errors import ProtocolError
from tests.exchange.ouch_wire import cancel, enter, modify, option, replace


def test_fields() -> None:
    reader = OuchReader()
    assert reader.read(enter(7, "T", 225, "MSFT", 630_200, display="A", capacity="R", tif="3")) == ENTER
    assert (reader.ref, reader.side, reader.quantity, reader.stock) == (7, ord("T"), 225, b"MSFT    ")
    assert (reader.price, reader.time_in_force, reader.display) == (630_200, ord("3"), ord("A"))
    assert (reader.capacity, reader.cl_ord_id) == (ord("R"), b"ID            ")
    assert reader.read(replace(7, 9, 100, 1_999_999_900, b"5NN")) == REPLACE
    assert (reader.orig_ref, reader.ref, reader.quantity, reader.price) == (7, 9, 100, 1_999_999_900)
    assert reader.read(cancel(9, 2**32 - 1)) == CANCEL
    assert (reader.ref, reader.quantity) == (9, 2**32 - 1)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"Q",
        modify(1, "S", 10),
        cancel(1, 0, b""),
        enter(1, options=option(12, b"P")),
        enter(1, iso="Y"),
        enter(1, cross="O"),
        enter(1, tif="6"),
        enter(1, quantity=0),
        enter(1, price=2**32 + 1),
        replace(1, 2, flags=b"0YY"),
        replace(1, 2, 1_000_000),
    ],
)
def test_what_is_not_plain_is_left_to_the_tables(data: bytes) -> None:
    assert OuchReader().read(data) == 0


VALID = (enter(1), replace(1, 2), cancel(1))


@given(st.sampled_from(VALID), st.integers(0, 46), st.integers(0, 255))
def test_a_damaged_request_is_never_taken_for_a_plain_one(valid: bytes, place: int, byte: int) -> None:
    data = valid[:place] + bytes([byte]) + valid[place + 1 :]
    reader = OuchReader()
    if not reader.read(data):
        return
    try:
        message = ouch50.decode_inbound(data)
    except ProtocolError as error:
        # Symbols are looked up as they came, and an unknown one goes to the tables after all.
        assert reader.stock.isascii() is False, error
        return
    assert message.encode() == data
