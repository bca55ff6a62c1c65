"""The end of a connection: every order of closing (RFC 9293 §3.6), abort, and calls after the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from hftapp.net.sequence import seq_add
from hftapp.net.tcp_types import TcpError, TcpState
from tests.hftapp.net.segments import ACK, FIN, PSH, RST, SYN, Segment

if TYPE_CHECKING:
    from tests.hftapp.net.conftest import ScriptedPeer


def test_we_close_first(peer: ScriptedPeer) -> None:
    peer.client.send(b"logout", peer.now)
    peer.client.close(peer.now)
    assert peer.state() is TcpState.FIN_WAIT_1
    data, fin = peer.sent()
    assert (data.data, fin.flags) == (b"logout", ACK | FIN)
    peer.send()
    assert peer.state() is TcpState.FIN_WAIT_2
    peer.send(data=b"late")
    assert peer.received() == b"late"
    peer.finish()
    assert peer.state() is TcpState.TIME_WAIT
    assert peer.sent()[-1].acknowledgement == peer.next
    peer.wait()
    assert peer.state() is TcpState.CLOSED
    assert peer.client.error is None


def test_fin_is_in_the_last_data_segment_when_close_comes_first(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer()
    peer.client.send(b"all", peer.now)
    peer.sent()
    peer.give(Segment(peer.next, peer.seen, SYN, 5000, 1000, -1, b""))
    peer.client.close(peer.now)
    peer.next = seq_add(peer.next, 1)
    peer.sent()
    peer.send()
    assert peer.state() is TcpState.FIN_WAIT_1
    last = peer.one()
    assert (last.data, last.flags) == (b"all", ACK | PSH | FIN)


def test_fin_and_acknowledgement_in_one_segment_skip_fin_wait_2(peer: ScriptedPeer) -> None:
    peer.client.close(peer.now)
    peer.sent()
    peer.finish()
    assert peer.state() is TcpState.TIME_WAIT


def test_both_close_at_once(peer: ScriptedPeer) -> None:
    before = peer.seen
    peer.client.close(peer.now)
    peer.sent()
    peer.send(ACK | FIN, ack=before)
    assert peer.state() is TcpState.CLOSING
    peer.send()
    assert peer.state() is TcpState.TIME_WAIT


def test_peer_closes_first(peer: ScriptedPeer) -> None:
    peer.send(ACK | FIN, b"bye")
    assert peer.state() is TcpState.CLOSE_WAIT
    assert peer.client.peer_closed
    assert peer.received() == b"bye"
    assert peer.one().acknowledgement == peer.next
    peer.client.send(b"still possible", peer.now)
    peer.client.close(peer.now)
    assert peer.state() is TcpState.LAST_ACK
    assert peer.sent()[-1].flags & FIN
    peer.send()
    assert peer.state() is TcpState.CLOSED
    assert peer.client.error is None


def test_fin_before_its_data_waits_for_it(peer: ScriptedPeer) -> None:
    peer.send(ACK | FIN, b"last", at=seq_add(peer.next, 5))
    assert peer.state() is TcpState.ESTABLISHED
    peer.send(data=b"first")
    assert peer.state() is TcpState.CLOSE_WAIT
    assert peer.received() == b"firstlast"


def test_repeated_fin_in_time_wait_is_acknowledged_and_restarts_the_wait(peer: ScriptedPeer) -> None:
    peer.client.close(peer.now)
    peer.sent()
    peer.finish()
    peer.sent()
    first = peer.client.deadline
    peer.now += 1000
    peer.send(ACK | FIN, at=seq_add(peer.next, -1))
    assert peer.one().acknowledgement == peer.next
    assert peer.client.deadline == first + 1000


def test_calls_after_the_end_are_typed_errors(peer: ScriptedPeer) -> None:
    peer.client.close(peer.now)
    with pytest.raises(TcpError, match=r"cannot send to 10.20.0.1:24000: connection is fin-wait-1"):
        peer.client.send(b"x", peer.now)
    peer.client.abort()
    with pytest.raises(TcpError, match=r"closed \(aborted by us\)"):
        peer.client.send(b"x", peer.now)
    peer.client.close(peer.now)
    peer.client.abort()
    assert peer.client.error == "aborted by us"


def test_abort_resets_the_peer(peer: ScriptedPeer) -> None:
    peer.client.send(b"x", peer.now)
    peer.sent()
    peer.client.abort()
    reset = peer.one()
    assert reset.flags == RST | ACK
    assert reset.sequence == peer.seen
    assert peer.client.unacknowledged == 0
