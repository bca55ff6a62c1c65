from scapy.layers.l2 import ARP, Ether

from hftapp.net import arp
from hftapp.net.arp import LIFETIME, NEVER, SECOND, TRIES, ArpPacket, ArpTable
from hftapp.net.counters import StackCounters

OURS, OUR_IP = bytes.fromhex("525400200010"), 0x0A14000A
PEER, PEER_IP = bytes.fromhex("020000000001"), 0x0A140001

REQUEST_FRAME = bytes.fromhex(
    "ffffffffffff 525400200010 0806"  # broadcast, from us, ARP
    "0001 0800 06 04 0001"  # Ethernet, IPv4, address sizes, request
    "525400200010 0a14000a 000000000000 0a140001"
)
REPLY_FRAME = bytes.fromhex(
    "020000000001 525400200010 0806 0001 0800 06 04 0002 525400200010 0a14000a 020000000001 0a140001"
)


def table() -> ArpTable:
    return ArpTable(OURS, OUR_IP, StackCounters())


def from_peer(operation: int, *, mac: bytes = PEER, sender: int = PEER_IP, target: int = OUR_IP) -> bytes:
    return bytes(14) + ArpPacket(operation, mac, sender, OURS, target).encode()


def test_request_golden_bytes() -> None:
    cache = table()
    assert cache.resolve(PEER_IP, 0) is None
    assert cache.out == [REQUEST_FRAME]
    theirs = Ether(dst="ff:ff:ff:ff:ff:ff", src="52:54:00:20:00:10") / ARP(
        op=1, hwsrc="52:54:00:20:00:10", psrc="10.20.0.10", hwdst="00:00:00:00:00:00", pdst="10.20.0.1"
    )
    assert bytes(theirs) == REQUEST_FRAME


def test_reply_golden_bytes() -> None:
    cache = table()
    cache.on_frame(from_peer(arp.REQUEST), 14, 0)
    assert cache.out == [REPLY_FRAME]
    theirs = Ether(dst="02:00:00:00:00:01", src="52:54:00:20:00:10") / ARP(
        op=2, hwsrc="52:54:00:20:00:10", psrc="10.20.0.10", hwdst="02:00:00:00:00:01", pdst="10.20.0.1"
    )
    assert bytes(theirs) == REPLY_FRAME


def test_vlan_tag_is_in_front() -> None:
    cache = ArpTable(OURS, OUR_IP, StackCounters(), vlan=7)
    cache.announce()
    assert cache.out[0][12:18] == bytes.fromhex("8100 0007 0806")


def test_reply_resolves() -> None:
    cache = table()
    cache.resolve(PEER_IP, 0)
    assert cache.on_frame(from_peer(arp.REPLY), 14, 5) == PEER_IP
    assert cache.resolve(PEER_IP, 6) == PEER


def test_request_teaches_too() -> None:
    """RFC 826: the sender's addresses are merged before the operation is looked at."""
    cache = table()
    cache.on_frame(from_peer(arp.REQUEST), 14, 0)
    assert cache.resolve(PEER_IP, 0) == PEER


def test_retry_once_a_second_then_given_up() -> None:
    cache = table()
    cache.resolve(PEER_IP, 0)
    times = []
    while cache.deadline != NEVER:
        now = cache.deadline
        failed = cache.tick(now)
        times.append((now // SECOND, failed))
    assert times == [(1, []), (2, []), (3, []), (4, []), (5, [PEER_IP])]
    assert len(cache.out) == TRIES


def test_known_neighbour_is_asked_again_and_kept_when_silent() -> None:
    cache = table()
    cache.resolve(PEER_IP, 0)
    cache.on_frame(from_peer(arp.REPLY), 14, 0)
    cache.out.clear()
    for _ in range(TRIES):
        assert cache.tick(cache.deadline) == []
    assert len(cache.out) == TRIES
    assert cache.tick(cache.deadline) == []
    assert cache.resolve(PEER_IP, 2 * LIFETIME) == PEER


def test_moved_neighbour_is_followed() -> None:
    cache = table()
    cache.resolve(PEER_IP, 0)
    cache.on_frame(from_peer(arp.REPLY), 14, 0)
    moved = bytes.fromhex("020000000002")
    assert cache.on_frame(from_peer(arp.REPLY, mac=moved, target=PEER_IP), 14, 1) == PEER_IP
    assert cache.resolve(PEER_IP, 2) == moved


def test_passing_neighbours_are_forgotten_and_bounded() -> None:
    cache = table()
    for number in range(1000):
        cache.on_frame(from_peer(arp.REQUEST, sender=PEER_IP + number), 14, 0)
    assert len(cache._entries) == arp.MAX_ENTRIES
    assert len(cache.out) == arp.MAX_QUEUED
    assert cache.resolve(0x0A1400FE, 0) is None, "what we want ourselves still finds room"
    cache.tick(LIFETIME)
    assert len(cache._entries) == 1


def test_a_probe_is_answered_and_not_learned() -> None:
    """RFC 5227 §2.1.1: the sender's address is zero."""
    cache = table()
    assert cache.on_frame(from_peer(arp.REQUEST, sender=0), 14, 0) == 0
    assert len(cache.out) == 1


def test_somebody_elses_business_is_ignored() -> None:
    counters = StackCounters()
    cache = ArpTable(OURS, OUR_IP, counters)
    cache.on_frame(from_peer(arp.REQUEST, target=0x0A140002), 14, 0)
    assert counters.arp_ignored == 1
    assert cache.out == []


def test_address_conflict_is_counted_and_not_learned() -> None:
    counters = StackCounters()
    cache = ArpTable(OURS, OUR_IP, counters)
    cache.on_frame(from_peer(arp.REQUEST, sender=OUR_IP), 14, 0)
    cache.on_frame(from_peer(arp.REPLY, mac=OURS, sender=OUR_IP), 14, 0)
    assert counters.arp_conflicts == 1
    assert cache.out == []


def test_malformed_packets_are_counted() -> None:
    counters = StackCounters()
    cache = ArpTable(OURS, OUR_IP, counters)
    good = from_peer(arp.REQUEST)
    broken = [good[:-1], good[:15] + b"\x02" + good[16:], good[:21] + b"\x09" + good[22:]]
    broken += [from_peer(arp.REQUEST, mac=b"\xff" * 6), from_peer(arp.REQUEST, mac=bytes(6))]
    for frame in broken:
        assert cache.on_frame(frame, 14, 0) == 0
    assert counters.malformed_arp == len(broken)
