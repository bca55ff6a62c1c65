"""The stack on a memory port, against frames that scapy builds."""

import random
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import pytest
from scapy.layers.inet import IP, TCP, UDP, IPOption_Router_Alert
from scapy.layers.l2 import ARP, Dot1Q, Ether

from hftapp.net.path import MAX_WAITING
from hftapp.net.stack import Stack
from hftapp.net.tcp_types import NEVER, TcpState
from hftapp.nic.memory import MemoryPort
from tests.hftapp.net.guarded import Guard

OURS, PEER = "52:54:00:20:00:10", "02:00:00:00:00:01"
GROUP, PORT = IPv4Address("239.20.0.1"), 26401
EXCHANGE = IPv4Address("10.20.0.1")


class Host:
    """A stack on a port whose frames a test delivers and reads."""

    def __init__(self, vlan: int = 0, gateway: IPv4Address | None = None) -> None:
        self.port = MemoryPort(bytes.fromhex(OURS.replace(":", "")))
        self.guard = Guard()
        address = IPv4Interface("10.20.0.10/24")
        self.stack = Stack(self.port, address, gateway=gateway, rng=random.Random(3), vlan=vlan)
        self.stack.join(GROUP, PORT)
        self.sent()

    def receive(self, frame: bytes, now: int = 0) -> tuple[int, bytes] | None:
        """Let a frame arrive; return line and payload when it held a datagram for us."""
        line = self.guard.feed(self.stack, frame, now)
        if line < 0:
            assert line == -1
            return None
        start = self.stack.payload_at
        return line, frame[start : start + self.stack.payload_length]

    def sent(self, now: int = 0) -> list[bytes]:
        """Return the frames that were sent since the last call."""
        self.stack.flush(now)
        return self.port.take_sent()


def ip(**fields: Any) -> IP:
    return IP(**{"src": "10.20.0.1", "dst": "10.20.0.10", **fields})


def feed(payload: bytes = b"tick", *, port: int = PORT, **fields: Any) -> bytes:
    """Return a feed frame as scapy builds it."""
    head = Ether(dst="01:00:5e:14:00:01", src=PEER) / ip(**{"dst": "239.20.0.1", **fields})
    return bytes(head / UDP(sport=5000, dport=port) / payload)


def ours(packet: object) -> bytes:
    return bytes(Ether(dst=OURS, src=PEER) / packet)


def answer_arp(host: Host, now: int = 0) -> None:
    reply = ARP(op=2, hwsrc=PEER, psrc="10.20.0.1", hwdst=OURS, pdst="10.20.0.10")
    assert host.receive(ours(reply), now) is None


# The feed.


@pytest.mark.parametrize("payload", [b"", b"even", b"odd", bytes(1472)])
def test_datagrams_of_a_joined_group_are_delivered_first_and_repeatedly(payload: bytes) -> None:
    host = Host()
    for _ in range(3):
        datagram = host.receive(feed(payload), 0)
        assert datagram == (0, payload)
    assert host.stack.counters.delivered == 3


def test_short_datagrams_are_padded_on_the_wire() -> None:
    host = Host()
    for _ in range(2):
        datagram = host.receive(feed(b"x").ljust(60, b"\0"), 0)
        assert datagram == (0, b"x")


def test_options_before_the_datagram_are_tolerated() -> None:
    host = Host()
    for _ in range(2):
        datagram = host.receive(feed(b"x", options=[IPOption_Router_Alert()]), 0)
        assert datagram == (0, b"x")


@pytest.mark.parametrize("known", [False, True], ids=["first of its flow", "known flow"])
def test_damaged_datagrams_are_counted(known: bool) -> None:
    host = Host()
    good = feed()
    if known:
        host.receive(good, 0)
    damage = {
        "bad_checksum_udp": good[:-1] + b"K",
        "bad_checksum_ip": good[:22] + b"\x01" + good[23:],
        "malformed_udp": good[:38] + b"\xff\xff" + good[40:],
        "malformed_ip": good[:-1],
    }
    for name, frame in damage.items():
        before = host.stack.counters.as_dict()
        assert host.receive(frame, 0) is None
        after = host.stack.counters.as_dict()
        assert after[name] == before[name] + 1, name
    assert host.receive(good, 0) is not None


@pytest.mark.parametrize("known", [False, True])
def test_fragments_are_counted_and_dropped(known: bool) -> None:
    host = Host()
    if known:
        host.receive(feed(), 0)
    assert host.receive(feed(flags="MF"), 0) is None
    assert host.receive(feed(frag=3), 0) is None
    assert host.stack.counters.fragments == 2


def test_what_nobody_joined_is_counted() -> None:
    host = Host()
    host.receive(feed(port=PORT + 1), 0)
    host.receive(feed(dst="239.20.0.9"), 0)
    assert host.stack.counters.no_listener == 2


