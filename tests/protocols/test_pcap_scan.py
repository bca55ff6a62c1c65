"""The scanner behind all readers: what it says of each packet, in one piece or in many, interpreted and compiled."""

import hashlib
import os
import random
import struct
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols.errors import ProtocolError, RangeError
from protocols.pcap_scan import Scanner

ROOT = Path(__file__).resolve().parents[2]
COLUMNS = ("times", "starts", "lengths", "originals", "links", "directions", "block_starts", "block_ends")
FRAME = b"\x01\x00\x5e\x14\x00\x01" + bytes(55)


def block(order: str, kind: int, body: bytes) -> bytes:
    total = struct.pack(order + "I", 12 + len(body))
    return struct.pack(order + "I", kind) + total + body + total


def option(order: str, code: int, value: bytes) -> bytes:
    return struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)


def section(order: str) -> bytes:
    return block(order, 0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1))


def interface(order: str, *options: bytes, link: int = 1, snap: int = 0) -> bytes:
    return block(order, 1, struct.pack(order + "HHI", link, 0, snap) + b"".join(options))


def enhanced(
    order: str, ticks: int, frame: bytes = FRAME, *, index: int = 0, original: int = 0, tail: bytes = b""
) -> bytes:
    head = struct.pack(order + "5I", index, ticks >> 32, ticks & 0xFFFFFFFF, len(frame), original or len(frame))
    return block(order, 6, head + frame + bytes(-len(frame) % 4) + tail)


def flags(order: str, value: int) -> bytes:
    return option(order, 2, struct.pack(order + "I", value)) + option(order, 0, b"")


def rows(data: bytes, piece: int | None = None, room: int = 64) -> list[tuple[int, ...]]:
    """All packets, offsets in the file; `piece`: bytes that become known at a time."""
    return list(walk(data, piece, room))


def walk(data: bytes, piece: int | None, room: int) -> Iterator[tuple[int, ...]]:
    scanner = Scanner(room)
    base = at = 0
    end = len(data) if piece is None else piece
    while True:
        window = data[base:end]
        count = scanner.scan(window, at, base)
        for i in range(count):
            row = [getattr(scanner, name)[i] for name in COLUMNS]
            yield tuple(
                value + base if name in ("starts", "block_starts", "block_ends") else value
                for name, value in zip(COLUMNS, row, strict=True)
            )
        at = scanner.at
        if scanner.error is not None:
            raise scanner.error
        if count == 0:
            if end >= len(data):
                if base + at < len(data):
                    raise scanner.truncated(len(data))
                return
            base, at, end = base + at, 0, end + (piece or 0)


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_column_of_an_enhanced_packet(order: str) -> None:
    start = section(order) + interface(order, option(order, 9, b"\x09"), link=101)
    packet = enhanced(order, 1_700_000_000_000_000_123, original=1500, tail=flags(order, 2))
    at = len(start)
    expected = (1_700_000_000_000_000_123, at + 28, 61, 1500, 101, 2, at, at + len(packet))
    assert rows(start + packet) == [expected]


@pytest.mark.parametrize("order", ["<", ">"])
def test_every_column_of_a_pcap_record(order: str) -> None:
    header = struct.pack(order + "IHHiIII", 0xA1B23C4D, 2, 4, 0, 0, 65_535, 0x10000065)
    record = struct.pack(order + "4I", 1_700_000_000, 123_456_789, 61, 90) + FRAME
    assert rows(header + record * 2)[1] == (1_700_000_000_123_456_789, 117, 61, 90, 101, 0, 101, 178)


def test_directions_stand_among_other_options() -> None:
    comment, wrong = option("<", 1, b"seen"), option("<", 2, b"12")
    start = section("<") + interface("<")
    for tail, direction in (
        (comment + flags("<", 1), 1),
        (wrong + flags("<", 2), 2),
        (comment, 0),
        (flags("<", 0xF2), 2),
    ):
        assert rows(start + enhanced("<", 5, tail=tail))[0][5] == direction


def test_blocks_of_other_kinds_are_passed_over() -> None:
    names = block("<", 4, option("<", 1, b"\x7f\0\0\1localhost\0"))
    statistics = block("<", 5, struct.pack("<III", 0, 0, 0))
    custom = block("<", 0x80000BAD, b"whatever it is!!")
    data = section("<") + names + interface("<") + statistics + enhanced("<", 1) + custom + enhanced("<", 2) + names
    assert [row[0] for row in rows(data)] == [1000, 2000]


def test_a_new_section_forgets_the_interfaces_and_may_turn_the_bytes_round() -> None:
    data = section("<") + interface("<", link=101) + enhanced("<", 1) + section(">") + interface(">") + enhanced(">", 2)
    assert [(row[0], row[4]) for row in rows(data)] == [(1000, 101), (2000, 1)]
    with pytest.raises(ProtocolError, match="block type 6 is malformed"):
        rows(section("<") + interface("<") + section("<") + enhanced("<", 1))


