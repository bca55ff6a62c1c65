"""Field kinds: values to bytes, bytes to values, and what does not fit."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import EnumError, ProtocolError, RangeError
from protocols.fields import Char, Integer, Kind, alpha, unsigned

KINDS: list[Kind] = [
    *(unsigned(size) for size in (1, 2, 4, 6, 8)),
    Integer("i32", 4, "i", signed=True),
    *(alpha(size) for size in (1, 2, 4, 8, 14)),
    Char(),
    Char({"B": "buy", "S": "sell", " ": "none"}),
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"{kind.name}-{kind.size}-{bool(kind.values)}")
def test_values_survive_the_wire(kind: Kind, field_values: Callable[[Kind], st.SearchStrategy[Any]]) -> None:
    @given(field_values(kind))
    def check(value: Any) -> None:
        raw = kind.to_wire(value, "field")
        assert len(raw) == kind.size
        assert kind.from_wire(raw, 0, "field") == value

    check()


def test_bytes_of_each_kind() -> None:
    assert unsigned(6).to_wire(34199999894278, "t") == bytes.fromhex("1f1aced85306")
    assert Integer("i32", 4, "i", signed=True).to_wire(-1, "offset") == b"\xff\xff\xff\xff"
    assert alpha(8).to_wire("IVOO", "stock") == b"IVOO    "
    assert alpha(4).from_wire(b" A  ", 0, "firm") == " A"
    assert Char().from_wire(b" ", 0, "reserved") == " "


@pytest.mark.parametrize(
    ("kind", "value", "error"),
    [
        (unsigned(1), 256, RangeError),
        (unsigned(8), -1, RangeError),
        (unsigned(2), "1", RangeError),
        (Integer("i32", 4, "i", signed=True), 1 << 31, RangeError),
        (Integer("i32", 4, "i", signed=True), -(1 << 31) - 1, RangeError),
        (alpha(4), "FIVE5", RangeError),
        (alpha(4), "é", RangeError),
        (alpha(4), 4, RangeError),
        (Char({"B": "buy"}), "S", EnumError),
        (Char(), "", RangeError),
        (Char(), "ÿ", RangeError),
    ],
)
def test_values_that_do_not_fit(kind: Kind, value: int | str, error: type[ProtocolError]) -> None:
    with pytest.raises(error, match="field must be") as caught:
        kind.to_wire(value, "field")
    assert caught.value.value == value


def test_bytes_that_are_wrong_are_named_with_their_offset() -> None:
    with pytest.raises(RangeError) as text:
        alpha(4).from_wire(b"AB\x80D", 10, "firm")
    assert (text.value.offset, text.value.value) == (12, 0x80)
    with pytest.raises(EnumError) as code:
        Char({"B": "buy"}).from_wire(b"S", 19, "side")
    assert (code.value.offset, code.value.value) == (19, "S")
    assert str(code.value) == "side must be one of 'B' (offset 19, value 'S')"
    with pytest.raises(RangeError):
        Char().from_wire(b"\xff", 0, "reserved")
