"""Finding feed messages where they lie: what `protocols.frames`, `protocols.mold` and `protocols.binaryfile` find."""

from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from protocols import binaryfile, mold
from protocols.errors import ProtocolError
from protocols.frames import udp_datagram
from store.feed_scan import LARGEST, FeedScan, RecordScan
from tests.store.feed_maker import LINES, flow, lines, udp

Found = list[tuple[int, str, int, int, int, bytes]]


def scanned(frames: list[tuple[int, bytes]], room: int = LARGEST) -> tuple[Found, FeedScan]:
    """What a scan finds in frames (link type, bytes): row, session, group, port, number, message."""
    data = np.frombuffer(b"".join(frame for _, frame in frames) or b"\0", np.uint8)
    lengths = np.array([len(frame) for _, frame in frames], np.int64)
    starts, links = np.cumsum(lengths) - lengths, np.array([link for link, _ in frames], np.int64)
    scan = FeedScan(room)
    found: Found = []
    row = 0
    while row < len(frames):
        row = scan.scan(data, starts, lengths, links, row)
        for place in range(scan.count):
            session, group, port = scan.names[scan.streams[place]]
            start = int(scan.starts[place])
            message = bytes(data[start : start + int(scan.lengths[place])])
            name = str(session, "latin-1").rstrip(" ")
            found.append((int(scan.packets[place]), name, group, port, int(scan.sequences[place]), message))
    return found, scan


def told(frames: list[tuple[int, bytes]]) -> tuple[Found, int, int]:
    """What the protocols' own decoders find; and how many packets were empty, how many datagrams no packet."""
    found: Found = []
    empty = malformed = 0
    for row, (link, frame) in enumerate(frames):
        datagram = udp_datagram(frame, link)
        if datagram is None:
            continue
        try:
            packet = mold.decode(b"0" * 10 + datagram.payload[10:] if len(datagram.payload) > 9 else datagram.payload)
        except ProtocolError:
            malformed += 1
            continue
        if not isinstance(packet, mold.Packet):
            empty += 1
            continue
        if packet.sequence >> 62:
            malformed += 1
            continue
        session = str(datagram.payload[:10], "latin-1").rstrip(" ")
        place = session, int(datagram.destination), datagram.destination_port
        found += [(row, *place, packet.sequence + number, raw) for number, raw in enumerate(packet.messages)]
    return found, empty, malformed


GOOD = udp(0, mold.encode_packet("S", 7, [b"one", b"", b"three"]))


@st.composite
def frames(draw: st.DrawFn) -> tuple[int, bytes]:
    """Good frames, and such with a few bytes changed, cut off or added; Ethernet, raw IPv4 and others."""
    link = draw(st.sampled_from([1, 1, 1, 101, 113]))
    session, first = draw(st.sampled_from(["A", "0000000002"])), draw(st.integers(0, (1 << 64) - 1))
    messages = draw(st.lists(st.binary(max_size=30), min_size=1, max_size=4))
    payload = draw(st.sampled_from([mold.encode_packet(session, first, messages), mold.encode_heartbeat("A", 3)]))
    frame = bytearray(udp(draw(st.integers(0, 1)), payload, vlan=draw(st.booleans())))
    for _ in range(draw(st.integers(0, 3))):
        frame[draw(st.integers(0, len(frame) - 1))] = draw(st.integers(0, 255))
    frame = frame[: draw(st.integers(0, len(frame)))] if draw(st.booleans()) else frame
    return link, bytes(frame[14:]) if link == 101 else bytes(frame)


@settings(max_examples=200, deadline=None)
@given(st.lists(frames(), max_size=6))
@example([(1, GOOD)])
@example([(1, GOOD[:20])])
@example([(1, udp(0, mold.encode_end("S", 9)))])
def test_frames_of_any_kind_give_what_the_protocols_decoders_give(given_frames: list[tuple[int, bytes]]) -> None:
    found, scan = scanned(given_frames)
    assert (found, scan.empty, scan.malformed) == told(given_frames)


def test_both_lines_of_a_feed_are_two_streams_of_one_session() -> None:
    captured = [(1, frame) for _, _, frame in lines(flow(300, 1), 1)]
    found, scan = scanned(captured)
    assert found == told(captured)[0]
    assert {(group, port) for _, group, port in scan.names} == {(int(group), port) for group, port in LINES[:2]}


def test_a_scan_goes_on_where_its_room_ended() -> None:
    packet = udp(0, mold.encode_packet("S", 1, [b"x"] * 400))
    captured = [(1, packet)] * 300
    found, _ = scanned(captured, LARGEST + 1_000)
    assert len(found) == 300 * 400
    assert [row for row, *_ in found] == sorted(row for row, *_ in found)


def test_room_for_less_than_the_largest_packet_is_refused() -> None:
    with pytest.raises(ValueError, match=f"room for 5 messages: give at least {LARGEST}"):
        FeedScan(5)


@settings(max_examples=200, deadline=None)
@given(st.lists(st.binary(min_size=1, max_size=40), max_size=30), st.booleans(), st.integers(0, 60), st.integers(1, 9))
def test_records_of_a_file_are_found_up_to_where_it_is_whole(
    messages: list[bytes], ended: bool, cut: int, room: int
) -> None:
    whole = b"".join(map(binaryfile.encode_record, messages)) + (b"\0\0" if ended else b"")
    data = np.frombuffer((whole[: max(1, len(whole) - cut)] if whole else b"\0"), np.uint8)
    scan = RecordScan(room)
    found: list[Any] = []
    while count := scan.scan(data):
        found += [bytes(data[s : s + n]) for s, n in zip(scan.starts[:count], scan.lengths[:count], strict=True)]
    assert found == messages[: len(found)]
    if not cut or not whole:
        assert found == (messages if whole else [])
        assert scan.ended == (ended and bool(whole))
    assert len(data) - scan.at < (2 + 40 if not scan.ended else 1)
