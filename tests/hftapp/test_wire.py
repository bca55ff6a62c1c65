"""Both wires: the trader's stack on a memory port, and kernel sockets on loopback."""

import random
import socket
import struct
import time
from collections.abc import Iterator
from ipaddress import IPv4Address, IPv4Interface

import pytest

from hftapp.clock import Clock, manual
from hftapp.net.stack import Stack
from hftapp.nic.memory import MemoryPort
from hftapp.socket_wire import SocketWire
from hftapp.wire import NicWire, Wire

MAC, PEER = bytes.fromhex("525400200010"), bytes.fromhex("020000000001")
GROUP = IPv4Address("239.20.0.1")
LOOPBACK = IPv4Address("127.0.0.1")


def datagram(payload: bytes, port: int) -> bytes:
    """An Ethernet frame with a UDP datagram to the group, without a UDP checksum (RFC 768 allows 0)."""
    udp = struct.pack(">HHHH", 5000, port, 8 + len(payload), 0) + payload
    source, target = IPv4Address("10.20.0.1").packed, GROUP.packed
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 8, 17, 0, source, target)
    total = sum(struct.unpack(">10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack(">H", 0xFFFF ^ (total & 0xFFFF) ^ (total >> 16)) + head[12:]
    return bytes.fromhex("01005e140001") + PEER + b"\x08\x00" + head + udp


def segment() -> bytes:
    """An Ethernet frame with a TCP segment (SYN) that belongs to no connection; its TCP checksum is wrong."""
    tcp = struct.pack(">HHIIBBHHH", 5000, 6000, 1, 0, 0x50, 2, 1000, 0, 0)
    source, target = IPv4Address("10.20.0.1").packed, IPv4Address("10.20.0.10").packed
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 40, 0, 0, 8, 6, 0, source, target)
    total = sum(struct.unpack(">10H", head))
    total = (total & 0xFFFF) + (total >> 16)
    head = head[:10] + struct.pack(">H", 0xFFFF ^ (total & 0xFFFF) ^ (total >> 16)) + head[12:]
    return MAC + PEER + b"\x08\x00" + head + tcp


def burst(wire: Wire, now: int = 0) -> list[tuple[int, bytes]]:
    """Line and payload of everything that one burst holds."""
    return [(wire.line(i), wire.payload(i)) for i in range(wire.rx(now))]


class Nic:
    """A wire with two lines on a port whose frames a test delivers and reads, and a clock that stands still."""

    def __init__(self) -> None:
        self.port = MemoryPort(MAC)
        self.clock = manual(5_000)
        stack = Stack(self.port, IPv4Interface("10.20.0.10/24"), rng=random.Random(1))
        self.wire = NicWire(self.port, stack, ((GROUP, 26401), (GROUP, 26402)), self.clock)


@pytest.fixture
def nic() -> Nic:
    return Nic()


def test_the_nic_wire_joins_receives_by_line_and_counts(nic: Nic) -> None:
    assert any(frame[23] == 2 for frame in nic.port.take_sent())  # IGMP: protocol 2
    assert burst(nic.wire) == []
    assert nic.wire.count == 0
    for frame in (datagram(b"a", 26401), datagram(b"b", 26402), datagram(b"c", 9), b"rubbish"):
        nic.port.deliver(frame)
    nic.clock.time = 7_000
    assert burst(nic.wire) == [(0, b"a"), (1, b"b")]
    assert (nic.wire.count, nic.wire.ticks) == (4, 7_000)
    stats = nic.wire.stats()
    assert stats["rx_frames"] == 4
    assert stats["stack_delivered"] == 2
    assert stats["stack_no_listener"] == 1


def test_the_payload_is_read_where_it_is(nic: Nic) -> None:
    nic.port.deliver(datagram(b"tick", 26402))
    assert nic.wire.rx(0) == 1
    assert (nic.wire.at(0), nic.wire.length(0)) == (42, 4)
    if hasattr(nic.wire, "data"):  # compiled it is a pointer, which Python does not see
        assert bytes(nic.wire.data(0)[42:46]) == b"tick"


def test_bursts_are_bounded(nic: Nic) -> None:
    for number in range(40):
        nic.port.deliver(datagram(bytes([number]), 26401))
    assert [payload[0] for _, payload in burst(nic.wire)] == list(range(32))
    assert [payload[0] for _, payload in burst(nic.wire)] == list(range(32, 40))


def test_a_line_that_is_there_twice_is_named() -> None:
    port = MemoryPort(MAC)
    stack = Stack(port, IPv4Interface("10.20.0.10/24"), rng=random.Random(1))
    with pytest.raises(ValueError, match=r"line 1, 239\.20\.0\.1:26401, is there twice"):
        NicWire(port, stack, ((GROUP, 26401), (GROUP, 26401)), manual())


def test_the_nic_wire_opens_tcp_connections(nic: Nic) -> None:
    nic.port.take_sent()
    channel = nic.wire.connect(IPv4Address("10.20.0.1"), 24000, 0)
    assert any(frame[12:14] == b"\x08\x06" for frame in nic.port.take_sent())  # ARP asks for the gateway first
    assert not channel.established
    assert channel.closed is None
    assert channel.receive(0) == 0
    channel.abort()
    assert channel.closed == "aborted by us"
    nic.wire.close(0)


def test_what_the_stack_answers_by_itself_leaves_with_the_next_frames(nic: Nic) -> None:
    """An ARP request (RFC 826) is answered although nothing is ever sent by the trader."""
    nic.port.take_sent()
    who = PEER + IPv4Address("10.20.0.1").packed + bytes(6) + IPv4Address("10.20.0.10").packed
    nic.port.deliver(b"\xff" * 6 + PEER + bytes.fromhex("08060001080006040001") + who)
    assert burst(nic.wire) == []
    assert nic.port.take_sent() == []
    nic.wire.tx(1)
    (reply,) = nic.port.take_sent()
    assert reply[:6] == PEER
    assert reply[12:22] == bytes.fromhex("08060001080006040002")


def test_market_data_does_not_wait_for_the_segments_in_front_of_it(nic: Nic) -> None:
    """A segment is looked at (here: refused) once the datagram behind it has been handed on."""
    nic.port.deliver(segment())
    nic.port.deliver(datagram(b"tick", 26401))
    assert burst(nic.wire) == [(0, b"tick")]
    assert "stack_bad_checksum_tcp" not in nic.wire.stats()
    nic.wire.settle(0)
    assert nic.wire.stats()["stack_bad_checksum_tcp"] == 1
    nic.wire.settle(0)
    assert nic.wire.stats()["stack_bad_checksum_tcp"] == 1


def test_timers_run_at_their_deadline_under_constant_traffic(nic: Nic) -> None:
    """There is never an empty burst, and still ARP asks again after a second (RFC 1122 §2.3.2.1)."""
    nic.port.take_sent()
    start = 10**9
    nic.wire.connect(IPv4Address("10.20.0.1"), 24000, start)
    asked = []
    for ms in range(0, 1_500, 5):
        now = start + ms * 1_000_000
        nic.port.deliver(datagram(b"x", 26401))
        assert burst(nic.wire, now) == [(0, b"x")]
        if nic.wire.deadline <= now:
            nic.wire.tick(now)
        asked += [ms for frame in nic.port.take_sent() if frame[12:14] == b"\x08\x06"]
    assert asked == [0, 1000]


@pytest.fixture
def ports() -> tuple[int, int]:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as a, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as b:
        a.bind(("127.0.0.1", 0))
        b.bind(("127.0.0.1", 0))
        return a.getsockname()[1], b.getsockname()[1]


@pytest.fixture(params=[False, True], ids=["spin", "wait"])
def sockets(request: pytest.FixtureRequest, ports: tuple[int, int]) -> Iterator[SocketWire]:
    lines = ((GROUP, ports[0]), (GROUP, ports[1]))
    wire = SocketWire(LOOPBACK, lines, Clock(), wait=bool(request.param))
    yield wire
    wire.close(0)


def test_the_socket_wire_receives_by_line(sockets: SocketWire, ports: tuple[int, int]) -> None:
    assert sockets.rx(0) == 0
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, LOOPBACK.packed)
        sender.sendto(b"b", (str(GROUP), ports[1]))
        sender.sendto(b"a", (str(GROUP), ports[0]))
    found: list[tuple[int, bytes]] = []
    end = time.monotonic() + 5
    while len(found) < 2 and time.monotonic() < end:
        found += burst(sockets)
    assert sorted(found) == [(0, b"a"), (1, b"b")]
    assert sockets.stats() == {"rx_frames": 2, "rx_bytes": 2}


