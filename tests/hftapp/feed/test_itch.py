"""The record against the tables of `protocols.itch50`: every field of every message type, and what is refused."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hftapp.feed import itch_types
from hftapp.feed.itch import ItchRecord
from protocols import itch50
from protocols.errors import ProtocolError
from protocols.fields import Alpha, Char, Field

SLICE = Path(__file__).parents[2] / "data" / "12302019_SNIPPET.NASDAQ_ITCH50"
KINDS = sorted(itch50.MESSAGES)


def legal(rng: random.Random, field: Field) -> bytes:
    """Random bytes that a field may have."""
    if isinstance(field.kind, Char):
        return bytes([rng.choice(sorted(field.kind.by_byte))])
    if isinstance(field.kind, Alpha):
        return bytes(rng.randrange(128) for _ in range(field.size))
    return rng.randbytes(field.size)


def random_message(rng: random.Random, kind: str) -> bytes:
    return kind.encode() + b"".join(legal(rng, field) for field in itch50.MESSAGES[kind].FIELDS)


def as_number(data: bytes, field: Field) -> int:
    return int.from_bytes(data[field.offset : field.offset + field.size], "big")


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_lies_where_the_table_says(kind: str) -> None:
    rng = random.Random(kind)
    record = ItchRecord()
    for _ in range(20):
        data = random_message(rng, kind)
        itch50.decode(data)
        assert record.decode(b"\xff" + data + b"\xff", 1, len(data))
        assert record.kind == ord(kind)
        for field in itch50.MESSAGES[kind].FIELDS:
            assert getattr(record, field.name) == as_number(data, field), field.name


def test_every_type_byte_has_a_name() -> None:
    names = {name: value for name, value in vars(itch_types).items() if name.isupper()}
    assert sorted(map(chr, names.values())) == KINDS


def test_the_type_bytes_of_the_compiled_code_are_the_same() -> None:
    text = Path(itch_types.__file__ or "").with_suffix(".pxd").read_text()
    declared = dict(line.split(" = ") for line in text.splitlines() if " = " in line)
    names: dict[str, Any] = {name: value for name, value in vars(itch_types).items() if name.isupper()}
    assert {name.strip(): int(value) for name, value in declared.items()} == names


@given(st.sampled_from(KINDS), st.integers(0, 2**32), st.integers(0, 60), st.binary(max_size=3), st.integers(-2, 2))
def test_a_message_is_legal_when_the_decoder_takes_it(kind: str, seed: int, at: int, damage: bytes, more: int) -> None:
    data = random_message(random.Random(seed), kind)
    data = data[:at] + damage + data[at + len(damage) :]
    data = data + bytes(more) if more > 0 else data[: len(data) + more]
    try:
        itch50.decode(data)
        expected = True
    except ProtocolError:
        expected = False
    assert ItchRecord().check(b"A" + data + b"A", 1, len(data)) is expected


@pytest.mark.parametrize("data", [b"", b"?", b"D" * 18, b"D" * 20, b"\xff" * 19])
def test_unknown_types_and_wrong_lengths_are_refused(data: bytes) -> None:
    record = ItchRecord()
    assert not record.decode(data, 0, len(data))
    assert not record.check(data, 0, len(data))


def test_a_framed_buffer_is_decoded_up_to_its_end_or_end_record() -> None:
    data = SLICE.read_bytes()
    count, at = 0, 0
    while at < len(data):
        at += 2 + struct.unpack_from(">H", data, at)[0]
        count += 1
    for tail in (b"", b"\0\0" + data, b"\0\x13D"):
        record = ItchRecord()
        assert record.decode_all(data + tail, 0, len(data + tail)) == count
        assert record.malformed == 0
    record = ItchRecord()
    assert record.decode_all(b"\0\x01?" + data, 0, 3 + len(data)) == count + 1
    assert record.malformed == 1
