"""OUCH 5.0 messages: real bytes, both forms of the optional appendage, round trips, and every kind of fault."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import ouch50
from protocols.errors import EnumError, LengthError, ProtocolError, RangeError, TruncatedError, UnknownTypeError
from protocols.fields import Field
from protocols.ouch50 import (
    AccountQuery,
    Appendage,
    CancelOrder,
    EnterOrder,
    Option,
    OrderAccepted,
    OrderCanceled,
    Rejected,
    SystemEvent,
)

MessageStrategy = Callable[[type[Any]], st.SearchStrategy[Any]]
IN: list[type[Any]] = [ouch50.INBOUND[code] for code in sorted(ouch50.INBOUND)]
OUT: list[type[Any]] = [ouch50.OUTBOUND[code] for code in sorted(ouch50.OUTBOUND)]
ENUM_FIELDS = [(cls, field) for cls in IN + OUT for field in cls.FIELDS if field.values is not None]

# Real Nasdaq captures (reference §9.4).
ENTER = "4f0000007154000000e143564c54202020200000000000099db83059414e4e4838465542384956202020202020000605024c494d45"
CANCEL = "5800752e7100000000"
ACCEPTED = (
    "410000289b4d64af8700753a8d42000000284144424520202020000000000048e7483559000000000f56b4f5414e4e4c"
    "3736383237303120202020202020000905024d4c524f021230"
)
CANCELED = "430000289b4d68131700753a8d0000002855"


def decode(cls: type[Any], raw: bytes | memoryview) -> Any:
    return ouch50.decode_inbound(raw) if cls in IN else ouch50.decode_outbound(raw)


def sample(field: Field) -> int | str:
    if field.values is not None:
        return next(iter(field.values))
    return "X" if field.kind.name == "alpha" else 1


VALID = {cls: cls(**{field.name: sample(field) for field in cls.FIELDS}) for cls in IN + OUT}


def test_a_real_enter_order() -> None:
    order = ouch50.decode_inbound(bytes.fromhex(ENTER))
    assert order == EnterOrder(
        user_ref_num=113,
        side="T",
        quantity=225,
        symbol="CVLT",
        price=630_200,
        time_in_force="0",
        display="Y",
        capacity="A",
        inter_market_sweep_eligibility="N",
        cross_type="N",
        cl_ord_id="H8FUB8IV",
        appendage=(Option(2, "LIME"),),
    )
    assert order.encode().hex() == ENTER


def test_a_real_cancel_without_appendage_length() -> None:
    cancel = ouch50.decode_inbound(bytes.fromhex(CANCEL))
    assert cancel == CancelOrder(user_ref_num=7_679_601, quantity=0)
    assert cancel.encode().hex() == CANCEL


def test_a_real_accept() -> None:
    accepted = ouch50.decode_outbound(bytes.fromhex(ACCEPTED))
    assert isinstance(accepted, OrderAccepted)
    assert (accepted.user_ref_num, accepted.side, accepted.quantity, accepted.symbol) == (7_682_701, "B", 40, "ADBE")
    assert (accepted.timestamp, accepted.price) == (44_647_483_486_087, 4_777_800)
    assert (accepted.time_in_force, accepted.order_state, accepted.cl_ord_id) == ("5", "L", "7682701")
    assert accepted.order_reference_number == 257_340_661
    assert accepted.appendage == (Option(2, "MLRO"), Option(18, "0"))
    assert accepted.encode().hex() == ACCEPTED


def test_a_real_canceled() -> None:
    canceled = ouch50.decode_outbound(bytes.fromhex(CANCELED))
    assert isinstance(canceled, OrderCanceled)
    assert (canceled.user_ref_num, canceled.quantity, canceled.reason) == (7_682_701, 40, "U")
    assert ouch50.CANCEL_REASONS[canceled.reason] == "user request"
    assert canceled.encode().hex() == CANCELED


def test_both_forms_of_an_optional_appendage_are_taken_and_kept() -> None:
    short, empty, carrying = (bytes.fromhex(CANCEL + rest) for rest in ("", "0000", "0003021c05"))
    assert ouch50.decode_inbound(short).explicit_appendage is False
    assert ouch50.decode_inbound(empty).explicit_appendage is True
    assert ouch50.decode_inbound(carrying).appendage == (Option(28, 5),)
    for raw in (short, empty, carrying):
        assert ouch50.decode_inbound(raw).encode() == raw
    assert AccountQuery().encode() == b"Q"
    assert AccountQuery(appendage=(Option(28, 5),)).encode() == b"Q\x00\x03\x02\x1c\x05"


def test_a_required_appendage_length_is_always_sent() -> None:
    raw = VALID[EnterOrder].encode()
    assert len(raw) == 47
    assert raw.endswith(b"\0\0")


def test_an_unknown_reject_reason_still_decodes() -> None:
    raw = Rejected(timestamp=1, user_ref_num=2, reason=0x7777, cl_ord_id="").encode()
    decoded = ouch50.decode_outbound(raw)
    assert isinstance(decoded, Rejected)
    assert decoded.reason == 0x7777
    assert decoded.reason not in ouch50.REJECT_REASONS


@pytest.mark.parametrize("cls", IN + OUT, ids=lambda cls: cls.__name__)
def test_any_valid_message_survives_the_wire(cls: type[Any], messages: MessageStrategy) -> None:
    @given(messages(cls))
    def check(message: Any) -> None:
        raw = message.encode()
        assert decode(cls, raw) == message
        assert decode(cls, memoryview(raw)).encode() == raw

    check()


@pytest.mark.parametrize("decoder", [ouch50.decode_inbound, ouch50.decode_outbound])
def test_random_bytes_give_messages_or_protocol_errors(decoder: Callable[[bytes], Any]) -> None:
    @given(st.binary(max_size=100))
    def check(data: bytes) -> None:
        try:
            message = decoder(data)
        except ProtocolError:
            return
        assert message.encode() == data

    check()


@given(st.sampled_from(IN + OUT), st.binary(max_size=24))
def test_random_appendages_give_messages_or_protocol_errors(cls: type[Any], body: bytes) -> None:
    fixed = VALID[cls].encode()[: cls.SIZE]
    for raw in (fixed + body, fixed + len(body).to_bytes(2, "big") + body):
        try:
            message = decode(cls, raw)
        except ProtocolError as error:
            assert error.offset is not None
            assert error.offset >= cls.SIZE
        else:
            assert message.encode() == raw


@pytest.mark.parametrize("cls", IN + OUT, ids=lambda cls: cls.__name__)
def test_every_truncation_is_an_error(cls: type[Any]) -> None:
    option = (Option(28, 5),) if 28 in cls.TAGS else ()
    raw = VALID[cls].replace(appendage=option).encode()
    for size in range(len(raw)):
        if size == cls.SIZE and cls.APPENDAGE is Appendage.OPTIONAL:
            assert decode(cls, raw[:size]).appendage == ()
            continue
        with pytest.raises(TruncatedError) as caught:
            decode(cls, raw[:size])
        assert caught.value.value == size
    with pytest.raises(LengthError) as too_long:
        decode(cls, raw + b"\0")
    assert too_long.value.offset == len(raw)


@pytest.mark.parametrize(("cls", "field"), ENUM_FIELDS, ids=lambda item: getattr(item, "name", None) or item.__name__)
def test_every_code_that_is_not_listed_is_an_enum_error(cls: type[Any], field: Field) -> None:
    raw = VALID[cls].encode()
    assert field.values is not None
    for byte in range(256):
        changed = raw[: field.offset] + bytes((byte,)) + raw[field.offset + 1 :]
        if chr(byte) in field.values:
            assert getattr(decode(cls, changed), field.name) == chr(byte)
            continue
        with pytest.raises(EnumError) as caught:
            decode(cls, changed)
        assert (caught.value.offset, caught.value.value) == (field.offset, chr(byte))
        with pytest.raises(EnumError, match=field.name):
            VALID[cls].replace(**{field.name: chr(byte)}).encode()


def test_values_that_do_not_fit_are_named_when_encoding() -> None:
    order = VALID[EnterOrder]
    for change in ({"quantity": 1 << 32}, {"price": -1}, {"cl_ord_id": "fifteen letters"}, {"symbol": "Ω"}):
        with pytest.raises(RangeError, match=next(iter(change))):
            order.replace(**change).encode()
    with pytest.raises(EnumError, match="time_in_force"):
        VALID[ouch50.ReplaceOrder].replace(time_in_force="E").encode()


def test_types_belong_to_a_direction() -> None:
    with pytest.raises(UnknownTypeError) as inbound:
        ouch50.decode_inbound(bytes.fromhex(ACCEPTED))
    assert (inbound.value.offset, inbound.value.value) == (0, "A")
    with pytest.raises(UnknownTypeError):
        ouch50.decode_outbound(bytes.fromhex(ENTER))
    with pytest.raises(UnknownTypeError):
        ouch50.decode_outbound(b"F" + bytes(48))


def test_system_event_has_no_appendage() -> None:
    event = SystemEvent(timestamp=1, event_code="S")
    assert len(event.encode()) == 10
    with pytest.raises(LengthError):
        event.replace(appendage=(Option(28, 1),)).encode()
    with pytest.raises(LengthError):
        ouch50.decode_outbound(event.encode() + b"\0\0")


def test_a_class_decodes_its_own_type_only() -> None:
    with pytest.raises(UnknownTypeError):
        CancelOrder.decode(VALID[ouch50.ModifyOrder].encode())


@pytest.mark.parametrize("tags", [{14}, {4, 24}])
def test_tags_that_only_the_2023_text_names_are_accepted(tags: set[int]) -> None:
    cls = EnterOrder if tags == {14} else ouch50.ReplaceOrder
    assert tags == cls.TAGS_2023
    values: dict[int, int | str] = {14: "SCAN", 4: "R", 24: 7}
    message = VALID[cls].replace(appendage=tuple(Option(tag, values[tag]) for tag in sorted(tags)))
    assert ouch50.decode_inbound(message.encode()) == message
