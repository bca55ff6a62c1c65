"""What each line of a feed brought, and what it did not."""

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from office.capture.feed import Line, feed_packets, line_states, missing_on_all
from office.capture.source import Capture
from protocols import mold
from protocols.errors import ProtocolError
from protocols.pcap_index import PacketIndex
from tests.office.feed_frames import SESSION, A, B, packet, udp, write


def test_lines_with_gaps_repeats_and_late_packets(tmp_path: Path) -> None:
    one = [udp(packet(first, b"x", b"y"), A) for first in (1, 3, 7, 5, 5, 13)]
    other = [udp(packet(first, b"x", b"y"), B) for first in (1, 3, 11)]
    beats = [udp(mold.encode_heartbeat(SESSION, 15), A), udp(mold.encode_end(SESSION, 15), B)]
    path = write(tmp_path / "a.pcapng", one + other + beats)
    with Capture(path) as capture:
        states = line_states(capture.feed(), capture.lines)
        assert [str(line) for line in capture.lines] == ["239.20.0.1:26401", "239.20.0.2:26402"]
        first, second = states
        assert (first.packets, first.heartbeats, first.messages, first.ended) == (7, 1, 12, False)
        assert (first.first, first.last, first.gaps) == (1, 14, ((9, 12),))
        assert (first.repeated, first.reordered) == (2, 2)
        assert (second.first, second.last, second.gaps, second.ended) == (1, 12, ((5, 10),), True)
        assert missing_on_all(capture.feed(), capture.lines, SESSION) == ((9, 10),)


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(1, 60), st.integers(1, 5)), min_size=1, max_size=30))
def test_gaps_are_exactly_what_is_not_there(tmp_path_factory, packets) -> None:  # type: ignore[no-untyped-def]
    frames = [udp(packet(first, *[b"m"] * count), A if on_a else B) for on_a, first, count in packets]
    path = write(tmp_path_factory.mktemp("gaps") / "a.pcapng", frames)
    with Capture(path) as capture:
        for state in line_states(capture.feed(), capture.lines):
            own = [(first, count) for on_a, first, count in packets if state.line.port == (A if on_a else B)[1]]
            there = [number for first, count in own for number in range(first, first + count)]
            absent = [number for first, last in state.gaps for number in range(first, last + 1)]
            assert sorted([*set(there), *absent]) == list(range(min(there), max(there) + 1))
            assert (state.messages, state.repeated) == (len(there), len(there) - len(set(there)))


def test_sessions_are_lines_of_their_own_and_answers_to_requests_are_no_feed(tmp_path: Path) -> None:
    frames = [
        udp(packet(1, b"x"), A),
        udp(packet(1, b"x", session="OTHER"), A),
        udp(packet(5, b"x"), ("10.20.0.10", 30000)),
    ]
    with Capture(write(tmp_path / "a.pcapng", frames)) as capture:
        capture.feed()
        assert [(line.session, line.multicast) for line in capture.lines] == [
            (SESSION, True),
            ("OTHER", True),
            (SESSION, False),
        ]


@settings(max_examples=50, deadline=None)
@given(st.binary(max_size=60), st.integers(0, 3))
def test_what_is_a_packet_is_what_the_codec_accepts(tmp_path_factory, tail, count) -> None:  # type: ignore[no-untyped-def]
    payload = b"TODAY     " + (7).to_bytes(8, "big") + count.to_bytes(2, "big") + tail
    path = write(tmp_path_factory.mktemp("one") / "a.pcapng", [udp(payload)])
    try:
        mold.decode(payload)
        expected = 1
    except ProtocolError:
        expected = 0
    with PacketIndex(path) as index:
        lines: list[Line] = []
        assert len(feed_packets(index.data, index.columns, lines).rows) == expected == len(lines)


def test_numbers_beyond_any_feed_are_left_out(tmp_path: Path) -> None:
    frames = [udp(b"TODAY     " + bytes([255] * 8) + b"\0\0"), udp(b"\xe9" + bytes(19))]
    with Capture(write(tmp_path / "a.pcapng", frames)) as capture:
        assert len(capture.feed()[0].rows) == 0
