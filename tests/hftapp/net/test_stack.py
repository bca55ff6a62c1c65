"""The stack on a memory port, against frames that scapy builds."""

import random
from ipaddress import IPv4Address, IPv4Interface
from typing import Any

import pytest
from scapy.layers.inet import IP, TCP, UDP, IPOption_Router_Alert
from scapy.layers.l2 import ARP, Dot1Q, Ether

from hftapp.net.stack import MAX_WAITING, Stack
from hftapp.net.tcp_types import TcpState
from hftapp.nic.memory import memory_pair

OURS, PEER = "52:54:00:20:00:10", "02:00:00:00:00:01"
GROUP, PORT = IPv4Address("239.20.0.1"), 26401
EXCHANGE = IPv4Address("10.20.0.1")


def make_stack(vlan: int = 0, gateway: IPv4Address | None = None) -> Stack:
    mac = bytes.fromhex(OURS.replace(":", ""))
    stack = Stack(mac, IPv4Interface("10.20.0.10/24"), gateway=gateway, rng=random.Random(3), vlan=vlan)
    stack.join(GROUP, PORT)
    stack.take_frames()
    return stack


def ip(**fields: Any) -> IP:
    return IP(**{"src": "10.20.0.1", "dst": "10.20.0.10", **fields})


def feed(payload: bytes = b"tick", *, port: int = PORT, **fields: Any) -> bytes:
    """Return a feed frame as scapy builds it."""
    head = Ether(dst="01:00:5e:14:00:01", src=PEER) / ip(**{"dst": "239.20.0.1", **fields})
    return bytes(head / UDP(sport=5000, dport=port) / payload)


def ours(packet: object) -> bytes:
    return bytes(Ether(dst=OURS, src=PEER) / packet)


def answer_arp(stack: Stack, now: int = 0) -> None:
    reply = ARP(op=2, hwsrc=PEER, psrc="10.20.0.1", hwdst=OURS, pdst="10.20.0.10")
    assert stack.on_frame(ours(reply), now) is None


# The feed.


@pytest.mark.parametrize("payload", [b"", b"even", b"odd", bytes(1472)])
def test_datagrams_of_a_joined_group_are_delivered_first_and_repeatedly(payload: bytes) -> None:
    stack = make_stack()
    for _ in range(3):
        datagram = stack.on_frame(feed(payload), 0)
        assert datagram == (GROUP, PORT, EXCHANGE, payload, 0)
    assert stack.counters.delivered == 3


def test_short_datagrams_are_padded_on_the_wire() -> None:
    stack = make_stack()
    for _ in range(2):
        datagram = stack.on_frame(feed(b"x").ljust(60, b"\0"), 0)
        assert datagram is not None
        assert datagram.payload == b"x"


def test_options_before_the_datagram_are_tolerated() -> None:
    stack = make_stack()
    for _ in range(2):
        datagram = stack.on_frame(feed(b"x", options=[IPOption_Router_Alert()]), 0)
        assert datagram is not None
        assert datagram.payload == b"x"


@pytest.mark.parametrize("known", [False, True], ids=["first of its flow", "known flow"])
def test_damaged_datagrams_are_counted(known: bool) -> None:
    stack = make_stack()
    good = feed()
    if known:
        stack.on_frame(good, 0)
    damage = {
        "bad_checksum_udp": good[:-1] + b"K",
        "bad_checksum_ip": good[:22] + b"\x01" + good[23:],
        "malformed_udp": good[:38] + b"\xff\xff" + good[40:],
        "malformed_ip": good[:-1],
    }
    for name, frame in damage.items():
        before = stack.counters.as_dict()
        assert stack.on_frame(frame, 0) is None
        after = stack.counters.as_dict()
        assert after[name] == before[name] + 1, name
    assert stack.on_frame(good, 0) is not None


@pytest.mark.parametrize("known", [False, True])
def test_fragments_are_counted_and_dropped(known: bool) -> None:
    stack = make_stack()
    if known:
        stack.on_frame(feed(), 0)
    assert stack.on_frame(feed(flags="MF"), 0) is None
    assert stack.on_frame(feed(frag=3), 0) is None
    assert stack.counters.fragments == 2


def test_what_nobody_joined_is_counted() -> None:
    stack = make_stack()
    stack.on_frame(feed(port=PORT + 1), 0)
    stack.on_frame(feed(dst="239.20.0.9"), 0)
    assert stack.counters.no_listener == 2


