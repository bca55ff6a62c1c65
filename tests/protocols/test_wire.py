"""Message classes are made from their annotations."""

from typing import Annotated, Any, ClassVar

import pytest

from protocols.errors import EnumError
from protocols.fields import U8, U16, U48, Alpha4, Char
from protocols.wire import Message
from protocols.wire_compiler import class_name_in_words


class Header(Message):
    """A base class that is never on the wire."""

    KIND: ClassVar[str] = "sample"
    clock: U48


class SampleMessage(Header, type="x"):
    """Fields of every sort, and an attribute that is not on the wire."""

    side: Annotated[str, Char({"B": "buy", "S": "sell"})] = "B"
    count: U16
    firm: Alpha4 = ""
    note: str = "none"


class Empty(Message, type="e", name="Nothing At All"):
    """A message of its type byte alone."""


def test_the_annotations_are_the_table() -> None:
    assert [(field.name, field.offset, field.size, field.kind.name) for field in SampleMessage.FIELDS] == [
        ("clock", 1, 6, "u48"),
        ("side", 7, 1, "char"),
        ("count", 8, 2, "u16"),
        ("firm", 10, 4, "alpha"),
    ]
    assert SampleMessage.FIELDS[1].values == {"B": "buy", "S": "sell"}
    assert (SampleMessage.TYPE, SampleMessage.NAME, SampleMessage.SIZE) == ("x", "Sample Message", 14)
    assert SampleMessage.ATTRIBUTES == ("clock", "side", "count", "firm", "note")
    assert (Empty.NAME, Empty.SIZE, Empty.FIELDS) == ("Nothing At All", 1, ())
    assert SampleMessage.KIND == "sample"


def test_defaults_and_keywords() -> None:
    message = SampleMessage(clock=1, count=2)
    assert (message.side, message.firm, message.note) == ("B", "", "none")
    assert message.encode() == b"x" + (1).to_bytes(6, "big") + b"B\x00\x02    "
    assert SampleMessage.decode(message.encode()) == message
    assert Empty.decode(Empty().encode()) == Empty()
    make: Any = SampleMessage
    with pytest.raises(TypeError):
        make(clock=1)
    with pytest.raises(TypeError):
        make(1, 2)


def test_a_class_of_its_own_gets_its_own_errors() -> None:
    with pytest.raises(EnumError, match="Sample Message side"):
        SampleMessage(clock=1, count=2, side="?").encode()


def test_names_in_words() -> None:
    assert class_name_in_words("OrderExecutedWithPrice") == "Order Executed With Price"


def test_classes_of_one_field_and_sizes_add_up() -> None:
    class One(Message, type="1"):
        """One byte."""

        value: U8

    assert One(value=7).encode() == b"1\x07"
    assert One.decode(b"1\x07").value == 7
