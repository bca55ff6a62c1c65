"""Parts of captures are captures, byte for byte as they were."""

import struct
from pathlib import Path

import pytest

from office.capture.cut import Choice, cut
from office.capture.source import Capture, CaptureError
from protocols.pcap_index import PacketIndex
from protocols.pcap_rotate import LEAST_BYTES, RotatingWriter
from protocols.pcap_write import INBOUND, PcapWriter
from tests.office.feed_frames import TIME, A, packet, udp, write
from tests.protocols.test_pcap_scan import block, enhanced, interface, option, section


def frames(count: int = 20) -> list[bytes]:
    return [udp(packet(1 + 2 * number, b"one", b"two"), A) for number in range(count)]


def taken(path: Path, choice: Choice, out: Path) -> list[bytes]:
    with Capture(path) as capture:
        count = cut(capture, choice, out)
    with PacketIndex(out) as index:
        assert (len(index), index.fault) == (count, None)
        return [index.frame(row) for row in range(len(index))]


@pytest.mark.parametrize(
    ("choice", "rows"),
    [
        (Choice(since=TIME + 5000, until=TIME + 7000), [5, 6, 7]),
        (Choice(first=17), [17, 18, 19]),
        (Choice(last=1), [0, 1]),
        (Choice(first=3, last=5, since=TIME + 4000), [4, 5]),
        (Choice(first_sequence=10, last_sequence=13), [4, 5, 6]),
        (Choice(session="TODAY", last=0), [0]),
    ],
)
def test_conditions(tmp_path: Path, choice: Choice, rows: list[int]) -> None:
    path = write(tmp_path / "a.pcapng", frames())
    assert taken(path, choice, tmp_path / "out.pcapng") == [frames()[row] for row in rows]


def test_all_of_it_is_the_same_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pcapng", frames())
    taken(path, Choice(), tmp_path / "out.pcapng")
    assert (tmp_path / "out.pcapng").read_bytes() == path.read_bytes()
    with PcapWriter(tmp_path / "a.pcap") as writer:
        for number, frame in enumerate(frames()):
            writer.write(frame, TIME + number)
    taken(tmp_path / "a.pcap", Choice(), tmp_path / "out.pcap")
    assert (tmp_path / "out.pcap").read_bytes() == (tmp_path / "a.pcap").read_bytes()


def test_a_part_of_a_classic_capture(tmp_path: Path) -> None:
    with PcapWriter(tmp_path / "a.pcap") as writer:
        for number, frame in enumerate(frames()):
            writer.write(frame, TIME + number)
    assert taken(tmp_path / "a.pcap", Choice(first=4, last=6), tmp_path / "out.pcap") == frames()[4:7]


def test_interfaces_and_comments_among_the_packets_stay(tmp_path: Path) -> None:
    """The second interface is described between packets that are cut out: what refers to it would be nothing else."""
    names = block("<", 4, option("<", 1, b"\x7f\0\0\1host\0"))
    data = (
        section("<") + interface("<") + enhanced("<", 1) + interface("<", link=101) + names + enhanced("<", 2, index=1)
    )
    (tmp_path / "a.pcapng").write_bytes(data + enhanced("<", 3))
    taken(tmp_path / "a.pcapng", Choice(first=1, last=1), tmp_path / "out.pcapng")
    with PacketIndex(tmp_path / "out.pcapng") as index:
        assert (index.columns.links.tolist(), index.columns.times.tolist()) == ([101], [2000])
    assert names in (tmp_path / "out.pcapng").read_bytes()


def test_several_files_become_one(tmp_path: Path) -> None:
    writer = RotatingWriter(tmp_path / "a.pcapng", "a", rotate_bytes=LEAST_BYTES)
    sent = [number.to_bytes(2, "big") * 400 for number in range(400)]
    for number, frame in enumerate(sent):
        writer.write(INBOUND, frame, TIME + number)
    writer.close()
    assert writer.files > 3
    assert taken(tmp_path / "a.pcapng", Choice(first=50, last=350), tmp_path / "out.pcapng") == sent[50:351]
    assert taken(tmp_path / "a.pcapng", Choice(first=390), tmp_path / "end.pcapng") == sent[390:]


def test_a_torn_end_is_left_out(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pcapng", frames())
    path.write_bytes(path.read_bytes()[:-10])
    assert taken(path, Choice(), tmp_path / "out.pcapng") == frames()[:-1]


def test_nothing_is_written_where_nothing_fits(tmp_path: Path) -> None:
    path = write(tmp_path / "a.pcapng", frames())
    with Capture(path) as capture:
        with pytest.raises(CaptureError, match="nothing in the capture fits"):
            cut(capture, Choice(first=20), tmp_path / "out.pcapng")
        with pytest.raises(CaptureError, match="is the capture itself"):
            cut(capture, Choice(), path)
        with pytest.raises(OSError, match="No such file"):
            cut(capture, Choice(), tmp_path / "nowhere" / "out.pcapng")
    assert list(tmp_path.iterdir()) == [path]
    assert struct.unpack_from("<I", path.read_bytes())[0] == 0x0A0D0D0A
