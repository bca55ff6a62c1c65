"""What a stranger could forge: resets, SYNs and acknowledgements out of place (RFC 5961)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from hftapp.net.sequence import seq_add
from hftapp.net.tcp_types import TcpState
from tests.hftapp.net.segments import ACK, RST, SYN

if TYPE_CHECKING:
    from tests.hftapp.net.conftest import ScriptedPeer


def test_exact_reset_ends_the_connection_and_leaves_its_data(peer: ScriptedPeer) -> None:
    peer.send(data=b"before")
    peer.send(RST)
    assert peer.state() is TcpState.CLOSED
    assert peer.client.error == "connection reset by 10.20.0.1:24000"
    assert peer.received() == b"before"
    peer.send(data=b"after")
    assert peer.one().flags == RST, "there is no connection any more (RFC 9293 §3.10.7.1)"
    assert peer.received() == b""


def test_reset_elsewhere_in_the_window_is_challenged(peer: ScriptedPeer) -> None:
    peer.send(RST, at=seq_add(peer.next, 1))
    assert peer.state() is TcpState.ESTABLISHED
    assert peer.one().acknowledgement == peer.next


@pytest.mark.parametrize("distance", [-1, 1 << 20, -(1 << 31)])
def test_reset_outside_the_window_is_ignored(peer: ScriptedPeer, distance: int) -> None:
    peer.send(RST, at=seq_add(peer.next, distance))
    assert peer.state() is TcpState.ESTABLISHED
    assert peer.sent() == []


def test_syn_in_a_connection_is_challenged(peer: ScriptedPeer) -> None:
    peer.send(SYN, at=peer.next)
    assert peer.state() is TcpState.ESTABLISHED
    assert peer.one().flags == ACK


def test_acknowledgement_of_what_was_not_sent_is_challenged_and_its_data_ignored(peer: ScriptedPeer) -> None:
    peer.send(data=b"forged", ack=seq_add(peer.seen, 1), at=peer.next)
    assert peer.received() == b""
    assert peer.client.counters.challenges == 1


def test_absurdly_old_acknowledgement_is_challenged(peer: ScriptedPeer) -> None:
    peer.send(data=b"forged", ack=seq_add(peer.seen, -0x10000), at=peer.next)
    assert peer.received() == b""
    assert peer.client.counters.challenges == 1


def test_challenges_are_bounded_per_second(peer: ScriptedPeer) -> None:
    for _ in range(50):
        peer.send(SYN, at=peer.next)
    assert len(peer.sent()) == 10
    peer.now += 1_000_000_000
    peer.send(SYN, at=peer.next)
    assert len(peer.sent()) == 1


def test_segment_without_acknowledgement_is_ignored(peer: ScriptedPeer) -> None:
    peer.send(0, b"data", at=peer.next)
    assert peer.received() == b""
