"""TCP streams put together from what a capture saw: whole whatever went by twice, late, or in other pieces."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.l2 import Dot1Q, Ether

from protocols.frames import LINK_ETHERNET, LINK_RAW
from protocols.tcp_capture import ACK, FIN, HELD_BYTES, SYN, Piece, TcpSegment, TcpStreams, tcp_segment

WHOLE = 1 << 32


def segment(sequence: int, payload: bytes = b"", flags: int = ACK, ack: int = 0, back: bool = False) -> TcpSegment:
    ends = (2, 20, 1, 10) if back else (1, 10, 2, 20)
    return TcpSegment(*ends, sequence % WHOLE, ack % WHOLE, flags, payload)


def joined(pieces: list[Piece]) -> bytes:
    return b"".join(piece.data for piece in pieces)


@pytest.mark.parametrize("tags", [0, 1, 2])
def test_a_segment_is_found_in_its_frame(tags: int) -> None:
    frame = Ether()
    for number in range(tags):
        frame /= Dot1Q(vlan=number + 1)
    frame /= IP(src="10.0.0.1", dst="10.0.0.2", options=b"\x01" * 4)
    frame /= TCP(sport=5, dport=6, seq=7, ack=8, flags="PA", options=[("NOP", None)] * 4) / b"hello"
    padded = bytes(frame) + bytes(6)  # an Ethernet trailer is no payload
    found = tcp_segment(padded, LINK_ETHERNET)
    assert found == TcpSegment(0x0A000001, 5, 0x0A000002, 6, 7, 8, 0x18, b"hello")


def test_raw_ip_is_read_and_everything_else_is_none() -> None:
    packet = bytes(IP(src="10.0.0.1", dst="10.0.0.2") / TCP(sport=5, dport=6) / b"x")
    assert tcp_segment(packet, LINK_RAW) is not None
    assert tcp_segment(packet, 0) is None
    assert tcp_segment(bytes(Ether() / IP() / UDP()), LINK_ETHERNET) is None
    assert tcp_segment(bytes(Ether(type=0x86DD)) + packet, LINK_ETHERNET) is None
    fragment = bytes(IP(frag=3) / TCP())
    assert tcp_segment(fragment, LINK_RAW) is None
    assert tcp_segment(packet[:-1], LINK_RAW) is None


@settings(deadline=None)
@given(st.binary(max_size=80), st.sampled_from([LINK_ETHERNET, LINK_RAW, 7]))
def test_hostile_frames_are_none_or_a_segment(data: bytes, link: int) -> None:
    for frame in (data, b"\x45" + data, bytes(12) + b"\x08\x00\x45" + data):
        found = tcp_segment(frame, link)
        assert found is None or len(found.payload) <= len(frame)


@settings(deadline=None)
@given(st.binary(min_size=1, max_size=400), st.integers(0, WHOLE - 1), st.randoms(use_true_random=False))
def test_the_stream_is_whole_whatever_the_way_it_went_by(data: bytes, start: int, rng: random.Random) -> None:
    """Pieces of any size, some twice and cut otherwise, in any order after the handshake, over the wrap."""
    pieces = []
    for _ in range(2):
        at = 0
        while at < len(data):
            size = rng.randint(1, 90)
            pieces.append((at, data[at : at + size]))
            at += size
    rng.shuffle(pieces)
    streams = TcpStreams()
    found = streams.take(0, segment(start, flags=SYN))
    for time, (at, payload) in enumerate(pieces, 1):
        found += streams.take(time, segment(start + 1 + at, payload))
    assert joined(found) == data
    assert [piece.fresh for piece in found] == [True] + [False] * (len(found) - 1)
    assert streams.lost == 0


def test_bytes_have_the_time_at_which_they_first_went_by() -> None:
    streams = TcpStreams()
    streams.take(1, segment(99, flags=SYN))
    late = streams.take(10, segment(103, b"def"))
    found = late + streams.take(20, segment(100, b"abc")) + streams.take(30, segment(100, b"abcdef"))
    assert [(piece.time, piece.data) for piece in found] == [(20, b"abc"), (10, b"def")]


def test_what_the_receiver_acknowledges_but_the_capture_missed_is_lost_and_said() -> None:
    streams = TcpStreams()
    streams.take(1, segment(99, flags=SYN))
    found = streams.take(2, segment(100, b"abc"))
    found += streams.take(3, segment(110, b"xyz"))  # seven bytes before it are not in the capture
    assert joined(found) == b"abc"
    found = streams.take(4, segment(500, ack=113, back=True))
    assert [(piece.data, piece.time, piece.fresh) for piece in found] == [(b"xyz", 3, True)]
    assert streams.lost == 7


def test_bytes_that_never_come_do_not_hold_the_rest_for_ever() -> None:
    streams = TcpStreams()
    streams.take(1, segment(99, flags=SYN))
    found: list[Piece] = []
    block = bytes(1 << 16)
    for number in range(HELD_BYTES // len(block) + 1):
        found += streams.take(number, segment(101 + number * len(block), block))
    assert len(joined(found)) == HELD_BYTES + len(block)
    assert streams.lost == 1


def test_a_new_connection_between_the_same_ports_is_another_flow() -> None:
    streams = TcpStreams()
    streams.take(1, segment(99, flags=SYN))
    first = streams.take(2, segment(100, b"abc"))
    assert streams.take(3, segment(99, flags=SYN)) == []  # its retransmission is not
    streams.take(4, segment(7_000_000, flags=SYN))
    second = streams.take(5, segment(7_000_001, b"def"))
    assert [piece.flow.number for piece in first + second] == [0, 1]
    assert second[0].fresh
    answer = streams.take(6, segment(55, b"ok", back=True, ack=7_000_004))
    assert answer[0].flow == second[0].flow.reverse


def test_a_capture_may_begin_in_the_middle() -> None:
    found = TcpStreams().take(5, segment(1234, b"abc"))
    assert [(piece.data, piece.fresh) for piece in found] == [(b"abc", True)]


def test_keep_alives_and_the_end_bring_nothing() -> None:
    streams = TcpStreams()
    streams.take(1, segment(99, flags=SYN))
    streams.take(2, segment(100, b"abc"))
    assert streams.take(3, segment(102, b"\0")) == []  # RFC 9293 §3.8.4: garbage byte before the next
    assert streams.take(4, segment(103, flags=FIN | ACK)) == []
    assert streams.take(5, segment(9, flags=ACK, ack=104, back=True)) == []
    assert streams.lost == 0
