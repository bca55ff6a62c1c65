"""The switch's captures go on in new files where its configuration says so; who reads the feed reads all of them."""

import json
from pathlib import Path
from typing import Any

import pytest

from protocols import mold, pcap_rotate
from protocols.pcap_rotate import RotatingWriter
from protocols.pcap_write import OUTBOUND
from qemu.plan import FEED_A
from qemu.sent_feed import read_sent
from qemu.switch.config import ConfigError, parse
from tests.office.feed_frames import udp

PORT = {"name": "a", "segment": "s", "tap_fd": 5, "capture": "a.pcapng"}
TIME = 1_795_000_000_000_000_000


def test_limits_are_read_and_have_defaults() -> None:
    plain = parse({"ports": [PORT]})
    assert (plain.rotate_bytes, plain.rotate_ns) == (256 << 20, 0)
    other = parse({"ports": [PORT], "rotate_bytes": 1 << 20, "rotate_ns": 60_000_000_000})
    assert (other.rotate_bytes, other.rotate_ns) == (1 << 20, 60_000_000_000)


@pytest.mark.parametrize(("key", "value"), [("rotate_bytes", 100), ("rotate_bytes", "1M"), ("rotate_ns", -1)])
def test_wrong_limits_are_named(key: str, value: Any) -> None:
    with pytest.raises(ConfigError, match=f"{key} is {json.dumps(value)[:4].strip(chr(34))}|{key} is '1M'"):
        parse({"ports": [PORT], key: value})


def test_the_feed_is_read_from_all_files(tmp_path: Path) -> None:
    path = tmp_path / "exchange.pcapng"
    writer = RotatingWriter(path, "exchange", rotate_ns=10_000)
    for number in range(50):
        payload = mold.encode_packet("S", 1 + number, [b"message"])
        writer.write(OUTBOUND, udp(payload, (str(FEED_A.address), FEED_A.port)), TIME + number * 1000)
    writer.close()
    assert len(pcap_rotate.files(path)) == 5
    damaged: list[str] = []
    sent = read_sent(path, damaged)
    assert sent is not None
    assert [packet.sequence for packet in sent.lines[FEED_A]] == list(range(1, 51))
    third = pcap_rotate.files(path)[2]
    third.write_bytes(third.read_bytes()[:-3])
    sent = read_sent(path, damaged)
    assert sent is not None
    assert len(sent.lines[FEED_A]) == 49
    assert damaged[0].startswith("exchange.2.pcapng: the capture ends inside a block")
    assert read_sent(tmp_path / "nowhere.pcapng", damaged) is None
