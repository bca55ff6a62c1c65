"""Every timer of a TCP connection: retransmission, fast retransmit, zero window, keep-alive, the waits at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from hftapp.net.sequence import seq_add
from hftapp.net.tcp_types import MILLISECOND, NEVER, SECOND, TcpConfig, TcpState
from tests.hftapp.net.segments import ACK, SYN

if TYPE_CHECKING:
    from tests.hftapp.net.conftest import ScriptedPeer


def test_syn_is_repeated_with_doubling_waits_until_it_fails(make_peer: Callable[..., ScriptedPeer]) -> None:
    """RFC 6298 §5.5, RFC 9293 §3.8.3."""
    peer = make_peer(TcpConfig(max_syn_retransmissions=3))
    start, times = peer.now, []
    assert peer.one().flags == SYN
    while peer.state() is TcpState.SYN_SENT:
        peer.wait()
        times.append((peer.now - start) // SECOND)
    assert times == [1, 3, 7, 15]
    assert peer.client.error == "10.20.0.1:24000 did not acknowledge SYN after 3 retransmissions"
    assert peer.client.deadline == NEVER


def test_data_after_a_repeated_syn_starts_with_three_seconds(make_peer: Callable[..., ScriptedPeer]) -> None:
    """RFC 6298 §5.7; the handshake gave no measurement (Karn)."""
    peer = make_peer()
    peer.wait()
    peer.establish()
    assert peer.client.smoothed_rtt == 0
    peer.client.send(b"x", peer.now)
    assert peer.client.deadline - peer.now == 3 * SECOND


def test_handshake_measures_the_round_trip(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer()
    peer.now += 2 * MILLISECOND
    peer.establish()
    assert peer.client.smoothed_rtt == 2 * MILLISECOND


def test_lost_data_is_repeated_backing_off_and_then_fails(peer: ScriptedPeer) -> None:
    """RFC 6298 §5.4-5.6."""
    peer.client.send(b"order", peer.now)
    first = peer.one()
    waits = []
    while peer.state() is TcpState.ESTABLISHED:
        before = peer.now
        peer.wait()
        waits.append((peer.now - before) // MILLISECOND)
        assert all(again == first for again in peer.sent())
    assert waits == [50 << count for count in range(11)]
    assert peer.client.error == "10.20.0.1:24000 did not acknowledge 5 bytes in flight after 10 retransmissions"


def test_acknowledgement_stops_the_timer(peer: ScriptedPeer) -> None:
    """RFC 6298 §5.2."""
    peer.client.send(b"order", peer.now)
    assert peer.client.deadline == peer.now + 50 * MILLISECOND
    peer.sent()
    peer.send()
    assert peer.client.deadline == NEVER


def test_partial_acknowledgement_restarts_the_timer(peer: ScriptedPeer) -> None:
    """RFC 6298 §5.3."""
    peer.client.send(b"first", peer.now)
    peer.client.send(b"second", peer.now)
    first, _ = peer.sent()
    peer.now += 10 * MILLISECOND
    peer.send(ack=seq_add(first.sequence, 5))
    assert peer.client.deadline >= peer.now + 50 * MILLISECOND


def test_after_a_timeout_everything_goes_again_as_acknowledgements_come(peer: ScriptedPeer) -> None:
    peer.client.send(bytes(5000), peer.now)
    segments = peer.sent()
    peer.wait()
    again = peer.one()
    assert again == segments[0]
    peer.send(ack=segments[1].sequence)
    assert [segment.sequence for segment in peer.sent()] == [segment.sequence for segment in segments[1:3]]
    peer.send(ack=seq_add(segments[4].sequence, 1000))
    assert peer.client.unacknowledged == 0
    assert peer.client.deadline == NEVER


def test_acknowledgement_alone_is_sent_beyond_what_a_timeout_took_back(peer: ScriptedPeer) -> None:
    """The peer ignores a segment whose sequence number is behind what it has (RFC 9293 §3.10.7.4)."""
    peer.client.send(bytes(3000), peer.now)
    peer.sent()
    end = peer.seen
    peer.wait()
    peer.sent()
    peer.send(data=b"execution", ack=seq_add(end, -3000))
    assert peer.one().sequence == end


def test_third_duplicate_acknowledgement_repeats_the_first_segment(peer: ScriptedPeer) -> None:
    """RFC 5681 §3.2; and two new segments meanwhile (RFC 3042)."""
    peer.client.send(bytes(30_000), peer.now)
    lost = peer.sent()[0]
    limited = []
    for _ in range(2):
        peer.send(ack=lost.sequence)
        limited += peer.sent()
    assert [segment.sequence for segment in limited] == [seq_add(lost.sequence, 10_000), seq_add(lost.sequence, 11_000)]
    peer.send(ack=lost.sequence)
    assert peer.sent()[0].sequence == lost.sequence
    assert peer.client.counters.fast_retransmits == 1


def test_partial_acknowledgement_in_recovery_repeats_the_next_hole(peer: ScriptedPeer) -> None:
    """RFC 6582 §3.2 step 3."""
    peer.client.send(bytes(10_000), peer.now)
    segments = peer.sent()
    for _ in range(3):
        peer.send(ack=segments[0].sequence)
    peer.sent()
    peer.send(ack=segments[4].sequence)
    assert peer.sent()[0].sequence == segments[4].sequence
    peer.send(ack=seq_add(segments[9].sequence, 1000))
    assert peer.client.unacknowledged == 0
    assert peer.client.counters.timeouts == 0


def test_changed_window_or_data_is_no_duplicate(peer: ScriptedPeer) -> None:
    """RFC 5681 §2."""
    peer.client.send(bytes(5000), peer.now)
    una = peer.sent()[0].sequence
    for window in (60_000, 50_000, 40_000):
        peer.window = window
        peer.send(ack=una)
    for _ in range(3):
        peer.send(data=b"x", ack=una)
    assert peer.client.counters.duplicate_acks == 0


def test_zero_window_is_probed_with_one_byte_and_backoff(peer: ScriptedPeer) -> None:
    """RFC 9293 §3.8.6.1."""
    peer.window = 0
    peer.send()
    peer.client.send(b"order", peer.now)
    assert peer.sent() == []
    una, waits = peer.seen, []
    for _ in range(15):
        before = peer.now
        peer.wait()
        waits.append((peer.now - before) // MILLISECOND)
        assert peer.one().data == b"o"
        peer.send(ack=una)
    assert waits[:4] == [50, 100, 200, 400]
    assert peer.state() is TcpState.ESTABLISHED, "a peer that answers may keep its window closed for ever"
    peer.window = 1000
    peer.send(ack=una)
    assert peer.one().data == b"order"


def test_probe_byte_that_is_taken_is_not_sent_again(peer: ScriptedPeer) -> None:
    peer.window = 0
    peer.send()
    peer.client.send(b"order", peer.now)
    peer.wait()
    peer.sent()
    peer.send()
    peer.window = 1000
    peer.send()
    assert peer.one().data == b"rder"


def test_unanswered_probes_end_the_connection(peer: ScriptedPeer) -> None:
    peer.window = 0
    peer.send()
    peer.client.send(b"order", peer.now)
    while peer.state() is TcpState.ESTABLISHED:
        peer.wait()
    assert peer.client.error == "10.20.0.1:24000 did not answer 10 window probes"


def test_silly_small_window_is_used_when_the_timer_runs_out(peer: ScriptedPeer) -> None:
    """RFC 9293 §3.8.6.2.1: the override."""
    peer.window = 100
    peer.send()
    peer.client.send(bytes(5000), peer.now)
    assert peer.sent() == []
    peer.wait()
    assert len(peer.one().data) == 100


def test_lost_fin_is_repeated(peer: ScriptedPeer) -> None:
    peer.client.close(peer.now)
    fin = peer.one()
    peer.wait()
    assert peer.one() == fin
    peer.send()
    assert peer.state() is TcpState.FIN_WAIT_2


def test_peer_that_never_closes_its_half(peer: ScriptedPeer) -> None:
    peer.client.close(peer.now)
    peer.sent()
    peer.send()
    before = peer.now
    peer.wait()
    assert peer.now - before == 60 * SECOND
    assert peer.state() is TcpState.CLOSED
    assert peer.client.error == "10.20.0.1:24000 did not close its side"


def test_keep_alive_is_off_by_default(peer: ScriptedPeer) -> None:
    """RFC 9293 §3.8.4 (MUST-25)."""
    assert peer.client.deadline == NEVER


def test_keep_alive_probes_a_silent_peer(make_peer: Callable[..., ScriptedPeer]) -> None:
    """RFC 9293 §3.8.4."""
    config = TcpConfig(keep_alive_idle=10 * SECOND, keep_alive_interval=SECOND, keep_alive_probes=2)
    peer = make_peer(config)
    peer.establish()
    peer.wait()
    probe = peer.one()
    assert (probe.flags, probe.sequence, probe.data) == (ACK, seq_add(peer.seen, -1), b"")
    peer.send()
    start = peer.now
    while peer.state() is TcpState.ESTABLISHED:
        peer.wait()
    assert peer.now - start == 12 * SECOND
    assert peer.client.error == "10.20.0.1:24000 did not answer 2 keep-alive probes"


def test_keep_alive_leaves_a_busy_connection_alone(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer(TcpConfig(keep_alive_idle=SECOND))
    peer.establish()
    peer.now += SECOND // 2
    peer.send(data=b"x")
    peer.sent()
    peer.now += SECOND // 2
    peer.client.on_timer(peer.now)
    assert peer.sent() == []
    assert peer.client.deadline > peer.now
