"""What is written is read back to the byte, by our reader and by tshark; and tshark's files are read by ours."""

import struct
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from protocols import pcap_read
from protocols.errors import TruncatedError
from protocols.pcap_index import PacketIndex
from protocols.pcap_write import INBOUND, LARGEST, OUTBOUND, ROOM, PcapngWriter, PcapWriter, header

ROOT = Path(__file__).resolve().parents[2]
TIME = 1_795_000_000_123_456_789
FRAMES = st.lists(st.tuples(st.integers(0, (1 << 32) * 10**9 - 1), st.binary(max_size=200)), max_size=20)


def written(path: Path, frames: list[tuple[int, bytes]]) -> bytes:
    with PcapngWriter(path, "trader") as writer:
        for number, (time, frame) in enumerate(frames):
            writer.write(INBOUND if number % 2 == 0 else OUTBOUND, frame, time)
    return path.read_bytes()


def written_classic(path: Path, frames: list[tuple[int, bytes]]) -> bytes:
    with PcapWriter(path) as writer:
        for time, frame in frames:
            writer.write(frame, time)
    return path.read_bytes()


def back(path: Path) -> list[tuple[int, bytes]]:
    with path.open("rb") as file:
        return [(time, frame) for time, _, frame in pcap_read.read(file)]


@settings(max_examples=60, deadline=None)
@given(FRAMES)
def test_frames_and_times_come_back(tmp_path_factory: pytest.TempPathFactory, frames: list[tuple[int, bytes]]) -> None:
    folder = tmp_path_factory.mktemp("captures")
    for write, name in ((written, "a.pcapng"), (written_classic, "a.pcap")):
        write(folder / name, frames)
        assert back(folder / name) == frames
        # What was read, written once more, is the same file.
        assert write(folder / f"again-{name}", back(folder / name)) == (folder / name).read_bytes()


def test_directions_come_back(tmp_path: Path) -> None:
    written(tmp_path / "a.pcapng", [(TIME, bytes(60)), (TIME + 1, bytes(61))])
    with PacketIndex(tmp_path / "a.pcapng") as index:
        assert index.columns.directions.tolist() == [INBOUND, OUTBOUND]
        assert index.columns.times.tolist() == [TIME, TIME + 1]
        assert index.fault is None


def test_the_bytes_of_a_block(tmp_path: Path) -> None:
    """draft-ietf-opsawg-pcapng §4.3, the option epb_flags (§4.3.1), padded to 32 bits."""
    data = written(tmp_path / "a.pcapng", [(TIME, b"abcde")])
    assert data.startswith(header("trader"))
    block = data[len(header("trader")) :]
    expected = struct.pack("<7I", 6, 52, 0, TIME >> 32, TIME & 0xFFFFFFFF, 5, 5) + b"abcde\0\0\0"
    assert block == expected + struct.pack("<HHIII", 2, 4, 1, 0, 52)


