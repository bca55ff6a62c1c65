import pytest

from hftapp.nic.frame_ring import SLOT
from hftapp.nic.memory import QUEUE, MemoryPort, memory_pair
from hftapp.nic.port import BURST, PortStats
from tests.hftapp.nic.frames import burst, transmit

A, B = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")


def test_frames_arrive_in_order_and_are_counted() -> None:
    first, second = memory_pair(A, B)
    assert first.mac == A
    assert second.mac == B
    assert transmit(first, [b"one", b"three"]) == 2
    assert burst(second) == [b"one", b"three"]
    assert burst(second) == []
    assert first.stats() == PortStats(0, 2, 0, 8, 0, 0)
    assert second.stats() == PortStats(2, 0, 8, 0, 0, 0)


def test_nothing_leaves_before_the_doorbell() -> None:
    first, second = memory_pair(A, B)
    first.room()[:3] = b"one"
    assert first.send(3)
    assert burst(second) == []
    first.flush()
    assert burst(second) == [b"one"]


def test_a_burst_is_bounded() -> None:
    first, second = memory_pair(A, B)
    transmit(first, [b"x"] * (BURST + 3))
    assert second.rx_burst() == BURST
    assert second.rx_burst() == 3


def test_a_burst_stays_readable_while_more_arrives() -> None:
    first, second = memory_pair(A, B, capacity=2)
    transmit(first, [b"1", b"2"])
    assert second.rx_burst() == 2
    transmit(first, [b"3"])
    assert [bytes(second.frame(i)) for i in range(2)] == [b"1", b"2"]
    assert second.stats().rx_dropped == 1, "a slot that is being read is not free"


def test_the_ring_goes_round() -> None:
    first, second = memory_pair(A, B, capacity=3)
    for number in range(20):
        sent = [bytes([number, place]) for place in range(3)]
        assert transmit(first, sent) == 3
        assert burst(second) == sent
        assert burst(second) == [], "a burst is given back at the next one"


def test_a_full_ring_drops_at_the_receiver() -> None:
    first, second = memory_pair(A, B, capacity=2)
    assert transmit(first, [b"1", b"2", b"3"]) == 3
    assert burst(second) == [b"1", b"2"]
    assert second.stats().rx_dropped == 1


def test_a_full_queue_drops_at_the_sender() -> None:
    first, second = memory_pair(A, B)
    assert transmit(first, [b"x"] * (QUEUE + 1)) == QUEUE
    assert first.stats().tx_dropped == 1
    assert second.rx_burst() == BURST


def test_a_frame_too_long_for_any_card_is_dropped() -> None:
    port = MemoryPort(A)
    port.deliver(bytes(SLOT + 1))
    port.deliver(bytes(SLOT))
    assert burst(port) == [bytes(SLOT)]
    assert port.stats().rx_dropped == 1
    assert not port.send(SLOT + 1)


def test_a_cut_wire_drops_at_the_sender() -> None:
    first, second = memory_pair(A, B)
    second.close()
    second.close()
    assert transmit(first, [b"1"]) == 0
    assert transmit(second, [b"1"]) == 0
    assert first.stats().tx_dropped == 1
    assert first.take_sent() == []


def test_a_lone_port_receives_what_is_delivered_to_it() -> None:
    port = MemoryPort(A)
    port.deliver(b"recorded")
    assert burst(port) == [b"recorded"]


def test_a_lone_port_keeps_what_it_sent() -> None:
    port = MemoryPort(A, capacity=2)
    assert transmit(port, [b"1", b"2", b"3"]) == 3
    assert port.take_sent() == [b"1", b"2"]
    assert port.take_sent() == []
    assert port.stats().tx_dropped == 1
    transmit(port, [b"4"])
    assert port.discard_sent() == 1
    assert port.take_sent() == []


def test_what_is_read_past_the_end_of_a_frame_is_found_out() -> None:
    port = MemoryPort(A)
    port.deliver(b"short")
    assert port.rx_burst() == 1
    with pytest.raises(IndexError):
        port.frame(0)[5]


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="6 bytes, not 2"):
        MemoryPort(b"ab")
    with pytest.raises(ValueError, match="at least 1 frame, not 0"):
        MemoryPort(A, capacity=0)
