"""The appendage: option tags, their sizes, and who may carry them."""

import pytest

from protocols.errors import EnumError, LengthError, ProtocolError, RangeError, TruncatedError, UnknownTypeError
from protocols.ouch50_options import OPTIONS, Option, decode_appendage, encode_appendage

ALL = frozenset(OPTIONS)


def test_bytes_of_tag_28() -> None:
    assert encode_appendage((Option(28, 5),), ALL, "X").hex() == "0003" + "021c05"
    assert decode_appendage(bytes.fromhex("0003021c05"), 0, ALL, "X") == (Option(28, 5),)


def test_every_tag_survives_the_wire() -> None:
    options = tuple(
        Option(tag, next(iter(spec.kind.values)) if spec.kind.values else "AB" if spec.kind.name == "alpha" else 7)
        for tag, spec in OPTIONS.items()
    )
    raw = encode_appendage(options, ALL, "X")
    assert len(raw) == 2 + sum(2 + spec.kind.size for spec in OPTIONS.values())
    assert decode_appendage(raw, 0, ALL, "X") == options


def test_peg_offsets_are_signed() -> None:
    raw = encode_appendage((Option(7, -100),), ALL, "X")
    assert raw.hex() == "0006" + "0507ffffff9c"
    assert decode_appendage(raw, 0, ALL, "X") == (Option(7, -100),)


@pytest.mark.parametrize(
    ("raw", "error", "offset", "value"),
    [
        ("00", TruncatedError, 1, 1),
        ("0003021c", TruncatedError, 4, 4),
        ("0003021c0500", LengthError, 5, 6),
        ("000100", LengthError, 2, 0),
        ("0002021c", TruncatedError, 4, 2),
        ("000101", TruncatedError, 3, 1),
        ("0003026305", UnknownTypeError, 3, 0x63),
        ("0003021305", UnknownTypeError, 3, 19),
        ("0004031c0505", LengthError, 2, 3),
        ("000201" + "1c", LengthError, 2, 1),
        ("0003020c58", EnumError, 4, "X"),
        ("000605024c494d80", RangeError, 7, 0x80),
    ],
)
def test_faults_are_named_with_their_offset(raw: str, error: type[ProtocolError], offset: int, value: object) -> None:
    with pytest.raises(error) as caught:
        decode_appendage(bytes.fromhex(raw), 0, ALL, "X")
    assert (type(caught.value), caught.value.offset, caught.value.value) == (error, offset, value)


def test_a_tag_that_the_message_may_not_carry() -> None:
    with pytest.raises(EnumError, match="no option UserRefIdx") as caught:
        decode_appendage(bytes.fromhex("0003021c05"), 0, frozenset({2}), "X")
    assert (caught.value.offset, caught.value.value) == (3, 28)
    with pytest.raises(EnumError, match="tag 28"):
        encode_appendage((Option(28, 5),), frozenset({2}), "X")


def test_options_that_cannot_be_encoded() -> None:
    with pytest.raises(UnknownTypeError):
        encode_appendage((Option(99, 5),), ALL, "X")
    with pytest.raises(RangeError, match="UserRefIdx"):
        encode_appendage((Option(28, 256),), ALL, "X")
    with pytest.raises(EnumError, match="PostOnly"):
        encode_appendage((Option(12, "Y"),), ALL, "X")
    with pytest.raises(RangeError, match="65535"):
        encode_appendage((Option(28, 5),) * 21_846, ALL, "X")
