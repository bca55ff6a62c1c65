"""Order messages in TCP segments: several in one, one over several, retransmitted, damaged."""

from protocols import soup
from protocols.order_capture import CapturedOrder, CapturedOrders
from protocols.tcp_capture import ACK, SYN, TcpSegment
from tests.office.latency.run_maker import accepted_message, enter_order


def segment(sequence: int, payload: bytes, sent: bool = True, flags: int = ACK) -> TcpSegment:
    ends = (1, 10, 2, 20) if sent else (2, 20, 1, 10)
    return TcpSegment(*ends, sequence, 0, flags, payload)


def order(reference: int) -> bytes:
    return soup.UnsequencedData(enter_order(reference)).encode()


def begun() -> CapturedOrders:
    wire = CapturedOrders()
    assert list(wire.take(0, segment(99, b"", flags=SYN))) == []
    return wire


def seen(messages: list[CapturedOrder]) -> list[tuple[int, int, str]]:
    return [(message.time, message.reference, message.message.TYPE) for message in messages]


def test_several_messages_in_a_segment_all_went_by_with_it() -> None:
    data = order(1) + soup.ClientHeartbeat().encode() + order(2)
    assert seen(list(begun().take(50, segment(100, data)))) == [(50, 1, "O"), (50, 2, "O")]


def test_a_message_over_several_segments_went_by_with_its_last_byte() -> None:
    wire, data = begun(), order(1) + order(2)
    cut = len(order(1)) + 10
    assert seen(list(wire.take(50, segment(100, data[:cut])))) == [(50, 1, "O")]
    assert list(wire.take(60, segment(100 + cut, data[cut : cut + 5]))) == []
    assert seen(list(wire.take(70, segment(105 + cut, data[cut + 5 :])))) == [(70, 2, "O")]


def test_a_message_whose_beginning_came_last_went_by_then() -> None:
    wire, data = begun(), order(1)
    assert list(wire.take(50, segment(120, data[20:]))) == []
    assert seen(list(wire.take(80, segment(100, data[:20])))) == [(80, 1, "O")]


def test_a_retransmission_is_no_second_message() -> None:
    wire, data = begun(), order(1)
    assert len(list(wire.take(50, segment(100, data)))) == 1
    assert list(wire.take(90, segment(100, data))) == []


def test_both_directions_are_told_apart() -> None:
    wire = begun()
    (sent,) = wire.take(50, segment(100, order(1)))
    (answer,) = wire.take(60, segment(500, soup.SequencedData(accepted_message(1)).encode(), sent=False))
    assert (sent.sent, answer.sent, answer.message.TYPE, answer.reference) == (True, False, "A", 1)
    assert sent.flow == answer.flow.reverse
    assert (sent.payload, answer.payload) == (enter_order(1), accepted_message(1))


def test_a_damaged_stream_is_counted_and_goes_on_with_the_next_segment() -> None:
    wire = begun()
    assert list(wire.take(50, segment(100, b"\x00\x05?????"))) == []
    assert seen(list(wire.take(60, segment(107, order(3))))) == [(60, 3, "O")]
    assert wire.damaged == 1


def test_a_capture_that_begins_inside_a_message_loses_no_other() -> None:
    """The symbol HDS and what follows it look like a packet of 18,500 bytes of the type S."""
    message = soup.SequencedData(accepted_message(1, symbol="HDS")).encode()
    wire, at = CapturedOrders(), message.index(b"HDS")
    assert list(wire.take(50, segment(500 + at, message[at:], sent=False))) == []
    following = soup.SequencedData(accepted_message(2)).encode()
    taken = [
        seen(list(wire.take(60 + n, segment(500 + len(message) + n * len(following), following, sent=False))))
        for n in range(3)
    ]
    assert taken == [[(60 + n, 2, "A")] for n in range(3)]


def test_bytes_that_the_capture_lost_are_those_of_order_connections() -> None:
    wire = begun()
    assert list(wire.take(40, segment(120, order(2)))) == []
    answer = TcpSegment(2, 20, 1, 10, 500, 120 + len(order(2)), ACK, b"")
    assert seen(list(wire.take(50, answer))) == [(40, 2, "O")]
    assert wire.lost == 20


def test_other_connections_are_no_damage() -> None:
    wire = begun()
    other = (5, 80, 6, 9400)
    assert list(wire.take(40, TcpSegment(*other, 99, 0, SYN, b""))) == []
    assert list(wire.take(50, TcpSegment(*other, 100, 0, ACK, b"GET / HTTP/1.1"))) == []
    assert list(wire.take(51, TcpSegment(*other, 200, 0, ACK, b"more"))) == []
    assert list(wire.take(52, TcpSegment(6, 9400, 5, 80, 1, 204, ACK, b""))) == []
    assert len(list(wire.take(60, segment(100, order(3))))) == 1
    assert wire.streams.lost == 86
    assert (wire.damaged, wire.lost) == (0, 0)


def test_a_packet_without_an_ouch_message_is_counted() -> None:
    wire = begun()
    assert list(wire.take(50, segment(100, soup.UnsequencedData(b"?").encode() + order(1)))) != []
    assert wire.undecoded == 1