def test_after_leaving_nothing_is_delivered() -> None:
    stack = make_stack()
    stack.join(GROUP, PORT + 1)
    assert stack.on_frame(feed(), 0) is not None
    stack.leave(GROUP, PORT)
    assert stack.on_frame(feed(), 0) is None
    assert stack.on_frame(feed(port=PORT + 1), 0) is not None
    assert stack.take_frames() == [], "the group is still wanted for the other port"
    stack.leave_all()
    assert stack.on_frame(feed(port=PORT + 1), 0) is None
    assert len(stack.take_frames()) == 1


def test_sources_beyond_the_cache_are_delivered_too() -> None:
    stack = make_stack()
    for number in range(400):
        assert stack.on_frame(feed(src=f"10.21.{number // 200}.{number % 200 + 1}"), 0) is not None
    assert len(stack._flows) == 256


def test_datagrams_carry_the_number_of_their_join() -> None:
    stack = make_stack()
    assert stack.join(GROUP, PORT) == 0, "joined already"
    number = stack.join(GROUP, PORT + 1)
    for _ in range(2):
        datagrams = [stack.on_frame(feed(port=port), 0) for port in (PORT, PORT + 1)]
        assert [datagram.subscription for datagram in datagrams if datagram] == [0, number]
    stack.leave(GROUP, PORT)
    assert stack.join(GROUP, PORT) not in (0, number), "numbers are not used again"


def test_a_join_without_a_group_is_named() -> None:
    stack = make_stack()
    with pytest.raises(ValueError, match=r"not a multicast group: 10\.20\.0\.1"):
        stack.join(EXCHANGE, PORT)
    with pytest.raises(ValueError, match=r"1\.\.65535, not 0"):
        stack.join(GROUP, 0)


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
    stack = make_stack()
    assert stack.on_frame(frame, 0) is None
    counted = {name: value for name, value in stack.counters.as_dict().items() if value}
    assert counted.pop(counter) == 1
    assert set(counted) <= {"received", "malformed", "bad_checksum", "igmp_reports", "sent"}


def test_a_stranger_is_reset() -> None:
    stack = make_stack()
    stack.on_frame(ours(ip() / TCP(sport=24000, dport=50000, flags="A", seq=5, ack=77)), 0)
    (frame,) = stack.take_frames()
    reset = Ether(frame)
    assert (reset.dst, reset[IP].dst, reset[TCP].dport, reset[TCP].flags, reset[TCP].seq) == (
        PEER,
        "10.20.0.1",
        24000,
        "R",
        77,
    )
    stack.on_frame(ours(ip() / TCP(sport=24000, dport=50000, flags="R")), 0)
    assert stack.take_frames() == []
    assert stack.counters.no_connection == 2


# VLANs.


def test_vlan_is_required_and_written() -> None:
    stack = make_stack(vlan=7)
    tagged = Ether(dst="01:00:5e:14:00:01", src=PEER) / Dot1Q(vlan=7) / Ether(feed()).payload
    other = Ether(dst="01:00:5e:14:00:01", src=PEER) / Dot1Q(vlan=8) / Ether(feed()).payload
    for _ in range(2):
        assert stack.on_frame(bytes(tagged), 0) is not None
        assert stack.on_frame(bytes(other), 0) is None
        assert stack.on_frame(feed(), 0) is None
    assert stack.counters.other_vlan == 4
    stack.connect(EXCHANGE, 24000, 0)
    (request,) = stack.take_frames()
    assert Ether(request)[Dot1Q].vlan == 7
    stack.on_frame(bytes(Ether(dst=OURS, src=PEER) / Dot1Q(vlan=7) / arp_reply()), 0)
    (syn,) = stack.take_frames()
    assert Ether(syn)[Dot1Q].vlan == 7
    assert Ether(syn)[TCP].flags == "S"


def arp_reply() -> ARP:
    return ARP(op=2, hwsrc=PEER, psrc="10.20.0.1", hwdst=OURS, pdst="10.20.0.10")


def test_priority_tag_counts_as_untagged() -> None:
    stack = make_stack()
    tagged = Ether(dst="01:00:5e:14:00:01", src=PEER) / Dot1Q(vlan=0, prio=5) / Ether(feed()).payload
    assert stack.on_frame(bytes(tagged), 0) is not None


# Connections.


