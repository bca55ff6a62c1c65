"""Lines: real multicast on loopback, and the skew between two lines in virtual time."""

from ipaddress import IPv4Address

import pytest

from exchange.lines import MulticastLine, SkewedLine
from tests.exchange.recording_line import Wire

LOOPBACK = IPv4Address("127.0.0.1")


class Clock:
    def __init__(self) -> None:
        self.now = 0

    def __call__(self) -> int:
        return self.now


def test_a_skewed_line_lags_by_its_delay() -> None:
    clock, wire = Clock(), Wire()
    line = SkewedLine(wire, 500, clock)
    line.send(b"one")
    clock.now = 100
    line.send(b"two")
    assert line.next_deadline() == 500
    line.release(499)
    assert wire.packets == []
    line.release(500)
    assert wire.packets == [b"one"]
    assert line.next_deadline() == 600
    line.release(10_000)
    assert wire.packets == [b"one", b"two"]
    assert line.next_deadline() is None


def test_packets_never_overtake_when_the_delay_is_changed() -> None:
    clock, wire = Clock(), Wire()
    line = SkewedLine(wire, 500, clock)
    line.send(b"one")
    line.delay = 0
    line.send(b"two")
    line.release(499)
    assert wire.packets == []
    line.release(500)
    line.send(b"three")
    assert wire.packets == [b"one", b"two", b"three"]


def test_what_a_skewed_line_cannot_hold_is_lost_and_counted() -> None:
    wire = Wire()
    line = SkewedLine(wire, 1, Clock(), capacity=2)
    for packet in (b"1", b"2", b"3"):
        line.send(packet)
    line.release(1)
    assert wire.packets == [b"1", b"2"]
    assert line.lost == 1


def test_a_line_cannot_be_ahead() -> None:
    with pytest.raises(ValueError, match="delay -1 ns"):
        SkewedLine(Wire(), -1, Clock())


def test_a_packet_that_cannot_be_sent_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    line = MulticastLine(IPv4Address("239.20.9.1"), 26401, LOOPBACK)
    try:
        for _ in range(2):
            line.send(bytes(70_000))
        assert line.lost == 2
        assert len(caplog.records) == 1
    finally:
        line.close()


def test_an_interface_that_is_not_ours_is_an_error() -> None:
    with pytest.raises(OSError, match="assign"):
        MulticastLine(IPv4Address("239.20.9.1"), 26401, IPv4Address("192.0.2.1"))
