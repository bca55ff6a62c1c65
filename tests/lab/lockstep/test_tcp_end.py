"""The exchange's end of a connection over a link that loses nothing, against segments as a guest sends them."""

import pytest

from lab.lockstep.frames import ACK, FIN, PSH, RST, SYN, Segment
from lab.lockstep.tcp_end import TcpEnd, TcpEndError

PORT, GUEST = 24000, 40000
LAST = 0xFFFF_FFFF


def guest(sequence: int, acknowledgement: int, flags: int, payload: bytes = b"", port: int = GUEST) -> Segment:
    return Segment(port, PORT, sequence, acknowledgement, flags, payload)


def opened(sequence: int = 100) -> tuple[TcpEnd, int]:
    """A connection, and the number of our first byte."""
    end = TcpEnd(PORT)
    end.on_segment(guest(sequence, 0, SYN))
    (answer,) = end.out
    assert (answer.flags, answer.acknowledgement) == (SYN | ACK, sequence + 1 & LAST)
    end.out.clear()
    return end, answer.sequence + 1


def test_bytes_come_in_order_and_are_confirmed_by_what_is_sent() -> None:
    end, ours = opened()
    assert end.on_segment(guest(101, ours, PSH | ACK, b"abc")) == b"abc"
    assert end.owed
    end.send(b"xy")
    (segment,) = end.out
    assert (segment.sequence, segment.acknowledgement, segment.payload) == (ours, 104, b"xy")
    assert not end.owed
    assert end.acknowledged < end.sent == 2
    end.on_segment(guest(104, ours + 2, ACK))
    assert end.acknowledged == 2


def test_what_is_not_answered_is_acknowledged_alone_and_once() -> None:
    end, ours = opened()
    end.on_segment(guest(101, ours, PSH | ACK, b"R"))
    end.acknowledge()
    end.acknowledge()
    (segment,) = end.out
    assert (segment.flags, segment.acknowledgement, segment.payload) == (ACK, 102, b"")


def test_a_repeated_segment_gives_no_byte_twice() -> None:
    end, ours = opened()
    end.on_segment(guest(101, ours, PSH | ACK, b"abc"))
    assert end.on_segment(guest(101, ours, PSH | ACK, b"abcde")) == b"de"
    assert end.on_segment(guest(101, ours, PSH | ACK, b"ab")) == b""


def test_numbers_begin_again_at_zero() -> None:
    end, ours = opened(LAST - 1)
    assert end.on_segment(guest(LAST, ours, PSH | ACK, b"abc")) == b"abc"
    assert end.on_segment(guest(2, ours, PSH | ACK, b"d")) == b"d"


def test_a_gap_is_an_error_on_a_link_without_loss() -> None:
    end, ours = opened()
    with pytest.raises(TcpEndError, match="5 bytes are missing in front of a segment of 1"):
        end.on_segment(guest(106, ours, PSH | ACK, b"x"))


def test_a_fin_is_answered_with_one() -> None:
    end, ours = opened()
    end.on_segment(guest(101, ours, FIN | ACK))
    assert [segment.flags for segment in end.out] == [FIN | ACK]
    assert (end.out[0].acknowledgement, end.closed) == (102, True)


def test_a_fin_that_answers_ours_is_counted_once() -> None:
    end, ours = opened()
    end.finish()
    for _ in range(2):
        end.on_segment(guest(101, ours + 1, FIN | ACK))
    end.on_segment(guest(102, ours + 1, ACK))
    assert [segment.flags for segment in end.out] == [FIN | ACK]
    assert end.owed


def test_a_reset_ends_the_connection_and_a_syn_begins_another() -> None:
    end, ours = opened()
    end.on_segment(guest(101, ours, RST))
    assert (end.established, end.closed) == (False, True)
    end.on_segment(guest(900, 0, SYN, port=GUEST + 1))
    assert (end.established, end.closed, end.sent) == (True, False, 0)
    assert end.on_segment(guest(102, ours, ACK, b"old")) == b""  # of the connection before


def test_segments_to_another_port_are_not_ours() -> None:
    end, _ = opened()
    assert end.on_segment(Segment(GUEST, PORT + 1, 101, 0, ACK, b"x")) == b""