def test_more_than_the_memory_holds(tmp_path: Path) -> None:
    frames = [(TIME + n, bytes([n & 0xFF]) * 1500) for n in range(2 * ROOM // 1500)]
    frames.append((TIME + len(frames), bytes(LARGEST)))
    frames.append((TIME + len(frames), b"last"))
    written(tmp_path / "a.pcapng", frames)
    assert back(tmp_path / "a.pcapng") == frames


def test_a_second_of_capture_time_brings_it_to_the_file(tmp_path: Path) -> None:
    """Whoever kills the writer loses at most a second."""
    writer = PcapngWriter(tmp_path / "a.pcapng", "trader")
    for number in range(5):
        writer.write(INBOUND, bytes(60), TIME + number * 10**9)
    kept = len(back(tmp_path / "a.pcapng"))
    assert kept >= 4
    writer.close()


@pytest.mark.parametrize(
    ("frame", "time", "said"),
    [(bytes(LARGEST + 1), TIME, "262145 bytes"), (b"a", -1, "at 1 ns, before 1970"), (b"a", 1 << 62, "before 1970 or")],
)
def test_what_the_formats_cannot_say_is_refused(tmp_path: Path, frame: bytes, time: int, said: str) -> None:
    with PcapWriter(tmp_path / "a.pcap") as writer:
        with pytest.raises(ValueError, match=said):
            writer.write(frame, time)
        writer.write(b"fine", TIME)
    assert back(tmp_path / "a.pcap") == [(TIME, b"fine")]


def test_a_full_disk_is_an_os_error_every_time_and_loses_no_block_halfway() -> None:
    writer = PcapngWriter(Path("/dev/full"), "trader")
    with pytest.raises(OSError, match="No space left"):
        writer.write(INBOUND, bytes(60), TIME)
    for number in range(3 * ROOM // LARGEST):
        try:
            writer.write(INBOUND, bytes(LARGEST), TIME + number)
        except OSError:
            continue
    assert writer.size < 2 * (ROOM + LARGEST)
    with pytest.raises(OSError, match="No space left"):
        writer.close()


KILLED = """
import sys
from pathlib import Path
from protocols.pcap_write import INBOUND, PcapngWriter
writer = PcapngWriter(Path(sys.argv[1]), "trader")
for number in range(1 << 40):
    writer.write(INBOUND, number.to_bytes(8, "big") * 20, number)
    if number == 20_000:
        print("going", flush=True)
"""


@pytest.mark.parametrize("_", range(3))
def test_a_writer_that_is_killed_leaves_whole_packets_and_at_most_a_torn_end(tmp_path: Path, _: int) -> None:
    path = tmp_path / "a.pcapng"
    command = [sys.executable, "-c", KILLED, str(path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"going\n"
        process.kill()
    with PacketIndex(path) as index:
        assert index.fault is None or isinstance(index.fault, TruncatedError)
        numbers = [int.from_bytes(index.frame(row)[:8], "big") for row in range(len(index))]
    assert numbers == list(range(len(numbers)))
    assert len(numbers) > 10_000


def test_a_closed_file_takes_nothing(tmp_path: Path) -> None:
    writer = PcapngWriter(tmp_path / "a.pcapng", "trader")
    writer.close()
    writer.close()
    with pytest.raises(ValueError, match=r"a\.pcapng is closed"):
        writer.write(INBOUND, b"a", TIME)


def udp(number: int) -> bytes:
    """A datagram from 10.20.0.1 to 239.20.0.1:26401, its payload of `number` bytes."""
    total = 28 + number
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, total, 0, 0, 64, 17, 0, bytes((10, 20, 0, 1)), bytes((239, 20, 0, 1)))
    return (
        bytes.fromhex("01005e140001020000000001")
        + b"\x08\x00"
        + head
        + struct.pack(">HHHH", 1, 26401, 8 + number, 0)
        + bytes(number)
    )


def tshark(*arguments: str) -> str:
    done = subprocess.run(["tshark", *arguments], capture_output=True, text=True, check=True)
    return done.stdout


@pytest.mark.parametrize("name", ["a.pcapng", "a.pcap"])
def test_tshark_reads_ours(tmp_path: Path, name: str) -> None:
    frames = [(TIME + n, udp(18 + n)) for n in range(9)]
    (written if name == "a.pcapng" else written_classic)(tmp_path / name, frames)
    fields = ("frame.time_epoch", "frame.len", "udp.dstport", "udp.length")
    options = [word for field in fields for word in ("-e", field)]
    rows = [line.split("\t") for line in tshark("-r", str(tmp_path / name), "-T", "fields", *options).splitlines()]
    assert rows == [[f"1795000000.{123_456_789 + n:09d}", str(60 + n), "26401", str(26 + n)] for n in range(9)]


@pytest.mark.parametrize("kind", ["pcapng", "pcap", "nsecpcap"])
def test_we_read_what_tshark_writes(tmp_path: Path, kind: str) -> None:
    frames = [(TIME + n, udp(18 + n)) for n in range(9)]
    written(tmp_path / "ours.pcapng", frames)
    theirs = tmp_path / f"theirs.{kind}"
    tshark("-r", str(tmp_path / "ours.pcapng"), "-F", kind, "-w", str(theirs))
    micro = kind == "pcap"
    assert back(theirs) == [(time // 1000 * 1000 if micro else time, frame) for time, frame in frames]
    with PacketIndex(theirs) as index:
        assert [index.frame(row) for row in range(len(index))] == [frame for _, frame in frames]
        assert index.fault is None


def test_we_read_what_editcap_and_text2pcap_write(tmp_path: Path) -> None:
    frames = [(TIME + n * 10**9, udp(18 + n)) for n in range(9)]
    written(tmp_path / "ours.pcapng", frames)
    subprocess.run(
        ["editcap", "-s", "40", tmp_path / "ours.pcapng", tmp_path / "cut.pcapng", "1-3"],
        check=True,
        capture_output=True,
    )
    with PacketIndex(tmp_path / "cut.pcapng") as index:
        assert index.columns.lengths.tolist() == [40] * 6
        assert index.columns.originals.tolist() == [len(frame) for _, frame in frames[3:]]
        assert index.columns.times.tolist() == [time for time, _ in frames[3:]]
    lines = "".join(
        f"{at:06x} {frame[at : at + 16].hex(' ')}\n" for _, frame in frames for at in range(0, len(frame), 16)
    )
    (tmp_path / "hex").write_text(lines)
    subprocess.run(["text2pcap", "-q", tmp_path / "hex", tmp_path / "text.pcapng"], check=True, capture_output=True)
    assert [frame for _, frame in back(tmp_path / "text.pcapng")] == [frame for _, frame in frames]
