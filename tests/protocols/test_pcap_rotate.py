"""A capture in several files: each whole by itself, together everything, limits kept."""

from pathlib import Path

import pytest

from protocols.pcap_index import PacketIndex
from protocols.pcap_rotate import LEAST_BYTES, RotatingWriter, files
from protocols.pcap_write import INBOUND, OUTBOUND

TIME = 1_795_000_000_000_000_000


def frames_of(path: Path) -> list[bytes]:
    with PacketIndex(path) as index:
        assert index.fault is None
        return [index.frame(row) for row in range(len(index))]


def test_files_are_full_before_the_next_begins_and_hold_everything_in_order(tmp_path: Path) -> None:
    sent = [number.to_bytes(2, "big") * 500 for number in range(300)]
    writer = RotatingWriter(tmp_path / "trader.pcapng", "trader", rotate_bytes=LEAST_BYTES)
    for number, frame in enumerate(sent):
        writer.write(OUTBOUND, frame, TIME + number)
    writer.close()
    found = files(tmp_path / "trader.pcapng")
    assert [path.name for path in found] == ["trader.pcapng", *(f"trader.{n}.pcapng" for n in range(1, writer.files))]
    assert writer.files == len(found) > 4
    assert [frame for path in found for frame in frames_of(path)] == sent
    sizes = [path.stat().st_size for path in found]
    assert max(sizes) <= LEAST_BYTES
    assert min(sizes[:-1]) > LEAST_BYTES - 1100


def test_time_fills_a_file_too(tmp_path: Path) -> None:
    writer = RotatingWriter(tmp_path / "a.pcapng", "a", rotate_ns=100)
    for time in (0, 60, 99, 100, 150, 350, 351):
        writer.write(INBOUND, str(time).encode(), TIME + time)
    writer.close()
    assert [frames_of(path) for path in files(tmp_path / "a.pcapng")] == [
        [b"0", b"60", b"99"],
        [b"100", b"150"],
        [b"350", b"351"],
    ]


def test_a_frame_larger_than_a_file_has_one_of_its_own(tmp_path: Path) -> None:
    writer = RotatingWriter(tmp_path / "a.pcapng", "a", rotate_bytes=LEAST_BYTES)
    for frame in (b"small", bytes(2 * LEAST_BYTES), b"small"):
        writer.write(INBOUND, frame, TIME)
    writer.close()
    assert [len(frames_of(path)) for path in files(tmp_path / "a.pcapng")] == [1, 1, 1]


def test_files_of_an_earlier_capture_do_not_stay(tmp_path: Path) -> None:
    for name in ("a.pcapng", "a.1.pcapng", "a.12.pcapng", "b.1.pcapng", "a.01.pcapng", "a.x.pcapng"):
        (tmp_path / name).write_bytes(b"old")
    assert [path.name for path in files(tmp_path / "a.pcapng")] == ["a.pcapng", "a.1.pcapng", "a.12.pcapng"]
    RotatingWriter(tmp_path / "a.pcapng", "a").close()
    assert files(tmp_path / "a.pcapng") == [tmp_path / "a.pcapng"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.01.pcapng", "a.pcapng", "a.x.pcapng", "b.1.pcapng"]
    assert files(tmp_path / "no" / "a.pcapng") == []


def test_limits_that_are_too_low_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="rotate at 100 bytes, 0 ns: at least 65536 bytes"):
        RotatingWriter(tmp_path / "a.pcapng", "a", rotate_bytes=100)
    with pytest.raises(ValueError, match="-1 ns"):
        RotatingWriter(tmp_path / "a.pcapng", "a", rotate_ns=-1)
    assert list(tmp_path.iterdir()) == []


def test_where_the_next_file_cannot_be_had_frames_are_refused_until_it_can(tmp_path: Path) -> None:
    writer = RotatingWriter(tmp_path / "a.pcapng", "a", rotate_ns=100)
    writer.write(INBOUND, b"one", TIME)
    (tmp_path / "a.1.pcapng").mkdir()
    for _ in range(2):
        with pytest.raises(IsADirectoryError):
            writer.write(INBOUND, b"refused", TIME + 100)
    assert files(tmp_path / "a.pcapng") == [tmp_path / "a.pcapng"]
    (tmp_path / "a.1.pcapng").rmdir()
    writer.write(INBOUND, b"two", TIME + 200)
    writer.close()
    assert [frames_of(path) for path in files(tmp_path / "a.pcapng")] == [[b"one"], [b"two"]]
