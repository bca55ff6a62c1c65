import struct
from pathlib import Path

import pytest

from hftapp.nic.frame_ring import SLOT
from hftapp.nic.pcap import AHEAD, QUEUE, PcapPort
from hftapp.nic.port import BURST, PortError
from protocols import pcap_read
from protocols.pcap_write import INBOUND, PcapngWriter
from tests.hftapp.nic.frames import burst, transmit

MAC = bytes.fromhex("020000000001")
SECOND = 1_000_000_000


def capture(path: Path, frames: list[tuple[int, bytes]]) -> Path:
    writer = PcapngWriter(path, "recorded")
    for time, frame in frames:
        writer.write(INBOUND, frame, time)
    writer.close()
    return path


def test_frames_of_one_time_stamp_are_one_burst(tmp_path: Path) -> None:
    frames = [(SECOND, b"one"), (SECOND, b"two"), (SECOND + 1, b"three")]
    port = PcapPort(capture(tmp_path / "day.pcapng", frames), MAC)
    assert port.mac == MAC
    assert burst(port) == [b"one", b"two"]
    assert port.stamp == SECOND
    assert burst(port) == [b"three"]
    assert port.stamp == SECOND + 1
    assert not port.ended
    assert burst(port) == []
    assert port.ended
    assert port.stats().rx_frames == 3
    assert port.stats().rx_bytes == 11
    port.close()
    port.close()


def test_a_burst_is_bounded(tmp_path: Path) -> None:
    port = PcapPort(capture(tmp_path / "day.pcapng", [(7, b"x")] * (BURST + 3)), MAC)
    assert port.rx_burst() == BURST
    assert port.rx_burst() == 3
    assert port.stamp == 7
    port.close()


def test_a_file_longer_than_what_is_read_ahead(tmp_path: Path) -> None:
    frames = [(number // 3, number.to_bytes(4, "big")) for number in range(2 * AHEAD + 100)]
    port = PcapPort(capture(tmp_path / "day.pcapng", frames), MAC)
    found: list[tuple[int, bytes]] = []
    while arrived := burst(port):
        found += [(port.stamp, frame) for frame in arrived]
        assert len(arrived) == 3 or len(found) == len(frames)
    assert found == frames
    port.close()


def test_classic_pcap(tmp_path: Path) -> None:
    header = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    path = tmp_path / "day.pcap"
    path.write_bytes(header + struct.pack("<IIII", 5, 6, 3, 3) + b"one")
    port = PcapPort(path, MAC)
    assert burst(port) == [b"one"]
    assert port.stamp == 5 * SECOND + 6000
    port.close()


def test_what_is_sent_is_written_with_the_time_of_the_burst(tmp_path: Path) -> None:
    port = PcapPort(capture(tmp_path / "day.pcapng", [(SECOND, b"tick")]), MAC, tmp_path / "sent.pcapng")
    port.rx_burst()
    assert transmit(port, [b"order 1", b"order 2"]) == 2
    port.close()
    with (tmp_path / "sent.pcapng").open("rb") as file:
        assert list(pcap_read.read(file)) == [(SECOND, 1, b"order 1"), (SECOND, 1, b"order 2")]
    assert transmit(port, [b"late"]) == 0


def test_what_is_sent_is_kept_without_a_file(tmp_path: Path) -> None:
    port = PcapPort(capture(tmp_path / "day.pcapng", []), MAC)
    assert transmit(port, [b"order"] * (QUEUE + 1)) == QUEUE
    assert port.stats().tx_dropped == 1
    assert port.take_sent() == [b"order"] * QUEUE
    assert port.take_sent() == []
    port.close()


def test_a_frame_longer_than_a_slot_is_dropped(tmp_path: Path) -> None:
    port = PcapPort(capture(tmp_path / "day.pcapng", [(1, bytes(SLOT + 1)), (2, b"fits")]), MAC)
    assert burst(port) == [b"fits"]
    assert port.stamp == 2
    assert port.stats().rx_dropped == 1
    port.close()


def test_damage_is_reported_where_it_is_reached(tmp_path: Path) -> None:
    path = capture(tmp_path / "day.pcapng", [(number, b"x") for number in range(2 * AHEAD)])
    path.write_bytes(path.read_bytes()[:-10])
    port = PcapPort(path, MAC)
    with pytest.raises(PortError, match=r"day\.pcapng: the capture ends inside a block"):
        while port.rx_burst():
            pass
    assert port.stats().rx_frames >= AHEAD - BURST
    port.close()


def test_wrong_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(PortError, match=r'nic.capture = ".*none": No such file or directory; name a pcap'):
        PcapPort(tmp_path / "none", MAC)
    text = tmp_path / "text"
    text.write_text("hello")
    with pytest.raises(PortError, match="text: not a pcap or pcapng file"):
        PcapPort(text, MAC)
    wlan = tmp_path / "wlan.pcap"
    wlan.write_bytes(struct.pack("<IHHiIIIIIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 105, 5, 6, 0, 0))
    with pytest.raises(PortError, match=r"wlan\.pcap: frame 1 has link type 105; a port needs Ethernet \(1\)"):
        PcapPort(wlan, MAC)
    day = capture(tmp_path / "day.pcapng", [])
    with pytest.raises(PortError, match=r'nic.sent = ".*/sent": .*; name a file that can be written'):
        PcapPort(day, MAC, tmp_path / "none" / "sent")
