"""Hostile frames: whatever arrives, nothing raises, memory stays bounded, and the next good frame is handled."""

import random
from ipaddress import IPv4Address, IPv4Interface

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftapp.net import checksum, ethernet, igmp, ipv4
from hftapp.net.arp import ArpPacket
from hftapp.net.sequence import seq_add
from hftapp.net.stack import Stack
from hftapp.net.tcp_types import TcpConfig, TcpState
from hftapp.nic.memory import MemoryPort
from tests.hftapp.net import segments
from tests.hftapp.net.guarded import Guard
from tests.hftapp.net.segments import ACK, PSH, SYN, Segment

OURS, PEER = bytes.fromhex("525400200010"), bytes.fromhex("020000000001")
OUR_IP, PEER_IP, GROUP = 0x0A14000A, 0x0A140001, 0xEF140001
PORT = 26401
PSEUDO = checksum.pseudo_header_sum(PEER_IP, OUR_IP, ipv4.TCP)
ROUNDS = 40_000
SEEDS = (1, 2, 3, 4, 5)


class Victim:
    """A stack with a joined group and an established connection, and a peer that knows both."""

    def __init__(self, seed: int) -> None:
        self.rng = random.Random(seed)
        self.now = 10**9
        config = TcpConfig(max_retransmissions=1 << 30)
        self.port = MemoryPort(OURS)
        self.guard = Guard()
        self.stack = Stack(self.port, IPv4Interface("10.20.0.10/24"), rng=random.Random(seed), tcp=config)
        self.stack.join(IPv4Address(GROUP), PORT)
        self.connection = self.stack.connect(IPv4Address(PEER_IP), 24000, self.now)
        self.feed(ethernet.header(OURS, PEER, ethernet.ARP) + ArpPacket(2, PEER, PEER_IP, OURS, OUR_IP).encode())
        self.next = 0xFFFF0000
        self.seen = seq_add(self.syn_sequence(), 1)
        self.feed(self.segment(SYN | ACK))
        self.next = seq_add(self.next, 1)
        assert self.connection.state is TcpState.ESTABLISHED

    def feed(self, frame: bytes) -> bytes | None:
        """Let a frame arrive in memory that ends with it; return the payload of a datagram for us."""
        line = self.guard.feed(self.stack, frame, self.now)
        if line < 0:
            return None
        start, size = self.stack.payload_at, self.stack.payload_length
        assert 0 <= start <= start + size <= len(frame)
        return frame[start : start + size]

    def sent(self) -> list[bytes]:
        self.stack.flush(self.now)
        return self.port.take_sent()

    def syn_sequence(self) -> int:
        for frame in self.sent():
            if frame[12:14] == b"\x08\x00" and frame[23] == ipv4.TCP:
                return int.from_bytes(frame[38:42], "big")
        raise AssertionError("no SYN was sent")

    def segment(self, flags: int, data: bytes = b"", sequence: int | None = None) -> bytes:
        number = self.next if sequence is None else sequence
        parts = Segment(number, self.seen, flags, 0xFFFF, 1460 if flags & SYN else 0, -1, data)
        raw = segments.encode(24000, self.connection.local_port, parts, PSEUDO)
        return ethernet.header(OURS, PEER, ethernet.IPV4) + ipv4.header(PEER_IP, OUR_IP, ipv4.TCP, len(raw)) + raw

    def datagram(self, payload: bytes) -> bytes:
        size = 8 + len(payload)
        raw = b"\x13\x88" + PORT.to_bytes(2, "big") + size.to_bytes(2, "big") + b"\0\0" + payload
        total = checksum.word_sum(raw) + checksum.pseudo_header_sum(PEER_IP, GROUP, ipv4.UDP) + size
        raw = raw[:6] + (checksum.checksum(total) or 0xFFFF).to_bytes(2, "big") + raw[8:]
        head = ethernet.header(ethernet.multicast_mac(GROUP), PEER, ethernet.IPV4)
        return head + ipv4.header(PEER_IP, GROUP, ipv4.UDP, size) + raw

    def query(self) -> bytes:
        raw = bytes.fromhex("1164ec1e00000000027d0000")
        head = ethernet.header(ethernet.multicast_mac(0xE0000001), PEER, ethernet.IPV4)
        return head + ipv4.header(PEER_IP, 0xE0000001, ipv4.IGMP, 12, ttl=1, options=igmp.ROUTER_ALERT) + raw

    def good_frames(self) -> list[bytes]:
        request = ArpPacket(1, PEER, PEER_IP, bytes(6), OUR_IP).encode()
        return [
            self.datagram(self.rng.randbytes(self.rng.randrange(60))),
            self.segment(ACK | PSH, b"", seq_add(self.next, self.rng.randrange(-5, 5))),
            self.query(),
            ethernet.header(ethernet.BROADCAST, PEER, ethernet.ARP) + request,
            ethernet.header(OURS, PEER, ethernet.IPV4, 5) + b"x" * self.rng.randrange(60),
        ]

    def check_alive(self) -> None:
        """The feed and the connection still work."""
        assert self.feed(self.datagram(b"still here")) == b"still here"
        assert self.connection.state is TcpState.ESTABLISHED, self.connection
        self.connection.read(self.now)
        self.feed(self.segment(ACK | PSH, b"execution"))
        self.next = seq_add(self.next, 9)
        assert self.connection.read(self.now) == b"execution"
        self.sent()


