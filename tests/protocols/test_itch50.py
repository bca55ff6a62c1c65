"""ITCH 5.0 messages: real bytes, round trips, and every kind of fault."""

import copy
import pickle
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import itch50
from protocols.errors import (
    EnumError,
    LengthError,
    ProtocolError,
    RangeError,
    TruncatedError,
    UnknownTypeError,
)
from protocols.fields import Field
from protocols.itch50 import AddOrder, ItchMessage

MessageStrategy = Callable[[type[Any]], st.SearchStrategy[Any]]
CLASSES: list[type[Any]] = [itch50.MESSAGES[code] for code in sorted(itch50.MESSAGES)]
ENUM_FIELDS = [(cls, field) for cls in CLASSES for field in cls.FIELDS if field.values is not None]


def sample(field: Field) -> int | str:
    if field.values is not None:
        return next(iter(field.values))
    return "X" if field.kind.name in ("alpha", "char") else 1


# A valid message of every class, to be broken. Their bytes are synthetic.
VALID = {cls: cls(**{field.name: sample(field) for field in cls.FIELDS}) for cls in CLASSES}


def attribute(name: str) -> str:
    special = {"MPID": "mpid"}
    return special.get(name, name.lower().replace(" ", "_").replace("/", "_").replace("-", "_"))


def test_golden_bytes_of_a_real_day_both_ways(golden_itch: Any) -> None:
    assert len(golden_itch) >= 16
    for golden in golden_itch:
        raw = bytes.fromhex(golden["hex"])
        message = itch50.decode(raw)
        assert golden["type"] == message.TYPE
        for name, value in golden["fields"].items():
            assert getattr(message, attribute(name)) == value, (golden["type"], name)
        assert message.encode() == raw
        assert itch50.decode(memoryview(raw)) == message


def test_every_real_message_is_encoded_to_its_own_bytes(snippet: list[bytes]) -> None:
    counts: Counter[str] = Counter()
    for raw in snippet:
        message = itch50.decode(raw)
        counts[message.TYPE] += 1
        assert message.encode() == raw
    assert counts == {"A": 367, "U": 225, "F": 193, "D": 167, "E": 28, "X": 6, "I": 4, "P": 4, "Q": 4, "C": 1, "S": 1}


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_any_valid_message_survives_the_wire(cls: type[ItchMessage], messages: MessageStrategy) -> None:
    @given(messages(cls))
    def check(message: ItchMessage) -> None:
        raw = message.encode()
        assert len(raw) == cls.SIZE
        assert itch50.decode(raw) == message
        assert cls.decode(raw) == message
        assert itch50.decode(raw).encode() == raw

    check()


@given(st.binary(max_size=60))
def test_random_bytes_give_messages_or_protocol_errors(data: bytes) -> None:
    try:
        message = itch50.decode(data)
    except ProtocolError:
        return
    assert message.encode() == data


@given(st.sampled_from(CLASSES), st.data())
def test_random_bytes_of_the_right_length_and_type(cls: type[ItchMessage], data: st.DataObject) -> None:
    raw = cls.TYPE.encode() + data.draw(st.binary(min_size=cls.SIZE - 1, max_size=cls.SIZE - 1))
    try:
        assert itch50.decode(raw).encode() == raw
    except (EnumError, RangeError) as error:
        assert error.offset is not None
        assert 0 < error.offset < cls.SIZE


@pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
def test_every_truncation_is_a_truncated_error(cls: type[ItchMessage]) -> None:
    raw = VALID[cls].encode()
    for size in range(len(raw)):
        with pytest.raises(TruncatedError) as caught:
            itch50.decode(raw[:size])
        assert caught.value.offset == size
        assert caught.value.value == size
    with pytest.raises(LengthError) as too_long:
        itch50.decode(raw + b"\0")
    assert (too_long.value.offset, too_long.value.value) == (cls.SIZE, cls.SIZE + 1)


