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


def framed(*messages: bytes) -> bytes:
    return b"".join(struct.pack(">H", len(message)) + message for message in messages)


def by_the_tables(messages: list[bytes]) -> dict[str, int]:
    """What a record holds after these messages, by the tables."""
    names = {field.name for message in itch50.MESSAGES.values() for field in message.FIELDS}
    held = dict.fromkeys((*names, "kind", "malformed"), 0)
    for data in messages:
        message = itch50.MESSAGES.get(chr(data[0]))
        if message is None or len(data) != message.SIZE:
            held["malformed"] += 1
            continue
        held["kind"] = data[0]
        held.update({field.name: as_number(data, field) for field in message.FIELDS})
    return held


OFTEN_COMMON = st.sampled_from(["A", "D"]) | st.sampled_from(KINDS)


@given(st.lists(st.tuples(OFTEN_COMMON, st.sampled_from([0, 0, 0, 0, -1, 1])), max_size=20), st.integers(0, 2**32))
def test_a_stream_leaves_the_last_value_of_every_field(kinds: list[tuple[str, int]], seed: int) -> None:
    rng = random.Random(seed)
    messages = [(random_message(rng, kind) + bytes(more > 0))[: more if more < 0 else None] for kind, more in kinds]
    data = framed(*messages)
    expected = by_the_tables(messages)
    # Then nothing, half a length, an end record, or a length alone; what lies behind the end is not looked at.
    for rest in (b"", b"\0", framed(b"", random_message(rng, "A")), b"\0\x13"):
        record = ItchRecord()
        assert record.decode_all(b"D" + data + rest + b"A" * 40, 1, 1 + len(data + rest)) == len(messages)
        assert {name: getattr(record, name) for name in expected} == expected


@given(st.integers(0, 60), st.integers(0, 2**32))
def test_what_follows_a_delete_is_none_of_its_fields(more: int, seed: int) -> None:
    rng = random.Random(seed)
    messages = [random_message(rng, "A"), random_message(rng, "D")]
    record = ItchRecord()
    data = framed(*messages)
    assert record.decode_all(data + b"\0\0" + b"\xff" * more, 0, len(data) + 2 + more) == 2
    expected = by_the_tables(messages)
    assert {name: getattr(record, name) for name in expected} == expected


@pytest.mark.parametrize("kind", ["A", "D"])
def test_a_message_that_goes_beyond_the_end_is_left(kind: str) -> None:
    data = framed(random_message(random.Random(1), kind))
    for end in range(len(data)):
        record = ItchRecord()
        assert record.decode_all(data, 0, end) == 0
        assert (record.kind, record.timestamp, record.malformed) == (0, 0, 0)
    assert ItchRecord().decode_all(data, 0, len(data)) == 1


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
    assert record.decode_all(b"\0\x01?" + data + b"\0\x01?", 0, 6 + len(data)) == count + 2
    assert record.malformed == 2
