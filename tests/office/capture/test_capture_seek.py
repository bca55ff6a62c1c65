"""The index beside a capture finds what a search finds, and is not believed when it is not of this capture."""

import json
import random
import struct
import zlib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from office.capture import sidecar
from office.capture.seek import Wanted, seek
from office.capture.sidecar import SidecarError
from office.capture.source import Capture, CaptureError
from protocols.pcap_index import PacketIndex
from protocols.pcap_rotate import LEAST_BYTES, RotatingWriter
from protocols.pcap_write import OUTBOUND
from tests.office.feed_frames import TIME, A, B, packet, udp, write
from tests.protocols.test_pcap_scan import enhanced, interface, section


def indexed(path: Path) -> Path:
    with Capture(path) as capture:
        for part, packets in zip(capture.parts, capture.feed(), strict=True):
            sidecar.write(sidecar.build(part, packets, capture.lines), sidecar.path_of(part.path))
    return path


@pytest.fixture(scope="module")
def feed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two lines with losses, repeats and disorder, and a clock that was set back, in several files."""
    chance = random.Random(5)
    path = tmp_path_factory.mktemp("feed") / "trader.pcapng"
    writer = RotatingWriter(path, "trader", rotate_ns=200_000)
    packets = [(line, 1 + 3 * number) for number in range(300) for line in (A, B)]
    packets = [each for each in packets if chance.random() > 0.1]
    for at in range(0, len(packets) - 9, 9):
        part = packets[at : at + 9]
        chance.shuffle(part)
        packets[at : at + 9] = part
    for number, (line, first) in enumerate(packets):
        back = 30_000 if number > 350 else 0
        writer.write(OUTBOUND, udp(packet(first, b"a" * 30, b"b", b"c"), line), TIME + number * 1000 - back)
    writer.close()
    assert writer.files > 2
    return indexed(path)


@settings(max_examples=30, deadline=None)
@given(st.integers(-5, 620), st.sampled_from([1, 3, 200]))
def test_it_finds_what_a_search_finds(feed: Path, number: int, count: int) -> None:
    for wanted in (
        Wanted(time=TIME + number * 1000 + 1, count=count),
        Wanted(packet=max(0, number), count=count),
        Wanted(sequence=max(0, number * 2), count=1 << 30),
        Wanted(sequence=max(0, number * 2), session="OTHER", count=1 << 30),
    ):
        assert seek(feed, wanted) == seek(feed, wanted, use_index=False)


def test_a_message_is_in_the_packets_that_are_found(feed: Path) -> None:
    found = seek(feed, Wanted(sequence=500, count=9))
    assert 1 <= len(found) <= 2
    assert all(one.frame[42:52] == b"TODAY     " for one in found)
    firsts = [int.from_bytes(one.frame[52:60], "big") for one in found]
    assert all(first <= 500 < first + 3 for first in firsts)


def test_only_a_few_packets_are_looked_at(feed: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from office.capture import seek as module

    looked: list[int] = []

    class Counted(PacketIndex):
        def __init__(self, path: Path, window: tuple[int, int, int] | None = None) -> None:
            super().__init__(path, window)
            looked.append(len(self))

    monkeypatch.setattr(module, "PacketIndex", Counted)
    seek(feed, Wanted(packet=150))
    assert 0 < sum(looked) <= 2 * sidecar.STRIDE


def test_what_was_added_behind_the_index_is_found_too(tmp_path: Path) -> None:
    frames = [udp(packet(1 + number, b"message"), A) for number in range(500)]
    path = indexed(write(tmp_path / "a.pcapng", frames[:300]))
    write(path, frames)
    found = seek(path, Wanted(sequence=480, count=5))
    assert [one.number for one in found] == [479]
    assert seek(path, Wanted(packet=499))[0].frame == frames[499]


@pytest.mark.parametrize("damage", ["magic", "byte", "short"])
def test_a_damaged_index_is_refused_with_the_remedy(tmp_path: Path, damage: str) -> None:
    path = indexed(write(tmp_path / "a.pcapng", [udp(packet(n + 1, b"m")) for n in range(100)]))
    place = sidecar.path_of(path)
    data = bytearray(place.read_bytes())
    if damage == "magic":
        data[0] ^= 1
    elif damage == "byte":
        data[len(data) // 2] ^= 1
    else:
        del data[-8:]
    place.write_bytes(data)
    with pytest.raises(CaptureError, match="make it anew with `hftos capture index`"):
        seek(path, Wanted(packet=1))
    assert seek(path, Wanted(packet=1), use_index=False)


@pytest.mark.parametrize(
    "change",
    [
        {"rows": [1, 1]},
        {"rows": "x"},
        {"lines": [[1]]},
        {"more": 1},
        {"rows": [0, 5]},
        {"covered": "all"},
        {"covered": -1},
        {"head": 1.5},
    ],
)
def test_an_index_that_was_made_up_is_refused_too(tmp_path: Path, change: dict[str, object]) -> None:
    path = indexed(write(tmp_path / "a.pcapng", [udp(packet(n + 1, b"m")) for n in range(100)]))
    place = sidecar.path_of(path)
    data = place.read_bytes()
    _, length, _ = struct.unpack_from("<8sII", data)
    head = json.dumps(json.loads(data[16 : 16 + length]) | change).encode()
    body = head + data[16 + length :]
    place.write_bytes(struct.pack("<8sII", sidecar.MAGIC, len(head), zlib.crc32(body)) + body)
    with pytest.raises(SidecarError, match=r"is damaged: .*; make it anew"):
        sidecar.load(path)


def test_an_index_of_another_capture_is_refused(tmp_path: Path) -> None:
    path = indexed(write(tmp_path / "a.pcapng", [udp(packet(n + 1, b"m")) for n in range(100)]))
    write(path, [udp(packet(n + 1, b"n")) for n in range(100)])
    with pytest.raises(SidecarError, match="is of another capture"):
        sidecar.load(path)
    write(path, [udp(packet(1, b"m"))])
    with pytest.raises(CaptureError, match="is of another capture"):
        seek(path, Wanted(packet=0))


def test_behind_the_first_packet_of_a_moment_all_are_found_whatever_their_clock(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    writer = RotatingWriter(path, "trader", rotate_bytes=LEAST_BYTES)
    for number in range(900):
        # The clock is set back a second before the end of the window that a search through the index begins with.
        writer.write(OUTBOUND, udp(packet(number + 1, b"m" * 50)), TIME + number - (10**9 if number > 100 else 0))
    writer.close()
    assert writer.files > 1
    wanted = Wanted(time=TIME + 10, count=10_000)
    for found in (seek(path, wanted, use_index=False), seek(indexed(path), wanted)):
        assert [one.number for one in found] == list(range(10, 900))


def test_interfaces_between_packets_cannot_be_indexed(tmp_path: Path) -> None:
    data = section("<") + interface("<") + enhanced("<", 1) + interface("<") + enhanced("<", 2, index=1)
    (tmp_path / "a.pcapng").write_bytes(data)
    with pytest.raises(SidecarError, match="describes interfaces between its packets"):
        indexed(tmp_path / "a.pcapng")
    assert [one.time for one in seek(tmp_path / "a.pcapng", Wanted(packet=0, count=5))] == [1000, 2000]