@pytest.mark.parametrize(("cls", "field"), ENUM_FIELDS, ids=lambda item: getattr(item, "name", None) or item.__name__)
def test_every_code_that_is_not_listed_is_an_enum_error(cls: type[ItchMessage], field: Field) -> None:
    raw = VALID[cls].encode()
    assert field.values is not None
    for byte in range(256):
        changed = raw[: field.offset] + bytes((byte,)) + raw[field.offset + 1 :]
        if chr(byte) in field.values:
            assert getattr(itch50.decode(changed), field.name) == chr(byte)
            continue
        with pytest.raises(EnumError) as caught:
            itch50.decode(changed)
        assert (caught.value.offset, caught.value.value) == (field.offset, chr(byte))
        with pytest.raises(EnumError, match=field.name):
            VALID[cls].replace(**{field.name: chr(byte)}).encode()


def test_text_that_is_not_ascii_is_a_range_error_at_its_byte() -> None:
    raw = bytearray(VALID[AddOrder].encode())
    raw[27] = 0xC3
    with pytest.raises(RangeError) as caught:
        itch50.decode(bytes(raw))
    assert (caught.value.offset, caught.value.value) == (27, 0xC3)


def test_unknown_types_are_named() -> None:
    for byte in set(range(256)) - {ord(code) for code in itch50.MESSAGES}:
        with pytest.raises(UnknownTypeError) as caught:
            itch50.decode(bytes((byte,)) + bytes(35))
        assert (caught.value.offset, caught.value.value) == (0, chr(byte))


def test_a_class_decodes_its_own_type_only() -> None:
    with pytest.raises(UnknownTypeError):
        itch50.OrderDelete.decode(VALID[itch50.BrokenTrade].encode())


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"shares": -1}, RangeError),
        ({"shares": 1 << 32}, RangeError),
        ({"shares": 1.5}, RangeError),
        ({"shares": None}, RangeError),
        ({"timestamp": 1 << 48}, RangeError),
        ({"timestamp": -1}, RangeError),
        ({"timestamp": "now"}, RangeError),
        ({"order_reference_number": 1 << 64}, RangeError),
        ({"stock_locate": 1 << 16}, RangeError),
        ({"price": 1 << 32}, RangeError),
        ({"stock": "NINECHARS"}, RangeError),
        ({"stock": "Ä"}, RangeError),
        ({"stock": b"AAPL"}, RangeError),
        ({"buy_sell_indicator": "b"}, EnumError),
        ({"buy_sell_indicator": "BS"}, EnumError),
        ({"buy_sell_indicator": ["B"]}, EnumError),
    ],
)
def test_values_that_do_not_fit_are_named_when_encoding(change: dict[str, Any], error: type[ProtocolError]) -> None:
    message = VALID[AddOrder].replace(**change)
    with pytest.raises(error, match=next(iter(change))) as caught:
        message.encode()
    assert caught.value.value == next(iter(change.values()))


def test_messages_cannot_be_changed_and_compare_by_class_and_value() -> None:
    message = VALID[AddOrder]
    with pytest.raises(AttributeError, match="replace"):
        message.shares = 5
    with pytest.raises(AttributeError):
        del message.timestamp
    assert message.replace(shares=5) != message
    assert message.replace() == message
    assert hash(message.replace()) == hash(message)
    delete = itch50.OrderDelete(stock_locate=1, tracking_number=0, timestamp=2, order_reference_number=3)
    broken = itch50.BrokenTrade(stock_locate=1, tracking_number=0, timestamp=2, match_number=3)
    assert delete != broken
    assert repr(delete) == "OrderDelete(stock_locate=1, tracking_number=0, timestamp=2, order_reference_number=3)"
    assert not hasattr(delete, "__dict__")


def test_messages_can_be_copied_and_pickled() -> None:
    for message in VALID.values():
        assert pickle.loads(pickle.dumps(message)) == message
        assert copy.deepcopy(message) == message
