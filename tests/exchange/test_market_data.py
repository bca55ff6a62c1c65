"""The publisher with a virtual clock, and its lines as real multicast on loopback."""

import socket
import struct
from ipaddress import IPv4Address
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.clock import SECOND
from exchange.market_data import MulticastLine, Publisher
from exchange.message_store import MessageStore
from protocols import binaryfile, itch50, mold
from protocols.errors import ProtocolError
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


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=120), st.integers(64, 400), st.data())
def test_packets_are_cut_like_those_of_the_packetizer(
    messages: list[bytes], max_payload: int, data: st.DataObject
) -> None:
    wire = Wire()
    publisher = Publisher("S", [wire], max_payload, MessageStore(buffer_size=1 << 16))
    packetizer = mold.Packetizer("S", max_payload=max_payload)
    expected = []
    for message in messages:
        publisher.publish(message)
        expected.append(packetizer.add(message))
        if data.draw(st.booleans()):
            publisher.flush(0)
            expected.append(packetizer.flush())
    publisher.flush(0)
    expected.append(packetizer.flush())
    assert wire.packets == [packet for packet in expected if packet is not None]
    assert publisher.read(1, len(publisher)) == messages
    publisher.close()


def test_a_packet_survives_the_change_of_the_buffer() -> None:
    wire = Wire()
    publisher = Publisher("S", [wire], store=MessageStore(buffer_size=1000))
    messages = [b"%04d" % number * 5 for number in range(200)]
    for message in messages:
        publisher.publish(message)
    publisher.publish(bytes(3000))
    publisher.publish(b"last")
    publisher.flush(0)
    got = [mold.decode(packet) for packet in wire.packets]
    assert [m for packet in got if isinstance(packet, mold.Packet) for m in packet.messages] == [
        *messages,
        bytes(3000),
        b"last",
    ]
    publisher.close()


def test_typed_messages_are_counted_numbered_and_sent(wires: tuple[Wire, Wire]) -> None:
    publisher = Publisher("S", wires)
    publisher.add_order(1, 2, 3, True, 100, b"AAPL    ", 1_500_000)
    publisher.executed(1, 3, 3, 40, 77)
    publisher.deleted(1, 4, 3)
    publisher.flush(0)
    packet = mold.decode(wires[0].packets[0])
    assert isinstance(packet, mold.Packet)
    add, executed, deleted = (itch50.decode(message) for message in packet.messages)
    assert isinstance(add, itch50.AddOrder) and (add.stock, add.price) == ("AAPL", 1_500_000)
    assert isinstance(executed, itch50.OrderExecuted) and executed.executed_shares == 40
    assert isinstance(deleted, itch50.OrderDelete) and deleted.timestamp == 4
    assert publisher.by_type() == {"A": 1, "D": 1, "E": 1}
    assert (publisher.packets, publisher.next_sequence) == (1, 4)


def test_a_heartbeat_does_not_announce_what_is_pending(wires: tuple[Wire, Wire]) -> None:
    publisher = Publisher("S", wires)
    publisher.publish(b"A")
    publisher.tick(0)
    assert mold.decode(wires[0].packets[-1]) == mold.Heartbeat("S", 1)


def test_a_muted_publisher_numbers_and_stores_but_does_not_send(wires: tuple[Wire, Wire]) -> None:
    publisher = Publisher("S", wires)
    publisher.muted = True
    publisher.publish(b"Aone")
    publisher.publish(b"Atwo")
    publisher.flush(0)
    publisher.tick(0)
    publisher.muted = False
    assert wires[0].packets == []
    publisher.publish(b"Athree")
    publisher.flush(1)
    assert mold.decode(wires[0].packets[0]) == mold.Packet("S", 3, (b"Athree",))
    assert publisher.read(1, 9) == [b"Aone", b"Atwo", b"Athree"]
    assert publisher.by_type() == {"A": 3}


def test_after_the_end_there_are_no_messages(wires: tuple[Wire, Wire]) -> None:
    publisher = Publisher("S", wires)
    publisher.end(0)
    with pytest.raises(ValueError, match="session 'S' has ended"):
        publisher.publish(b"A")


def test_venues_do_not_share_anything() -> None:
    wires = Wire(), Wire()
    venues = [Publisher(name, [wire]) for name, wire in zip(("XONE", "XTWO"), wires, strict=True)]
    venues[0].publish(b"A")
    venues[0].publish(b"B")
    venues[1].publish(b"C")
    for venue in venues:
        venue.flush(0)
    assert mold.decode(wires[0].packets[0]) == mold.Packet("XONE", 1, (b"A", b"B"))
    assert mold.decode(wires[1].packets[0]) == mold.Packet("XTWO", 1, (b"C",))


def test_the_file_of_a_session_that_ended_is_complete(tmp_path: Path) -> None:
    publisher = Publisher("S", [], store=MessageStore(tmp_path / "feed"))
    publisher.publish(b"A")
    publisher.end(0)
    publisher.close()
    reader = binaryfile.read(tmp_path / "feed")
    assert list(reader) == [b"A"]
    assert reader.complete


def test_a_session_needs_an_empty_store() -> None:
    store = MessageStore()
    store.append(b"A")
    with pytest.raises(ValueError, match="holds 1 messages already"):
        Publisher("S", [], store=store)


def test_a_session_name_that_does_not_fit_is_refused_at_once() -> None:
    with pytest.raises(ProtocolError, match="session"):
        Publisher("ELEVENCHARS", [])
