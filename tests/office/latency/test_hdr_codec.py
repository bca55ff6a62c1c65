"""The compressed V2 encoding: by its definition byte for byte, both ways with another implementation, hostile bytes."""

import base64
import struct
import zlib

import pytest
from hdrh.histogram import HdrHistogram
from hypothesis import given, settings
from hypothesis import strategies as st

from office.latency import codec
from office.latency.buckets import buckets
from office.latency.histogram import Histogram

LAYOUT = buckets(1, 3_600_000_000, 3)
values = st.lists(st.integers(0, 3_600_000_000), max_size=50)

# Counts 2, 0, 1, then 297 zeros, then 300: ZigZag 4, 0, 2, -297 -> 593, 600; LEB128 little end first.
PAYLOAD = bytes((4, 0, 2, 0xD1, 0x04, 0xD8, 0x04))
HEAD = struct.pack(">IIIIQQd", 0x1C849313, len(PAYLOAD), 0, 3, 1, 3_600_000_000, 1.0)


def packed(inner: bytes, cookie: int = 0x1C849314) -> bytes:
    body = zlib.compress(inner)
    return struct.pack(">II", cookie, len(body)) + body


def vector() -> Histogram:
    made = Histogram(LAYOUT)
    made.record(0, 2)
    made.record(2)
    made.record(300, 300)
    return made


def test_a_histogram_is_encoded_byte_for_byte_as_defined() -> None:
    data = codec.encode(vector())
    assert data[:4] == bytes.fromhex("1c849314")
    assert int.from_bytes(data[4:8], "big") == len(data) - 8
    assert zlib.decompress(data[8:]) == HEAD + PAYLOAD


def test_the_definition_is_decoded() -> None:
    found = codec.decode(packed(HEAD + PAYLOAD))
    assert found.counts.tolist() == vector().counts.tolist()
    assert (found.layout, found.least, found.greatest) == (LAYOUT, 0, 300)


@settings(deadline=None)
@given(values)
def test_another_implementation_reads_what_we_write(given_values: list[int]) -> None:
    made = Histogram.of(given_values, LAYOUT)
    other = HdrHistogram.decode(codec.encode_text(made).encode())
    assert list(other.counts) == made.counts.tolist()
    assert other.get_total_count() == len(given_values)


@settings(deadline=None)
@given(values)
def test_we_read_what_another_implementation_writes(given_values: list[int]) -> None:
    other = HdrHistogram(1, 3_600_000_000, 3)
    for value in given_values:
        other.record_value(value)
    found = codec.decode_text(other.encode().decode())
    assert found.counts.tolist() == list(other.counts)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3_600_000_000), st.integers(1, 1 << 55)), max_size=20))
def test_a_histogram_comes_back_as_it_was(pairs: list[tuple[int, int]]) -> None:
    made = Histogram(LAYOUT)
    for value, count in pairs:
        made.record(value, count)
    found = codec.decode_text(codec.encode_text(made))
    assert (found.counts == made.counts).all()


def test_the_largest_count_takes_nine_bytes() -> None:
    made = Histogram(LAYOUT)
    made.record(7, codec.MOST_VALUES)
    assert codec.decode(codec.encode(made)).total == codec.MOST_VALUES


def header(**changes: int) -> bytes:
    fields = {"cookie": 0x1C849313, "length": len(PAYLOAD), "offset": 0, "digits": 3, "low": 1, "high": 3_600_000_000}
    return struct.pack(">IIIIQQd", *(fields | changes).values(), 1.0)


@pytest.mark.parametrize(
    ("data", "text"),
    [
        (b"", "at least 8 bytes, not 0"),
        (packed(HEAD + PAYLOAD)[:-1], "after its head, which says"),
        (packed(HEAD + PAYLOAD, 0x1C849308), "starts with 0x1c849308"),
        (struct.pack(">II", 0x1C849314, 5) + b"hello", "zlib stream is damaged"),
        (packed(HEAD[:20]), "a histogram's header has 40 bytes, not 20"),
        (packed(header(cookie=0x1C849301) + PAYLOAD), "no V2 histogram starts with 0x1c849301"),
        (packed(header(offset=3) + PAYLOAD), "normalizing index offset 3"),
        (packed(header(digits=9) + PAYLOAD), "1 to 5 significant digits, not 9"),
        (packed(header(high=1) + PAYLOAD), "twice its lowest"),
        (packed(header(length=99) + PAYLOAD), "says 99 bytes of counts, there are 7"),
        (packed(header(length=3) + PAYLOAD), "says 3 bytes of counts, there are 4"),
        (packed(header(length=1 << 30) + PAYLOAD), "take at most"),
        (packed(header(length=1) + b"\x80"), "cut off"),
        (packed(header(length=9) + b"\xff" * 9), "has more counts than its layout"),
        (packed(header(length=18) + (b"\xfe" + b"\xff" * 8) * 2), "values, at most"),
    ],
)
def test_what_is_no_histogram_is_refused_with_its_fault(data: bytes, text: str) -> None:
    with pytest.raises(codec.CodecError, match=text):
        codec.decode(data)


def test_a_stream_that_blows_up_is_not_inflated() -> None:
    bomb = packed(header(length=20) + bytes(1 << 26))
    assert len(bomb) < 1 << 17
    with pytest.raises(codec.CodecError, match="says 20 bytes"):
        codec.decode(bomb)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_hostile_bytes_end_in_a_codec_error(data: bytes) -> None:
    for candidate in (data, packed(HEAD + data), packed(header(length=len(data)) + data)):
        try:
            codec.decode(candidate)
        except codec.CodecError:
            continue


@pytest.mark.parametrize("text", ["", "HIST", "HISTé", "no base64!", base64.b64encode(b"12345678").decode()])
def test_hostile_text_ends_in_a_codec_error(text: str) -> None:
    with pytest.raises(codec.CodecError):
        codec.decode_text(text)
