"""All packets at once or one by one: the same datagrams and segments are found."""

import random
import struct
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from office.capture.headers import datagrams, segments
from protocols.frames import udp_datagram
from protocols.pcap_index import PacketIndex
from protocols.tcp_capture import tcp_segment
from tests.office.feed_frames import tcp, udp, write


def traffic(seed: int) -> list[bytes]:
    """Frames of several kinds, some of them cut short or with a wrong byte in their heads."""
    chance = random.Random(seed)
    frames = []
    for number in range(30):
        payload = chance.randbytes(chance.randrange(40))
        frame = chance.choice(
            (
                udp(payload, tags=chance.randrange(3)),
                tcp(payload, number, ("10.20.0.10", 4000), ("10.20.0.1", 24000)),
                chance.randbytes(chance.randrange(60)),
            )
        )
        if chance.random() < 0.3:
            frame = frame[: chance.randrange(len(frame) + 1)]
        if chance.random() < 0.4 and len(frame) > 12:
            damaged = bytearray(frame)
            damaged[chance.randrange(12, min(len(frame), 60))] ^= 1 << chance.randrange(8)
            frame = bytes(damaged)
        if chance.random() < 0.2:
            frame += bytes(chance.randrange(20))  # an Ethernet frame's padding
        frames.append(frame)
    return frames


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 100_000))
def test_they_are_those_that_are_found_one_by_one(tmp_path_factory: pytest.TempPathFactory, seed: int) -> None:
    path = write(tmp_path_factory.mktemp("traffic") / "a.pcapng", traffic(seed))
    with PacketIndex(path) as index:
        frames = [index.frame(row) for row in range(len(index))]
        found = datagrams(index.data, index.columns)
        rows = zip(*(column.tolist() for column in found), strict=True)
        got = [
            (row, source, source_port, to, port, bytes(index.data[at : at + length]))
            for row, source, source_port, to, port, _, at, length in rows
        ]
        assert got == [
            (row, int(one.source), one.source_port, int(one.destination), one.destination_port, one.payload)
            for row, frame in enumerate(frames)
            if (one := udp_datagram(frame, 1)) is not None
        ]
        streams = segments(index.data, index.columns)
        pieces = zip(*(column.tolist() for column in streams), strict=True)
        assert [
            (row, source, source_port, to, port, bytes(index.data[at : at + length]))
            for row, source, source_port, to, port, _, at, length in pieces
        ] == [
            (row, each.source, each.source_port, each.destination, each.destination_port, each.payload)
            for row, frame in enumerate(frames)
            if (each := tcp_segment(frame, 1)) is not None
        ]


def test_raw_ip_and_unknown_links(tmp_path: Path) -> None:
    inner = udp(b"hello")[14:]
    records = b"".join(struct.pack("<4I", 1, n, len(frame), len(frame)) + frame for n, frame in enumerate([inner, b""]))
    for link, count in ((101, 1), (105, 0)):
        (tmp_path / "raw").write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65_535, link) + records)
        with PacketIndex(tmp_path / "raw") as index:
            assert len(datagrams(index.data, index.columns).rows) == count