def test_between_turns_for_the_order_sessions_the_socket_wire_has_turns_with_nothing(
    sockets: SocketWire, ports: tuple[int, int]
) -> None:
    """The loop shows books to the supervisor in turns with nothing in them only."""
    counts = []
    for _ in range(60):
        assert sockets.rx(0) == 0
        counts.append(sockets.count)
    assert counts[0] == 1
    assert set(counts) == {0, 1}
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, LOOPBACK.packed)
        sender.sendto(b"x", (str(GROUP), ports[0]))
    end = time.monotonic() + 10
    while not sockets.rx(0):
        assert time.monotonic() < end
    assert sockets.count == 1


def test_a_socket_channel_speaks_both_ways_and_notices_the_end(sockets: SocketWire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        channel = sockets.connect(LOOPBACK, listener.getsockname()[1], 0)
        peer, _ = listener.accept()
        end = time.monotonic() + 5
        while not channel.established and time.monotonic() < end:
            sockets.rx(0)
        channel.send(b"hello", 0)
        sockets.tx(0)
        with peer:
            assert peer.recv(10) == b"hello"
            peer.sendall(b"world")
            data = b""
            while data != b"world" and time.monotonic() < end:
                sockets.rx(0)
                data += channel.read(0)
        while channel.closed is None and time.monotonic() < end:
            channel.receive(0)
    assert data == b"world"
    assert channel.closed == "closed by the peer"
    with pytest.raises(ConnectionError, match="closed by the peer"):
        channel.send(b"x", 0)


def test_a_refused_connection_says_so(sockets: SocketWire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    channel = sockets.connect(LOOPBACK, port, 0)
    end = time.monotonic() + 5
    while channel.closed is None and time.monotonic() < end:
        sockets.rx(0)
        assert not channel.established
    assert channel.closed == "Connection refused"
    assert not channel.reserve(10, 0)


def test_an_aborted_channel_is_over(sockets: SocketWire) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        channel = sockets.connect(LOOPBACK, listener.getsockname()[1], 0)
        channel.abort()
    assert channel.closed == "aborted"
    channel.close(0)
    assert channel.closed == "aborted"
