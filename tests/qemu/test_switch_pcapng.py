"""Captures are read back by scapy and by tshark, nanoseconds and directions included."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from scapy.utils import PcapNgReader

from protocols.pcap_write import INBOUND, OUTBOUND, PcapngWriter

Build = Callable[..., bytes]
EPOCH = 1_700_000_000_123_456_789


def capture(path: Path, frames: list[bytes]) -> None:
    with PcapngWriter(path, "trader") as writer:
        for number, frame in enumerate(frames):
            writer.write(OUTBOUND if number % 2 else INBOUND, frame, EPOCH + number)


def test_scapy_reads_frames_and_nanoseconds(tmp_path: Path, udp: Build) -> None:
    frames = [udp("239.20.0.1", 26401, payload=bytes(length)) for length in range(20, 26)]
    capture(tmp_path / "trader.pcapng", frames)
    with PcapNgReader(str(tmp_path / "trader.pcapng")) as reader:
        packets = list(reader)
    assert [bytes(packet) for packet in packets] == frames
    assert [int(packet.time * 10**9) for packet in packets] == [EPOCH + n for n in range(len(frames))]


def test_tshark_reads_directions_interface_and_resolution(tmp_path: Path, udp: Build) -> None:
    path = tmp_path / "trader.pcapng"
    capture(path, [udp("239.20.0.1", 26401), udp("239.20.0.2", 26402)])
    fields = ["frame.time_epoch", "frame.interface_name", "frame.packet_flags", "udp.dstport"]
    options = [word for name in fields for word in ("-e", name)]
    command = ["tshark", "-r", str(path), "-T", "json", *options]
    packets = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    rows = [[packet["_source"]["layers"][name][0] for name in fields] for packet in packets]
    assert rows == [
        ["1700000000.123456789", "trader", "0x00000001", "26401"],
        ["1700000000.123456790", "trader", "0x00000002", "26402"],
    ]


def test_an_unfinished_capture_is_readable_up_to_its_last_flush(tmp_path: Path, udp: Build) -> None:
    writer = PcapngWriter(tmp_path / "open.pcapng", "trader")
    writer.write(INBOUND, udp("239.20.0.1", 26401), EPOCH)
    writer.flush()
    with PcapNgReader(str(tmp_path / "open.pcapng")) as reader:
        assert len(list(reader)) == 1
    writer.close()