def test_more_interfaces_than_there_was_room_for() -> None:
    described = b"".join(interface("<", link=number) for number in range(40))
    data = section("<") + described + b"".join(enhanced("<", 1, index=number) for number in range(40))
    assert [row[4] for row in rows(data)] == list(range(40))


@pytest.mark.parametrize(
    ("resolution", "offset", "ticks", "time"),
    [
        (9, 0, 1_795_000_000_000_000_000, 1_795_000_000_000_000_000),
        (9, 3600, 7, 3_600_000_000_007),
        (6, -1, 2_000_000, 1_000_000_000),
        (12, 0, 5_999, 5),  # finer than a nanosecond: rounded down
        (0x80 | 32, 0, 1 << 33, 2_000_000_000),
        (0, 0, 1_700_000_000, 1_700_000_000_000_000_000),
        (9, 0, (1 << 63) - 1, (1 << 63) - 1),
        (127, 0, 0, 0),
    ],
)
def test_time_resolutions_and_offsets(resolution: int, offset: int, ticks: int, time: int) -> None:
    described = interface("<", option("<", 9, bytes([resolution])), option("<", 14, struct.pack("<q", offset)))
    assert rows(section("<") + described + enhanced("<", ticks))[0][0] == time


@pytest.mark.parametrize(("resolution", "ticks"), [(9, 1 << 63), (0, 1 << 40), (6, (1 << 64) - 1)])
def test_times_that_64_bits_do_not_hold_are_a_fault_with_its_place(resolution: int, ticks: int) -> None:
    start = section("<") + interface("<", option("<", 9, bytes([resolution]))) + enhanced("<", 1)
    with pytest.raises(RangeError, match="outside the years 1677 to 2262") as caught:
        rows(start + enhanced("<", ticks))
    assert caught.value.offset == len(start)


def corpus(seed: int) -> bytes:
    """A capture of one of the kinds, perhaps with damage."""
    chance = random.Random(seed)
    order = chance.choice("<>")
    frames = [chance.randbytes(chance.choice((0, 1, 14, 60, 61, 62, 63, 300))) for _ in range(20)]
    if seed % 3 == 0:
        data = struct.pack(order + "IHHiIII", chance.choice((0xA1B2C3D4, 0xA1B23C4D)), 2, 4, 0, 0, 65_535, 1)
        data += b"".join(struct.pack(order + "4I", n, n * 7, len(f), len(f)) + f for n, f in enumerate(frames))
    else:
        data = section(order) + interface(order, option(order, 9, bytes([chance.choice((6, 9, 3))])))
        for number, frame in enumerate(frames):
            data += enhanced(order, number << chance.randrange(50), frame, tail=flags(order, chance.randrange(3)))
            if chance.random() < 0.2:
                data += block(order, 3, struct.pack(order + "I", len(frame)) + frame + bytes(-len(frame) % 4))
            if chance.random() < 0.2:
                data += block(order, chance.randrange(7, 99), chance.randbytes(8))
    if seed % 4 == 1:
        data = data[: chance.randrange(len(data))]
    elif seed % 4 == 2:
        damaged = bytearray(data)
        damaged[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        data = bytes(damaged)
    return data


def verdict(data: bytes, piece: int | None) -> str:
    found: list[tuple[int, ...]] = []
    try:
        for row in walk(data, piece, 3):
            found.append(row)  # noqa: PERF402  (those before a fault count)
    except ProtocolError as error:
        return f"{found} {type(error).__name__} {error.offset} {error}"
    return f"{found} whole"


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 200))
def test_pieces_of_any_size_give_the_same(seed: int, piece: int) -> None:
    data = corpus(seed)
    assert verdict(data, piece) == verdict(data, None)


PROGRAM = """
import sys
from hftos.compiling import finder
finder.install()
from protocols import pcap_scan
from tests.protocols import test_pcap_scan
assert finder.kind("protocols.pcap_scan") == "Cython"
print(test_pcap_scan.summary())
"""


def summary() -> str:
    """Everything that the scanner says about 300 captures, as one number."""
    return hashlib.sha256("\n".join(verdict(corpus(seed), None) for seed in range(300)).encode()).hexdigest()


def test_compiled_it_says_the_same() -> None:
    environment = {name: value for name, value in os.environ.items() if name != "HFTOS_INTERPRETED"}
    command = [sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split()[-1] == summary()


def test_room_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="room for 0 packets"):
        Scanner(0)
    with pytest.raises(ValueError, match="index -1"):
        Scanner(1).scan(b"", -1, 0)
    assert Scanner(1).scan(b"abc", 9, 0) == 0
