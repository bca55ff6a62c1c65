"""Packet captures: every variant of the formats, and files that are none."""

import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import pcap_read
from protocols.errors import LengthError, ProtocolError, TruncatedError, UnknownTypeError
from protocols.pcap_read import CapturedFrame

FRAME = bytes(range(61))  # an odd length, so that pcapng pads
TIME = 1_692_711_000_123_456_789


def pcap(order: str, *, nano: bool, frames: int = 2, link_type: int = 1) -> bytes:
    magic = 0xA1B23C4D if nano else 0xA1B2C3D4
    fraction = TIME % 1_000_000_000 if nano else TIME % 1_000_000_000 // 1000
    header = struct.pack(order + "IHHiIII", magic, 2, 4, 0, 0, 65_535, link_type)
    record = struct.pack(order + "IIII", TIME // 1_000_000_000, fraction, len(FRAME), len(FRAME)) + FRAME
    return header + record * frames


def block(order: str, kind: int, body: bytes) -> bytes:
    length = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + length + body + length


def section(order: str) -> bytes:
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order: str, options: bytes = b"", link_type: int = 1, snap: int = 0) -> bytes:
    return block(order, 1, struct.pack(order + "HHI", link_type, 0, snap) + options)


def option(order: str, code: int, value: bytes) -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def enhanced(order: str, ticks: int, index: int = 0) -> bytes:
    head = struct.pack(order + "IIIII", index, ticks >> 32, ticks & 0xFFFFFFFF, len(FRAME), len(FRAME))
    return block(order, 6, head + FRAME + bytes(-len(FRAME) % 4))


def read(data: bytes) -> list[CapturedFrame]:
    return list(pcap_read.read(io.BytesIO(data)))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("nano", "time"), [(True, TIME), (False, TIME // 1000 * 1000)])
def test_classic_pcap(order: str, nano: bool, time: int) -> None:
    assert read(pcap(order, nano=nano)) == [CapturedFrame(time, 1, FRAME)] * 2
    assert read(pcap(order, nano=nano, frames=0)) == []
    assert read(pcap(order, nano=nano, link_type=101))[0].link_type == 101


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(
    ("resolution", "ticks", "time"),
    [
        (None, TIME // 1000, TIME // 1000 * 1000),
        (9, TIME, TIME),
        (6, TIME // 1000, TIME // 1000 * 1000),
        (0x80 | 20, 5 << 20, 5_000_000_000),
    ],
)
def test_pcapng_time_resolutions(order: str, resolution: int | None, ticks: int, time: int) -> None:
    options = b"" if resolution is None else option(order, 9, bytes((resolution,))) + option(order, 0, b"")
    data = section(order) + interface(order, options) + enhanced(order, ticks)
    assert read(data) == [CapturedFrame(time, 1, FRAME)]


def test_pcapng_offset_several_interfaces_sections_and_unknown_blocks() -> None:
    moved = option("<", 14, struct.pack("<q", 100)) + option("<", 9, b"\x09")
    data = section("<") + interface("<") + interface("<", moved, link_type=101) + block("<", 0xBAD, b"1234")
    data += enhanced("<", 7, index=1) + section(">") + interface(">") + enhanced(">", 1)
    assert read(data) == [CapturedFrame(100_000_000_007, 101, FRAME), CapturedFrame(1000, 1, FRAME)]


def test_simple_packet_blocks_have_no_time() -> None:
    body = struct.pack("<I", 100) + FRAME[:40]
    assert read(section("<") + interface("<", snap=40) + block("<", 3, body)) == [CapturedFrame(0, 1, FRAME[:40])]


@pytest.mark.parametrize("piece", [1, 7, 30, 4096])
def test_a_file_that_comes_in_pieces_and_a_block_larger_than_all_of_them(piece: int) -> None:
    class Slow(io.BytesIO):
        def readinto(self, room: Any, /) -> int:
            return super().readinto(memoryview(room)[:piece])

    large = bytes(range(256)) * (6 * piece if piece > 4000 else 40)
    head = struct.pack("<IIIII", 0, 0, 9, len(large), len(large))
    data = section("<") + interface("<") + enhanced("<", 7) + block("<", 6, head + large) + enhanced("<", 8)
    found = [(each.time, each.frame) for each in pcap_read.read(Slow(data))]
    assert found == [(7000, FRAME), (9000, large), (8000, FRAME)]


def test_frames_stay_as_they_were_when_more_is_read() -> None:
    data = section("<") + interface("<") + b"".join(enhanced("<", number) for number in range(60_000))
    assert [each.time for each in read(data)] == [1000 * number for number in range(60_000)]
    assert {each.frame for each in read(data)} == {FRAME}


def test_what_is_no_capture() -> None:
    assert pcap_read.is_capture(pcap("<", nano=True)[:4])
    assert pcap_read.is_capture(section(">")[:4])
    assert not pcap_read.is_capture(b"\0\x24A")
    with pytest.raises(UnknownTypeError) as caught:
        read(b"\0\x24A....")
    assert caught.value.offset == 0


@pytest.mark.parametrize("data", [pcap("<", nano=True), section("<") + interface("<") + enhanced("<", 1)])
def test_every_truncation_gives_whole_frames_or_a_truncated_error(data: bytes) -> None:
    whole = 0
    for size in range(len(data)):
        try:
            whole += len(read(data[:size])) <= 2
        except TruncatedError as error:
            assert error.offset == size
    assert whole > 0


@pytest.mark.parametrize(
    ("data", "error"),
    [
        (pcap("<", nano=True, frames=0) + struct.pack("<IIII", 0, 0, 1 << 25, 0), LengthError),
        (section("<") + struct.pack("<II", 1, 13), LengthError),
        (section("<") + struct.pack("<II", 1, 8), LengthError),
        (section("<") + struct.pack("<III", 1, 12, 16), LengthError),
        (section("<")[:8] + bytes(20), ProtocolError),
        (section("<") + enhanced("<", 1), ProtocolError),
        (section("<") + interface("<") + block("<", 6, struct.pack("<IIIII", 0, 0, 0, 99, 99)), ProtocolError),
        (section("<") + interface("<") + block("<", 3, struct.pack("<I", 99)), ProtocolError),
        (section("<") + block("<", 1, b"1234"), ProtocolError),
        (section("<") + interface("<", option("<", 14, b"123")), ProtocolError),
    ],
)
def test_malformed_captures(data: bytes, error: type[ProtocolError]) -> None:
    with pytest.raises(error):
        read(data)


@given(
    st.sampled_from([pcap("<", nano=True)[:24], section("<"), section(">") + interface(">")]), st.binary(max_size=80)
)
def test_random_bytes_give_frames_from_them_or_a_protocol_error_within_them(head: bytes, rest: bytes) -> None:
    data = head + rest
    frames: list[CapturedFrame] = []
    try:
        for frame in pcap_read.read(io.BytesIO(data)):
            frames.append(frame)  # noqa: PERF402  (those before a fault count)
    except ProtocolError as error:
        assert error.offset is not None
        assert 0 <= error.offset <= len(data)
    assert all(frame.frame in rest for frame in frames)
    assert sum(len(frame.frame) for frame in frames) <= len(rest)
