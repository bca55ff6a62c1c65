"""Orders built in place: `reserve` and `commit` send what `send` would, and at once."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

from hftapp.net.sequence import seq_add
from hftapp.net.tcp_types import MILLISECOND, TcpConfig, TcpState
from tests.hftapp.net.order_source import ORDER, SIZE, OrderSource
from tests.hftapp.net.segments import ACK, PSH, SYN, Segment

if TYPE_CHECKING:
    from tests.hftapp.net.conftest import ScriptedPeer


def order(number: int) -> bytes:
    return ORDER[:4] + number.to_bytes(4, "big") + ORDER[8:]


def test_an_order_is_on_the_wire_when_commit_returns_and_carries_the_acknowledgement(peer: ScriptedPeer) -> None:
    peer.send(ACK | PSH, b"execution")
    source = OrderSource(1)
    assert not source.pump(peer.client, peer.now, 1)
    assert source.at_once == 1
    (frame,) = peer.port.take_sent()
    assert frame[14 + 40 :] == order(0)
    assert int.from_bytes(frame[42:46], "big") == peer.next
    assert peer.frames() == [], "nothing is owed any more"


def test_it_is_byte_for_byte_what_send_sends(make_peer: Callable[..., ScriptedPeer]) -> None:
    built, sent = make_peer(), make_peer()
    for peer in (built, sent):
        peer.establish()
    OrderSource(3).pump(built.client, built.now, 3)
    for number in range(3):
        sent.client.send(order(number), sent.now)
    assert built.frames() == sent.frames()
    assert built.client.deadline == sent.client.deadline
    assert built.client.unacknowledged == sent.client.unacknowledged == 3 * SIZE


def test_whatever_else_the_stack_sends_between_two_orders(make_peer: Callable[..., ScriptedPeer]) -> None:
    """The headers that were laid out for the next order are there again, with the length of an order."""
    built, sent = make_peer(), make_peer()
    for peer in (built, sent):
        peer.establish()
    for number, between in enumerate(("nothing", "a message", "an acknowledgement", "nothing")):
        OrderSource(1).pump(built.client, built.now, 1)
        sent.client.send(order(0), sent.now)
        for peer in (built, sent):
            if between == "a message":
                peer.client.send(b"odd length", peer.now)
            elif between == "an acknowledgement":
                peer.send(ACK | PSH, b"execution")
        assert built.frames() == sent.frames(), f"after {number} orders, {between}"
    assert built.stack.counters.as_dict() == sent.stack.counters.as_dict()


def test_a_lost_order_goes_again(peer: ScriptedPeer) -> None:
    """RFC 6298 §5: the timer was started by the commit, also as the stack sees it."""
    OrderSource(2).pump(peer.client, peer.now, 2)
    first, second = peer.sent()
    assert (first.data, second.data) == (order(0), order(1))
    assert peer.stack.deadline <= peer.client.deadline == peer.now + 50 * MILLISECOND
    peer.now = peer.client.deadline
    peer.stack.tick(peer.now)
    assert peer.one().data == order(0) + order(1)


def test_nothing_overtakes_what_waits(peer: ScriptedPeer) -> None:
    peer.window = 2 * SIZE
    peer.send()
    source = OrderSource(5)
    assert not source.pump(peer.client, peer.now, 5)
    assert source.at_once == 2
    assert [segment.data for segment in peer.sent()] == [order(0), order(1)]
    peer.window = 0xFFFF
    peer.send()
    assert peer.one().data == b"".join(map(order, (2, 3, 4)))
    peer.send()
    source = OrderSource(1)
    source.pump(peer.client, peer.now, 1)
    assert source.at_once == 1, "back in place when nothing waits"


def test_what_has_to_go_again_goes_first(peer: ScriptedPeer) -> None:
    OrderSource(1).pump(peer.client, peer.now, 1)
    una = peer.one().sequence
    peer.wait()
    peer.sent()
    peer.window = 60_000
    source = OrderSource(1)
    source.pump(peer.client, peer.now, 1)
    assert peer.client.unacknowledged == 2 * SIZE
    peer.send(ack=seq_add(una, SIZE))
    assert peer.sent()[-1].data == order(0)


def test_before_the_handshake_ends_orders_wait(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer()
    assert not OrderSource(2).pump(peer.client, peer.now, 2)
    assert [segment.flags for segment in peer.sent()] == [SYN]
    peer.give(Segment(peer.next, peer.seen, SYN | ACK, 5000, 1000, -1, b""))
    assert peer.one().data == order(0) + order(1)


def test_no_room_when_the_buffer_is_full(make_peer: Callable[..., ScriptedPeer]) -> None:
    peer = make_peer(TcpConfig(send_buffer=120))
    peer.establish()
    source = OrderSource(3)
    assert source.pump(peer.client, peer.now, 3)
    assert source.sent == 2
    assert peer.client.closed is None
    peer.sent()
    peer.send()
    assert not source.pump(peer.client, peer.now, 3)


def test_no_room_when_the_connection_is_over(peer: ScriptedPeer) -> None:
    peer.client.close(peer.now)
    assert not peer.client.reserve(SIZE, peer.now)
    peer.client.abort()
    assert peer.state() is TcpState.CLOSED
    assert not peer.client.reserve(SIZE, peer.now)


def test_wrong_lengths_are_named(peer: ScriptedPeer) -> None:
    for length in (0, -1, 5000):
        with pytest.raises(ValueError, match=f"cannot reserve {length} bytes: a message has 1 to 4096"):
            peer.client.reserve(length, peer.now)
    with pytest.raises(ValueError, match="cannot commit 10 bytes: 0 are reserved"):
        peer.client.commit(10, peer.now)
    assert peer.client.reserve(10, peer.now)
    with pytest.raises(ValueError, match="cannot commit 11 bytes: 10 are reserved"):
        peer.client.commit(11, peer.now)


def test_consuming_more_than_there_is_is_named(peer: ScriptedPeer) -> None:
    peer.send(data=b"abc")
    assert peer.client.receive(peer.now) == 3
    peer.client.consume(1)
    with pytest.raises(ValueError, match="cannot consume 3 bytes: 2 can be read"):
        peer.client.consume(3)
    assert peer.received() == b"bc"


@pytest.mark.parametrize("seed", range(5))
def test_a_stream_of_both_kinds_arrives_whole(make_peer: Callable[..., ScriptedPeer], seed: int) -> None:
    """Many times around a small ring, with acknowledgements that come late or not at all."""
    rng = random.Random(seed)
    peer = make_peer(TcpConfig(send_buffer=3000))
    peer.establish()
    start = peer.seen
    source = OrderSource(3000)
    got = bytearray()
    while len(got) < 3000 * SIZE:
        source.pump(peer.client, peer.now, rng.randrange(6))
        for segment in peer.sent():
            at = (segment.sequence - start) & 0xFFFFFFFF
            if at <= len(got) and rng.random() < 0.8:
                got[at:] = segment.data if at + len(segment.data) >= len(got) else got[at:]
        if rng.random() < 0.7:
            peer.send(ack=seq_add(start, len(got)))
        peer.now += rng.randrange(30) * MILLISECOND
        if peer.client.deadline <= peer.now:
            peer.client.on_timer(peer.now)
    assert bytes(got) == b"".join(map(order, range(3000)))
    assert source.at_once > 300
