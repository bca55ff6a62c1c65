import pytest

from hftapp.nic.memory import MemoryPort, memory_pair
from hftapp.nic.port import BURST, Port, PortStats

A, B = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")


def test_frames_arrive_in_order_and_are_counted() -> None:
    first, second = memory_pair(A, B)
    assert first.mac == A
    assert second.mac == B
    assert first.tx_burst([b"one", b"three"]) == 2
    assert list(second.rx_burst()) == [b"one", b"three"]
    assert list(second.rx_burst()) == []
    assert first.stats() == PortStats(0, 2, 0, 8, 0, 0)
    assert second.stats() == PortStats(2, 0, 8, 0, 0, 0)


def test_a_burst_is_bounded() -> None:
    first, second = memory_pair(A, B)
    first.tx_burst([b"x"] * (BURST + 3))
    assert len(second.rx_burst()) == BURST
    assert len(second.rx_burst()) == 3


def test_a_full_ring_drops_at_the_receiver() -> None:
    first, second = memory_pair(A, B, capacity=2)
    assert first.tx_burst([b"1", b"2", b"3"]) == 3
    assert list(second.rx_burst()) == [b"1", b"2"]
    assert second.stats().rx_dropped == 1


def test_a_cut_wire_drops_at_the_sender() -> None:
    first, second = memory_pair(A, B)
    second.close()
    second.close()
    assert first.tx_burst([b"1"]) == 0
    assert second.tx_burst([b"1"]) == 0
    assert first.stats().tx_dropped == 1


def test_a_lone_port_replays_what_is_delivered_to_it() -> None:
    port: Port = MemoryPort(A)
    assert isinstance(port, MemoryPort)
    port.deliver(b"recorded")
    assert list(port.rx_burst()) == [b"recorded"]


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="6 bytes, not 2"):
        MemoryPort(b"ab")
    with pytest.raises(ValueError, match="at least 1 frame, not 0"):
        MemoryPort(A, capacity=0)
