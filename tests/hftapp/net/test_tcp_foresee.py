"""What a session expects to send next is laid out in the room ahead of time; interpreted, because it looks into rooms.

Compiled, every order of `hftos bench icount` and of the replay is one that was laid out so, and compared byte for byte.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.hftapp.net.order_source import ORDER, SIZE, OrderSource
from tests.hftapp.net.segments import ACK

if TYPE_CHECKING:
    from tests.hftapp.net.conftest import ScriptedPeer


def test_what_is_foreseen_stands_in_the_room_already(peer: ScriptedPeer) -> None:
    client = peer.client
    client.foresee(ORDER, SIZE)
    assert not client.laid, "not before a room was made"
    for number in range(3):
        assert client.reserve(SIZE, peer.now)
        assert client.laid
        assert bytes(client.out[client.out_at : client.out_at + SIZE]) == ORDER
        client.out[client.out_at + 4 : client.out_at + 8] = number.to_bytes(4, "big")
        client.commit(SIZE, peer.now)
        (frame,) = peer.port.take_sent()
        assert frame[14 + 40 :] == ORDER[:4] + number.to_bytes(4, "big") + ORDER[8:]


def test_it_stands_there_again_after_anything_else_was_sent(peer: ScriptedPeer) -> None:
    client = peer.client
    client.foresee(ORDER, SIZE)
    OrderSource(1).pump(client, peer.now, 1)
    for text in (b"odd length", b"x" * 200):
        client.send(text, peer.now)
        peer.frames()
        assert client.reserve(SIZE, peer.now)
        assert client.laid
        assert bytes(client.out[client.out_at : client.out_at + SIZE]) == ORDER


def test_it_does_not_stand_in_a_room_aside(peer: ScriptedPeer) -> None:
    client = peer.client
    client.foresee(ORDER, SIZE)
    peer.window = 0
    peer.send(ACK)
    assert client.reserve(SIZE, peer.now), "it waits for the window"
    assert not client.laid
