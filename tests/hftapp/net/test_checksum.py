import struct

from hypothesis import given
from hypothesis import strategies as st

from hftapp.net.checksum import checksum, ones_sum, pseudo_header_sum, put_checksum, raw_sum, sum20, word_sum


def by_the_rfc(data: bytes) -> int:
    """RFC 1071 §4.1, word by word with end-around carry."""
    data += b"\0" * (len(data) % 2)
    total: int = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def test_the_rfcs_example() -> None:
    assert word_sum(bytes.fromhex("0001f203f4f5f6f7")) == 0xDDF2


@given(st.binary(min_size=1, max_size=200).filter(any))
def test_agrees_with_the_word_by_word_form(data: bytes) -> None:
    assert checksum(word_sum(data)) == by_the_rfc(data)


@given(st.binary(min_size=2, max_size=200))
def test_data_with_its_checksum_sums_to_zero(data: bytes) -> None:
    even = data + b"\0" * (len(data) % 2)
    assert word_sum(even + checksum(word_sum(even)).to_bytes(2, "big")) == 0


def test_pseudo_header() -> None:
    source, destination = 0x0A14000A, 0xEF140001
    raw = struct.pack("!IIBBH", source, destination, 0, 17, 0)
    assert pseudo_header_sum(source, destination, 17) == word_sum(raw)


@given(st.binary(min_size=30, max_size=200), st.integers(0, 10), st.data())
def test_sums_in_the_middle_of_memory(data: bytes, at: int, draw: st.DataObject) -> None:
    length = draw.draw(st.integers(0, len(data) - at))
    assert ones_sum(data, at, length) == word_sum(data[at : at + length])
    assert sum20(data, at) == word_sum(data[at : at + 20])


@given(st.binary(min_size=30, max_size=200).filter(any), st.integers(0, 0xFFFE))
def test_the_checksum_of_a_raw_sum_is_the_same(data: bytes, constant: int) -> None:
    """Summed as little-endian words and written so: the bytes are those of the big-endian form (RFC 1071 §2 B)."""
    room = bytearray(b"\xee" * 6)
    swapped = constant >> 8 | (constant & 0xFF) << 8
    put_checksum(room, 2, raw_sum(data, 0, len(data), swapped))
    assert room == b"\xee\xee" + checksum(word_sum(data) + constant).to_bytes(2, "big") + b"\xee\xee"
