"""The publisher with a virtual clock, and its lines as real multicast on loopback."""

import socket
import struct
from ipaddress import IPv4Address

import pytest

from exchange.clock import SECOND
from exchange.market_data import MulticastLine, Publisher
from protocols import mold
from tests.exchange.recording_line import Wire

LOOPBACK = IPv4Address("127.0.0.1")


@pytest.fixture
def wires() -> tuple[Wire, Wire]:
    return Wire(), Wire()


def test_messages_wait_for_the_flush_and_go_to_both_lines(wires: tuple[Wire, Wire]) -> None:
    publisher = Publisher("SESSION", wires)
    publisher.publish(b"Aone")
    publisher.publish(b"Dtwo")
    assert wires[0].packets == []
    publisher.flush(0)
    assert wires[0].packets == wires[1].packets == [b"SESSION   " + struct.pack(">QH", 1, 2) + b"\0\4Aone\0\4Dtwo"]
    assert publisher.by_type() == {"A": 1, "D": 1}
    assert publisher.next_sequence == 3


def test_a_full_packet_leaves_by_itself(wires: tuple[Wire, Wire]) -> None:
    publisher = Publisher("S", wires, max_payload=20 + 2 * 12)
    for letter in b"ABCDE":
        publisher.publish(bytes([letter]) * 10)
    publisher.flush(0)
    packets = [mold.decode(packet) for packet in wires[0].packets]
    assert [(p.sequence, len(p.messages)) for p in packets if isinstance(p, mold.Packet)] == [(1, 2), (3, 2), (5, 1)]
    assert publisher.packets == 3


def test_heartbeats_fill_silence_every_second(wires: tuple[Wire, Wire]) -> None:
    publisher = Publisher("S", wires)
    publisher.tick(5)
    assert mold.decode(wires[0].packets[-1]) == mold.Heartbeat("S", 1)
    publisher.publish(b"A")
    publisher.flush(SECOND)
    publisher.tick(2 * SECOND - 1)
    assert len(wires[0].packets) == 2
    assert publisher.next_deadline() == 2 * SECOND
    publisher.tick(2 * SECOND)
    assert mold.decode(wires[0].packets[-1]) == mold.Heartbeat("S", 2)
    assert publisher.heartbeats == 2


def test_the_end_of_the_session_is_repeated(wires: tuple[Wire, Wire]) -> None:
    publisher = Publisher("S", wires)
    publisher.publish(b"A")
    publisher.end(0)
    publisher.tick(SECOND // 2 - 1)
    publisher.tick(SECOND // 2)
    data, *ends = (mold.decode(packet) for packet in wires[1].packets)
    assert isinstance(data, mold.Packet)
    assert ends == [mold.EndOfSession("S", 2)] * 2


def listen(group: str, port: int) -> socket.socket:
    receiver = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    receiver.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    receiver.bind((group, port))
    membership = socket.inet_aton(group) + LOOPBACK.packed
    receiver.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, membership)
    receiver.settimeout(10)
    return receiver


def test_both_lines_arrive_over_real_multicast(feed_ports: tuple[int, int]) -> None:
    groups = [IPv4Address("239.20.9.1"), IPv4Address("239.20.9.2")]
    receivers = [listen(str(group), port) for group, port in zip(groups, feed_ports, strict=True)]
    lines = [MulticastLine(group, port, LOOPBACK) for group, port in zip(groups, feed_ports, strict=True)]
    try:
        publisher = Publisher("S", lines)
        publisher.tick(0)
        publisher.publish(b"Aone")
        publisher.flush(1)
        publisher.end(2)
        for receiver in receivers:
            assert mold.decode(receiver.recv(2048)) == mold.Heartbeat("S", 1)
            assert mold.decode(receiver.recv(2048)) == mold.Packet("S", 1, (b"Aone",))
            assert mold.decode(receiver.recv(2048)) == mold.EndOfSession("S", 2)
    finally:
        for receiver in receivers:
            receiver.close()
        for line in lines:
            line.close()


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