def mutate(rng: random.Random, frame: bytes) -> bytes:
    """Return the frame cut, lengthened, or with some bytes changed."""
    kind = rng.randrange(4)
    if kind == 0:
        return frame[: rng.randrange(len(frame) + 1)]
    if kind == 1:
        return frame + rng.randbytes(rng.randrange(1, 30))
    raw = bytearray(frame)
    for _ in range(rng.randrange(1, 4)):
        raw[rng.randrange(12, len(raw))] = rng.choice((0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)))
    return bytes(raw)


def repair(frame: bytes) -> bytes:
    """Make the IPv4 header checksum right again, so that the damage reaches the layers behind it."""
    size = (frame[14] & 0x0F) * 4 if len(frame) > 14 else 0
    if size < 20 or len(frame) < 14 + size:
        return frame
    head = frame[14:24] + b"\0\0" + frame[26 : 14 + size]
    return frame[:24] + checksum.checksum(checksum.word_sum(head)).to_bytes(2, "big") + frame[26:]


@pytest.mark.parametrize("seed", SEEDS)
def test_mutated_frames(seed: int) -> None:
    """200,000 frames in all."""
    victim = Victim(seed)
    rng = victim.rng
    for round_number in range(ROUNDS // 50):
        frames = victim.good_frames()
        for _ in range(50):
            frame = mutate(rng, rng.choice(frames))
            victim.feed(repair(frame) if rng.random() < 0.5 else frame)
        victim.now += rng.randrange(10**8)
        victim.stack.tick(victim.now)
        victim.sent()
        if round_number % 10 == 0:
            victim.check_alive()
    victim.check_alive()
    counts = victim.stack.counters.as_dict()
    assert counts["received"] >= ROUNDS
    layers = ("malformed_ethernet", "malformed_arp", "malformed_ip", "malformed_udp", "fragments", "other_vlan")
    sums = ("bad_checksum_ip", "bad_checksum_igmp", "bad_checksum_udp", "bad_checksum_tcp")
    assert all(counts[name] > 0 for name in layers + sums), "the mutations reach every layer"


@settings(max_examples=300, deadline=None)
@given(st.lists(st.binary(max_size=120), max_size=20))
def test_random_bytes(frames: list[bytes]) -> None:
    victim = Victim(1)
    for frame in frames:
        victim.feed(frame)
        victim.feed(OURS + PEER + b"\x08\x00" + frame)
        victim.feed(OURS + PEER + b"\x08\x06" + frame)
        victim.feed(repair(OURS + PEER + b"\x08\x00\x45" + frame))
        head = ipv4.header(PEER_IP, OUR_IP, (1, 2, 6, 17)[len(frame) % 4], len(frame))
        victim.feed(OURS + PEER + b"\x08\x00" + head + frame)
    victim.check_alive()
