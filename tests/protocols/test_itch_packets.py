"""Messages of a file become packets: of one time together, in their order, each message once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import mold
from protocols.errors import TruncatedError
from protocols.itch_packets import packed, timed


def message(time: int, rest: bytes = b"") -> bytes:
    return b"S\0\0\0\0" + time.to_bytes(6, "big") + rest


@given(st.lists(st.tuples(st.integers(0, 3), st.binary(max_size=700))))
def test_every_message_is_in_one_packet_of_its_time(rows: list[tuple[int, bytes]]) -> None:
    found: list[tuple[int, bytes]] = []
    following = 1
    for time, payload in packed(rows, mold.Packetizer("S")):
        packet = mold.decode(payload)
        assert isinstance(packet, mold.Packet)
        assert packet.sequence == following
        following += len(packet.messages)
        found += [(time, each) for each in packet.messages]
    assert found == rows


def test_messages_of_one_time_share_a_packet() -> None:
    rows = [(1, b"a"), (1, b"b"), (2, b"c")]
    assert [time for time, _ in packed(rows, mold.Packetizer("S"))] == [1, 2]


def test_a_message_without_a_time_is_named() -> None:
    messages = [message(77), message(78, b"O"), message(79)[:10]]
    found = timed(messages)
    assert [next(found), next(found)] == [(77, messages[0]), (78, messages[1])]
    with pytest.raises(TruncatedError, match="message 3 has no time stamp"):
        next(found)