def test_after_leaving_nothing_is_delivered() -> None:
    host = Host()
    host.stack.join(GROUP, PORT + 1)
    assert host.receive(feed(), 0) is not None
    host.stack.leave(GROUP, PORT)
    assert host.receive(feed(), 0) is None
    assert host.receive(feed(port=PORT + 1), 0) is not None
    assert host.sent() == [], "the group is still wanted for the other port"
    host.stack.leave_all()
    assert host.receive(feed(port=PORT + 1), 0) is None
    assert len(host.sent()) == 1


def test_sources_beyond_the_cache_are_delivered_too() -> None:
    host = Host()
    for number in range(400):
        assert host.receive(feed(src=f"10.21.{number // 200}.{number % 200 + 1}"), 0) is not None


def test_datagrams_carry_the_number_of_their_join() -> None:
    host = Host()
    assert host.stack.join(GROUP, PORT) == 0, "joined already"
    number = host.stack.join(GROUP, PORT + 1)
    for _ in range(2):
        datagrams = [host.receive(feed(port=port), 0) for port in (PORT, PORT + 1)]
        assert [datagram[0] for datagram in datagrams if datagram] == [0, number]
    host.stack.leave(GROUP, PORT)
    assert host.stack.join(GROUP, PORT) not in (0, number), "numbers are not used again"


def test_a_join_without_a_group_is_named() -> None:
    host = Host()
    with pytest.raises(ValueError, match=r"not a multicast group: 10\.20\.0\.1"):
        host.stack.join(EXCHANGE, PORT)
    with pytest.raises(ValueError, match=r"1\.\.65535, not 0"):
        host.stack.join(GROUP, 0)


# What is not for us.


@pytest.mark.parametrize(
    ("frame", "counter"),
    [
        (b"short", "malformed_ethernet"),
        (bytes(Ether(dst="02:00:00:00:00:77", src=PEER) / ip() / UDP()), "not_ours"),
        (ours(ip(dst="10.20.0.11") / UDP()), "not_ours"),
        (ours(ip(src="224.0.0.1") / UDP()), "bad_source"),
        (ours(ip(src="10.20.0.10") / UDP()), "bad_source"),
        (ours(ip(src="10.20.0.255") / UDP()), "bad_source"),
        (ours(ip(proto=89) / b"ospf"), "unknown_protocol"),
        (bytes(Ether(dst=OURS, src=PEER, type=0x86DD) / bytes(40)), "unknown_ethertype"),
        (ours(Dot1Q(vlan=5) / ip() / UDP()), "other_vlan"),
        (ours(b"")[:12] + b"\x81\x00\x00", "malformed_ethernet"),
        (ours(ip(dst="10.20.0.255") / UDP()), "no_listener"),
        (ours(ip(dst="10.20.0.255") / TCP()), "not_ours"),
        (ours(ip(proto=6) / b"cut"), "malformed_tcp"),
        (ours(ip() / TCP(chksum=1)), "bad_checksum_tcp"),
        (ours(ip(proto=2) / b"cut"), "malformed_igmp"),
    ],
)
def test_is_counted_by_name(frame: bytes, counter: str) -> None:
    host = Host()
    assert host.receive(frame, 0) is None
    counted = {name: value for name, value in host.stack.counters.as_dict().items() if value}
    assert counted.pop(counter) == 1
    assert set(counted) <= {"received", "malformed", "bad_checksum", "igmp_reports", "sent"}


def test_a_stranger_is_reset() -> None:
    host = Host()
    host.receive(ours(ip() / TCP(sport=24000, dport=50000, flags="A", seq=5, ack=77)), 0)
    (frame,) = host.sent()
    reset = Ether(frame)
    assert (reset.dst, reset[IP].dst, reset[TCP].dport, reset[TCP].flags, reset[TCP].seq) == (
        PEER,
        "10.20.0.1",
        24000,
        "R",
        77,
    )
    host.receive(ours(ip() / TCP(sport=24000, dport=50000, flags="R")), 0)
    assert host.sent() == []
    assert host.stack.counters.no_connection == 2


# VLANs.


def test_vlan_is_required_and_written() -> None:
    host = Host(vlan=7)
    tagged = Ether(dst="01:00:5e:14:00:01", src=PEER) / Dot1Q(vlan=7) / Ether(feed()).payload
    other = Ether(dst="01:00:5e:14:00:01", src=PEER) / Dot1Q(vlan=8) / Ether(feed()).payload
    for _ in range(2):
        assert host.receive(bytes(tagged), 0) is not None
        assert host.receive(bytes(other), 0) is None
        assert host.receive(feed(), 0) is None
    assert host.stack.counters.other_vlan == 4
    host.stack.connect(EXCHANGE, 24000, 0)
    (request,) = host.sent()
    assert Ether(request)[Dot1Q].vlan == 7
    host.receive(bytes(Ether(dst=OURS, src=PEER) / Dot1Q(vlan=7) / arp_reply()), 0)
    (syn,) = host.sent()
    assert Ether(syn)[Dot1Q].vlan == 7
    assert Ether(syn)[TCP].flags == "S"


