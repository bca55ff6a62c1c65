"""A capture as columns says what the stream of frames says; torn ends and damage are told, and lose nothing before."""

import io
import struct
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import pcap_read
from protocols.errors import LengthError, ProtocolError, TruncatedError, UnknownTypeError
from protocols.pcap_index import PacketIndex
from protocols.pcap_write import INBOUND, PcapngWriter
from tests.protocols.test_pcap_scan import corpus

TIME = 1_795_000_000_000_000_000


def capture(path: Path, count: int = 10) -> list[bytes]:
    frames = [bytes([number]) * (60 + number) for number in range(count)]
    with PcapngWriter(path, "trader") as writer:
        for number, frame in enumerate(frames):
            writer.write(INBOUND, frame, TIME + number * 1000)
    return frames


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10_000))
def test_it_says_what_the_stream_of_frames_says(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    data = corpus(seed)
    path = tmp_path_factory.mktemp("capture") / "any"
    path.write_bytes(data)
    frames: list[pcap_read.CapturedFrame] = []
    fault: ProtocolError | None = None
    try:
        for frame in pcap_read.read(io.BytesIO(data)):
            frames.append(frame)  # noqa: PERF402  (those before a fault count)
    except ProtocolError as error:
        fault = error
    try:
        with PacketIndex(path) as index:
            rows = zip(index.columns.times.tolist(), index.columns.links.tolist(), strict=True)
            assert [(*row, index.frame(n)) for n, row in enumerate(rows)] == frames
            assert (type(index.fault), str(index.fault)) == (type(fault), str(fault))
    except ProtocolError as error:
        assert not frames
        assert (type(error), str(error)) == (type(fault), str(fault))


def test_frames_lie_where_the_columns_say(tmp_path: Path) -> None:
    frames = capture(tmp_path / "a.pcapng")
    data = (tmp_path / "a.pcapng").read_bytes()
    with PacketIndex(tmp_path / "a.pcapng") as index:
        columns = index.columns
        for row, frame in enumerate(frames):
            start, length = columns.starts[row], columns.lengths[row]
            assert data[start : start + length] == frame == index.data[start : start + length].tobytes()
        assert columns.block_starts[1:].tolist() == columns.block_ends[:-1].tolist()
        assert (index.head, int(columns.block_ends[-1]), index.stop) == (columns.block_starts[0], len(data), len(data))
        assert columns.at(slice(2, 4)).times.tolist() == [TIME + 2000, TIME + 3000]


def test_a_torn_end_is_told_and_loses_nothing_before_it(tmp_path: Path) -> None:
    capture(tmp_path / "a.pcapng")
    data = (tmp_path / "a.pcapng").read_bytes()
    with PacketIndex(tmp_path / "a.pcapng") as whole:
        ends = whole.columns.block_ends.tolist()
    for size in range(ends[7], len(data)):
        (tmp_path / "torn").write_bytes(data[:size])
        with PacketIndex(tmp_path / "torn") as index:
            assert len(index) == sum(end <= size for end in ends)
            assert index.stop == max(end for end in ends if end <= size)
            if size in ends:
                assert index.fault is None
            else:
                assert isinstance(index.fault, TruncatedError)
                assert index.fault.offset == size


def test_damage_is_told_and_loses_nothing_before_it(tmp_path: Path) -> None:
    capture(tmp_path / "a.pcapng")
    data = bytearray((tmp_path / "a.pcapng").read_bytes())
    with PacketIndex(tmp_path / "a.pcapng") as whole:
        at = int(whole.columns.block_starts[5])
    struct.pack_into("<I", data, at + 4, 3)
    (tmp_path / "damaged").write_bytes(data)
    with PacketIndex(tmp_path / "damaged") as index:
        assert len(index) == 5
        assert isinstance(index.fault, LengthError)
        assert index.fault.offset == at + 4


@pytest.mark.parametrize(
    ("data", "error"), [(b"", TruncatedError), (b"\n\r\r", TruncatedError), (b"no capture", UnknownTypeError)]
)
def test_what_is_no_capture_is_refused(tmp_path: Path, data: bytes, error: type[ProtocolError]) -> None:
    (tmp_path / "a").write_bytes(data)
    with pytest.raises(error):
        PacketIndex(tmp_path / "a")
    with pytest.raises(FileNotFoundError):
        PacketIndex(tmp_path / "nowhere")


def test_a_capture_without_packets(tmp_path: Path) -> None:
    capture(tmp_path / "a.pcapng", 0)
    with PacketIndex(tmp_path / "a.pcapng") as index:
        assert (len(index), index.fault, index.row_at(0)) == (0, None, 0)


def test_a_window_has_the_same_packets(tmp_path: Path) -> None:
    frames = capture(tmp_path / "a.pcapng", 40)
    with PacketIndex(tmp_path / "a.pcapng") as whole:
        head, offset = whole.head, int(whole.columns.block_starts[13])
    with PacketIndex(tmp_path / "a.pcapng", (head, offset, 5)) as part:
        assert [part.frame(row) for row in range(len(part))] == frames[13:18]
        assert part.columns.times.tolist() == [TIME + n * 1000 for n in range(13, 18)]
        assert part.fault is None
    with PacketIndex(tmp_path / "a.pcapng", (head, offset, 500)) as part:
        assert len(part) == 27
        assert part.fault is None


def test_rows_by_time_even_when_the_clock_was_set_back(tmp_path: Path) -> None:
    with PcapngWriter(tmp_path / "a.pcapng", "x") as writer:
        for time in (10, 20, 15, 15, 30):
            writer.write(INBOUND, b"frame", TIME + time)
    with PacketIndex(tmp_path / "a.pcapng") as index:
        found = [index.row_at(TIME + time) for time in (0, 10, 11, 20, 21, 30, 31)]
    assert found == [0, 0, 1, 1, 4, 4, 5]


def test_slices_that_are_still_in_use_keep_the_file(tmp_path: Path) -> None:
    capture(tmp_path / "a.pcapng")
    index = PacketIndex(tmp_path / "a.pcapng")
    part = index.data[:4]
    index.close()
    assert part.tolist() == list(b"\n\r\r\n")
    assert isinstance(part, np.ndarray)
