"""Opening a connection and its data: states and segment arrival rules of RFC 9293 that a client meets.

The end of a connection is in test_tcp_closing.py, forged segments in test_tcp_forgery.py, timers in test_tcp_timers.py.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from hftapp.net.sequence import seq_add
from hftapp.net.tcp_types import TcpBufferError, TcpConfig, TcpState
from tests.hftapp.net.segments import ACK, PSH, RST, SYN, Segment

if TYPE_CHECKING:
    from tests.hftapp.net.conftest import ScriptedPeer


# Opening (RFC 9293 §3.5, §3.10.7.3).


def test_syn_announces_mss_window_scale_and_sack(make_peer: Callable[..., ScriptedPeer]) -> None:
    syn = make_peer().one()
    assert (syn.flags, syn.sequence, syn.mss, syn.window) == (SYN, 0xFFFFFFF0, 1460, 0xFFFF)
    assert syn.window_shift == 3
    assert syn.sack_permitted


def test_three_way_handshake(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer()
    assert peer.state() is TcpState.SYN_SENT
    peer.establish()
    assert peer.state() is TcpState.ESTABLISHED


def test_simultaneous_open(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer()
    peer.sent()
    peer.give(Segment(peer.next, 0, SYN, 1000, 500, -1, b""))
    assert peer.state() is TcpState.SYN_RECEIVED
    answer = peer.one()
    assert answer.flags == SYN | ACK
    assert answer.acknowledgement == seq_add(peer.next, 1)
    peer.next = seq_add(peer.next, 1)
    peer.send()
    assert peer.state() is TcpState.ESTABLISHED


def test_reset_in_syn_received_is_a_refusal(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer()
    peer.give(Segment(peer.next, 0, SYN, 1000, 500, -1, b""))
    peer.next = seq_add(peer.next, 1)
    peer.send(RST)
    assert peer.client.error == "connection refused by 10.20.0.1:24000"


def test_wrong_acknowledgement_in_syn_received_is_answered_with_reset(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer()
    peer.give(Segment(peer.next, 0, SYN, 1000, 500, -1, b""))
    peer.sent()
    peer.next = seq_add(peer.next, 1)
    peer.send(ACK, ack=77)
    assert [segment.flags for segment in peer.sent()] == [RST]
    assert peer.state() is TcpState.SYN_RECEIVED


def test_refused(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer()
    peer.sent()
    peer.send(RST | ACK)
    assert peer.state() is TcpState.CLOSED
    assert peer.client.error == "connection refused by 10.20.0.1:24000"
    assert peer.sent() == []


@pytest.mark.parametrize("flags", [RST, RST | ACK])
def test_reset_that_does_not_acknowledge_the_syn_is_ignored(make_peer: Callable[..., ScriptedPeer], flags: int) -> None:
    peer = make_peer()
    peer.send(flags, ack=5)
    assert peer.state() is TcpState.SYN_SENT


def test_wrong_acknowledgement_of_the_syn_is_answered_with_reset(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer()
    peer.sent()
    peer.send(SYN | ACK, ack=5)
    reset = peer.one()
    assert (reset.flags, reset.sequence) == (RST, 5)
    assert peer.state() is TcpState.SYN_SENT


def test_data_queued_before_the_handshake_ends_goes_with_it(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer()
    peer.client.send(b"login", peer.now)
    assert [segment.flags for segment in peer.sent()] == [SYN]
    peer.give(Segment(peer.next, peer.seen, SYN | ACK, 5000, 1000, -1, b""))
    first = peer.one()
    assert (first.flags, first.data) == (ACK | PSH, b"login")


def test_close_before_the_handshake_ends(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer()
    peer.client.close(peer.now)
    assert peer.state() is TcpState.CLOSED
    assert peer.client.error is None


def test_peer_without_mss_option_gets_536_bytes(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer()
    peer.establish(mss=0)
    peer.client.send(bytes(600), peer.now)
    assert [len(segment.data) for segment in peer.sent()] == [536, 64]


def test_peer_window_scale(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer()
    peer.window = 1
    peer.establish(shift=10)
    peer.window = 2
    peer.send()
    peer.client.send(bytes(5000), peer.now)
    assert sum(len(segment.data) for segment in peer.sent()) == 2000, "2 << 10, less what would be a silly segment"


def test_no_scaling_unless_both_offer_it(peer: ScriptedPeer) -> None:
    peer.send(ACK, b"x")
    assert peer.one().window == 0xFFFF


# Data.


def test_an_order_is_one_segment_and_carries_the_acknowledgement(peer: ScriptedPeer) -> None:
    peer.send(ACK | PSH, b"execution")
    assert peer.received() == b"execution"
    peer.client.send(b"order", peer.now)
    order = peer.one()
    assert (order.flags, order.data, order.acknowledgement) == (ACK | PSH, b"order", peer.next)


def test_a_burst_is_acknowledged_once(peer: ScriptedPeer) -> None:
    peer.send(data=b"a")
    peer.send(data=b"b")
    peer.send(data=b"c")
    assert peer.one().acknowledgement == peer.next
    assert peer.received() == b"abc"
    assert peer.frames() == []


def test_sequence_numbers_wrap_in_both_directions(peer: ScriptedPeer) -> None:
    for number in range(8):
        message = bytes([number]) * 100
        peer.client.send(message, peer.now)
        assert peer.one().data == message
        peer.send(data=message)
        assert peer.received() == message
    assert peer.client.unacknowledged == 0
    assert peer.seen < 1000 > peer.next


def test_segments_respect_mss_and_the_last_one_is_pushed(peer: ScriptedPeer) -> None:
    peer.client.send(bytes(2500), peer.now)
    segments = peer.sent()
    assert [len(segment.data) for segment in segments] == [1000, 1000, 500]
    assert [bool(segment.flags & PSH) for segment in segments] == [False, False, True]


def test_the_initial_congestion_window_is_ten_segments(peer: ScriptedPeer) -> None:
    peer.client.send(bytes(30_000), peer.now)
    assert len(peer.sent()) == 10


def test_the_peers_window_is_respected(peer: ScriptedPeer) -> None:
    peer.window = 1500
    peer.send()
    peer.client.send(bytes(2500), peer.now)
    assert sum(len(segment.data) for segment in peer.sent()) <= 1500


def test_an_old_segment_does_not_change_the_window(peer: ScriptedPeer) -> None:
    """RFC 9293 §3.10.7.4: SND.WL1 and SND.WL2 guard against reordered windows."""
    old = peer.next
    peer.send(data=b"new")
    peer.window = 0
    peer.send(data=b"xnew", at=seq_add(old, -1))
    peer.sent()
    peer.client.send(b"order", peer.now)
    assert peer.one().data == b"order"


def test_out_of_order_data_is_acknowledged_at_once_with_sack_only_if_agreed(peer: ScriptedPeer) -> None:
    hole = peer.next
    peer.send(data=b"third", at=seq_add(hole, 10))
    peer.send(data=b"secnd", at=seq_add(hole, 5))
    duplicates = peer.sent()
    assert [segment.acknowledgement for segment in duplicates] == [hole, hole]
    peer.send(data=b"first")
    assert peer.received() == b"firstsecndthird"
    assert peer.one().acknowledgement == seq_add(hole, 15)


def test_overlapping_and_repeated_data_arrives_once(peer: ScriptedPeer) -> None:
    start = peer.next
    peer.send(data=b"abcd")
    peer.send(data=b"cdef", at=seq_add(start, 2))
    peer.send(data=b"abcd", at=start)
    assert peer.received() == b"abcdef"
    assert peer.client.counters.unacceptable == 1


def test_our_window_closes_and_opens_again(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer(TcpConfig(receive_buffer=3000))
    peer.establish()
    for _ in range(3):
        peer.send(data=bytes(1000))
    assert peer.one().window == 0
    peer.send(data=b"y")
    assert peer.one().acknowledgement == seq_add(peer.next, -1), "data beyond a closed window is not taken"
    assert len(peer.received()) == 3000
    assert peer.one().window == 3000


def test_acknowledgement_is_taken_with_data_that_a_closed_window_refuses(
    make_peer: Callable[..., ScriptedPeer],
) -> None:
    """RFC 9293 §3.10.7.4 (MUST-66)."""
    peer = make_peer(TcpConfig(receive_buffer=3000))
    peer.establish()
    peer.client.send(b"order", peer.now)
    peer.sent()
    for _ in range(3):
        peer.send(data=bytes(1000), ack=seq_add(peer.seen, -5))
    peer.send(data=b"y")
    assert peer.client.unacknowledged == 0


def test_send_buffer_is_bounded(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer(TcpConfig(send_buffer=100))
    peer.establish()
    peer.client.send(bytes(60), peer.now)
    with pytest.raises(TcpBufferError, match=r"cannot send 41 bytes to 10.20.0.1:24000: 60 of 100 bytes are waiting"):
        peer.client.send(bytes(41), peer.now)
    peer.client.send(bytes(40), peer.now)
    assert peer.client.unacknowledged == 100