def arp_reply() -> ARP:
    return ARP(op=2, hwsrc=PEER, psrc="10.20.0.1", hwdst=OURS, pdst="10.20.0.10")


def test_priority_tag_counts_as_untagged() -> None:
    host = Host()
    tagged = Ether(dst="01:00:5e:14:00:01", src=PEER) / Dot1Q(vlan=0, prio=5) / Ether(feed()).payload
    assert host.receive(bytes(tagged), 0) is not None


# Connections.


def test_handshake_and_an_order() -> None:
    host = Host()
    connection = host.stack.connect(EXCHANGE, 24000, 0)
    (request,) = map(Ether, host.sent())
    assert (request[ARP].op, request[ARP].pdst) == (1, "10.20.0.1")
    host.receive(ours(arp_reply()), 1000)
    (syn,) = map(Ether, host.sent())
    assert (syn.dst, syn[IP].flags, syn[IP].ttl, syn[TCP].flags) == (PEER, "DF", 64, "S")
    host.receive(ours(ip() / TCP(sport=24000, dport=syn.sport, flags="SA", seq=1, ack=syn.seq + 1)), 2000)
    assert connection.state is TcpState.ESTABLISHED
    connection.send(b"order", 3000)
    *_, order = map(Ether, host.sent())
    assert bytes(order[TCP].payload) == b"order"
    rebuilt = order.copy()
    del rebuilt[IP].chksum, rebuilt[IP].len, rebuilt[TCP].chksum
    assert bytes(rebuilt) == bytes(order), "lengths and checksums are what scapy computes"


def test_gateway_is_the_next_hop_for_others() -> None:
    host = Host(gateway=EXCHANGE)
    host.stack.connect(IPv4Address("192.0.2.1"), 24000, 0)
    assert Ether(host.sent()[0])[ARP].pdst == "10.20.0.1"
    answer_arp(host)
    assert Ether(host.sent()[0])[IP].dst == "192.0.2.1"
    host.stack.connect(IPv4Address("192.0.2.2"), 24000, 0)
    assert [Ether(frame)[IP].dst for frame in host.sent()] == ["192.0.2.2"]


def test_no_route_is_named() -> None:
    with pytest.raises(ValueError, match=r"no route to 192\.0\.2\.1: it is outside 10\.20\.0\.0/24"):
        Host().stack.connect(IPv4Address("192.0.2.1"), 24000, 0)
    with pytest.raises(ValueError, match="gateway"):
        Host(gateway=IPv4Address("192.0.2.1"))
    with pytest.raises(ValueError, match="TCP port"):
        Host().stack.connect(EXCHANGE, 70000, 0)


def test_unresolved_next_hop_keeps_few_segments_and_the_connection_fails() -> None:
    host = Host()
    connection = host.stack.connect(EXCHANGE, 24000, 0)
    while connection.state is not TcpState.CLOSED:
        host.stack.tick(max(host.stack.deadline, 1))
        host.sent()
        assert len(connection.path.waiting) <= MAX_WAITING
    assert connection.error == "10.20.0.1:24000 did not acknowledge SYN after 6 retransmissions"
    assert host.stack.counters.arp_unresolved > 0
    host.stack.tick(10**12)
    host.stack.tick(2 * 10**12)
    assert host.stack.deadline == NEVER, "the closed connection is forgotten"


def test_neighbour_that_moves_gets_the_next_segment() -> None:
    host = Host()
    host.stack.connect(EXCHANGE, 24000, 0)
    answer_arp(host)
    host.sent()
    host.receive(bytes(Ether(dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc="02:00:00:00:00:99", psrc="10.20.0.1")), 0)
    host.stack.tick(10**9)
    syns = [frame for frame in map(Ether, host.sent()) if TCP in frame]
    assert [syn.dst for syn in syns] == ["02:00:00:00:00:99"]


def test_two_connections_have_their_own_ports_and_numbers() -> None:
    host = Host()
    first, second = (host.stack.connect(EXCHANGE, 24000, 0) for _ in range(2))
    assert first.local_port != second.local_port
    assert min(first.local_port, second.local_port) >= 49152


def test_deadlines_end_when_everything_is_said() -> None:
    host = Host()
    assert host.stack.deadline == 0
    while host.stack.deadline != NEVER:
        host.stack.tick(max(host.stack.deadline, 1))
    assert len(host.sent()) == 1


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="01:00:5e:00:00:01"):
        Stack(MemoryPort(bytes.fromhex("01005e000001")), IPv4Interface("10.20.0.10/24"), rng=random.Random(1))
    with pytest.raises(ValueError, match="not 4095"):
        Host(vlan=4095)