def test_handshake_over_a_memory_port() -> None:
    near, far = memory_pair(bytes.fromhex(OURS.replace(":", "")), bytes.fromhex(PEER.replace(":", "")))
    stack = make_stack()
    connection = stack.connect(EXCHANGE, 24000, 0)
    near.tx_burst(stack.take_frames())
    (request,) = [Ether(frame) for frame in far.rx_burst()]
    assert (request[ARP].op, request[ARP].pdst) == (1, "10.20.0.1")
    far.tx_burst([ours(arp_reply())])
    for frame in near.rx_burst():
        stack.on_frame(frame, 1000)
    near.tx_burst(stack.take_frames())
    (syn,) = [Ether(frame) for frame in far.rx_burst()]
    assert (syn.dst, syn[IP].flags, syn[IP].ttl, syn[TCP].flags) == (PEER, "DF", 64, "S")
    far.tx_burst([ours(ip() / TCP(sport=24000, dport=syn.sport, flags="SA", seq=1, ack=syn.seq + 1))])
    for frame in near.rx_burst():
        stack.on_frame(frame, 2000)
    assert connection.state is TcpState.ESTABLISHED
    connection.send(b"order", 3000)
    (order,) = [Ether(frame) for frame in stack.take_frames()]
    assert bytes(order[TCP].payload) == b"order"
    rebuilt = order.copy()
    del rebuilt[IP].chksum, rebuilt[IP].len, rebuilt[TCP].chksum
    assert bytes(rebuilt) == bytes(order), "lengths and checksums are what scapy computes"


def test_gateway_is_the_next_hop_for_others() -> None:
    stack = make_stack(gateway=EXCHANGE)
    stack.connect(IPv4Address("192.0.2.1"), 24000, 0)
    assert Ether(stack.take_frames()[0])[ARP].pdst == "10.20.0.1"
    answer_arp(stack)
    assert Ether(stack.take_frames()[0])[IP].dst == "192.0.2.1"
    stack.connect(IPv4Address("192.0.2.2"), 24000, 0)
    assert [Ether(frame)[IP].dst for frame in stack.take_frames()] == ["192.0.2.2"]


def test_no_route_is_named() -> None:
    with pytest.raises(ValueError, match=r"no route to 192\.0\.2\.1: it is outside 10\.20\.0\.0/24"):
        make_stack().connect(IPv4Address("192.0.2.1"), 24000, 0)
    with pytest.raises(ValueError, match="gateway"):
        make_stack(gateway=IPv4Address("192.0.2.1"))
    with pytest.raises(ValueError, match="TCP port"):
        make_stack().connect(EXCHANGE, 70000, 0)


def test_unresolved_next_hop_keeps_few_segments_and_the_connection_fails() -> None:
    stack = make_stack()
    connection = stack.connect(EXCHANGE, 24000, 0)
    while connection.state is not TcpState.CLOSED:
        deadline = stack.next_deadline()
        assert deadline is not None
        stack.tick(max(deadline, 1))
        stack.take_frames()
        assert sum(map(len, stack._waiting.values())) <= MAX_WAITING
    assert connection.error == "10.20.0.1:24000 did not acknowledge SYN after 6 retransmissions"
    assert stack.counters.arp_unresolved > 0
    stack.tick(10**12)
    assert stack._connections == {}


def test_neighbour_that_moves_gets_the_next_segment() -> None:
    stack = make_stack()
    stack.connect(EXCHANGE, 24000, 0)
    answer_arp(stack)
    stack.take_frames()
    stack.on_frame(bytes(Ether(dst="ff:ff:ff:ff:ff:ff") / ARP(hwsrc="02:00:00:00:00:99", psrc="10.20.0.1")), 0)
    stack.tick(10**9)
    syns = [frame for frame in map(Ether, stack.take_frames()) if TCP in frame]
    assert [syn.dst for syn in syns] == ["02:00:00:00:00:99"]


def test_two_connections_have_their_own_ports_and_numbers() -> None:
    stack = make_stack()
    first, second = (stack.connect(EXCHANGE, 24000, 0) for _ in range(2))
    assert first.local_port != second.local_port
    assert min(first.local_port, second.local_port) >= 49152


def test_deadlines_end_when_everything_is_said() -> None:
    stack = make_stack()
    assert stack.next_deadline() == 0
    while (deadline := stack.next_deadline()) is not None:
        stack.tick(max(deadline, 1))
    assert len(stack.take_frames()) == 1


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="01:00:5e:00:00:01"):
        Stack(bytes.fromhex("01005e000001"), IPv4Interface("10.20.0.10/24"), rng=random.Random(1))
    with pytest.raises(ValueError, match="not 4095"):
        make_stack(vlan=4095)
