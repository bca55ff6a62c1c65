"""The other end of a TCP connection, played by hand, segment by segment."""

import random
from collections.abc import Callable
from ipaddress import IPv4Address, IPv4Interface

import pytest

from hftapp.net import checksum, ethernet, ipv4
from hftapp.net.arp import ArpPacket
from hftapp.net.sequence import seq_add
from hftapp.net.stack import Stack
from hftapp.net.tcp_types import TcpConfig, TcpState
from hftapp.nic.memory import MemoryPort
from tests.hftapp.net import segments
from tests.hftapp.net.guarded import Guard
from tests.hftapp.net.segments import ACK, FIN, SYN, Segment

LOCAL, REMOTE = 0x0A14000A, 0x0A140001
OURS, PEER = bytes.fromhex("525400200010"), bytes.fromhex("020000000001")
PSEUDO = checksum.pseudo_header_sum(LOCAL, REMOTE, ipv4.TCP)
ISS, IRS = 0xFFFFFFF0, 0xFFFFFF00
"""Both sequence spaces wrap within the first few hundred bytes."""
PORT = 50000


class Numbers(random.Random):
    """Draws port 50,000 and the initial sequence number that a test wants."""

    def __init__(self, iss: int) -> None:
        super().__init__(1)
        self.iss = iss

    def getrandbits(self, k: int, /) -> int:
        return self.iss if k == 32 else super().getrandbits(k)

    def randrange(self, start: int, stop: int | None = None, step: int = 1) -> int:
        return PORT if start == 49152 else super().randrange(start, stop, step)


class ScriptedPeer:
    """Holds a stack with a client connection, sends it segments, and reads those that it sends."""

    def __init__(self, config: TcpConfig | None = None, iss: int = ISS) -> None:
        self.now = 1_000_000_000
        self.port = MemoryPort(OURS)
        self.guard = Guard()
        self.stack = Stack(self.port, IPv4Interface("10.20.0.10/24"), rng=Numbers(iss), tcp=config)
        hello = ArpPacket(2, PEER, REMOTE, OURS, LOCAL).encode()
        self.stack.receive(ethernet.header(OURS, PEER, ethernet.ARP) + hello, self.now)
        self.client = self.stack.connect(IPv4Address(REMOTE), 24000, self.now)
        self.next = IRS
        """Sequence number of the next segment that the peer sends."""
        self.seen = iss
        """What the peer acknowledges."""
        self.window = 0xFFFF

    def state(self) -> TcpState:
        """Return the client's state (a call, so that a type checker expects it to change)."""
        return self.client.state

    def frames(self) -> list[bytes]:
        """Return what the client sent since the last call, acknowledgements that it owes included."""
        self.stack.flush(self.now)
        return self.port.take_sent()

    def sent(self) -> list[Segment]:
        """Return the segments that the client sent since the last call, and take note of their end."""
        found = []
        for frame in self.frames():
            packet = ipv4.decode(frame, ethernet.HEADER_SIZE)
            assert packet is not None
            assert ipv4.header_ok(frame, ethernet.HEADER_SIZE, packet.start)
            raw = frame[packet.start : packet.end]
            assert (checksum.word_sum(raw) + PSEUDO + len(raw)) % 0xFFFF == 0
            segment = segments.decode(raw, 0, len(raw))
            assert segment is not None
            found.append(segment)
            if segment.length:
                self.seen = seq_add(segment.sequence, segment.length)
        return found

    def one(self) -> Segment:
        """Return the only segment that the client sent."""
        found = self.sent()
        assert len(found) == 1, found
        return found[0]

    def received(self) -> bytes:
        """Return what the client's application can read."""
        return self.client.read(self.now)

    def give(self, segment: Segment) -> None:
        """Let a segment arrive."""
        raw = segments.encode(24000, PORT, segment, PSEUDO)
        head = ethernet.header(OURS, PEER, ethernet.IPV4) + ipv4.header(REMOTE, LOCAL, ipv4.TCP, len(raw))
        self.feed(head + raw)

    def feed(self, frame: bytes) -> None:
        """Let a frame arrive that is no datagram."""
        assert self.guard.feed(self.stack, frame, self.now) == -1

    def send(self, flags: int = ACK, data: bytes = b"", *, at: int | None = None, ack: int | None = None) -> None:
        """Send a segment that continues the stream, or one `at` another place."""
        sequence = self.next if at is None else at
        number = self.seen if ack is None else ack
        segment = Segment(sequence, number, flags, self.window, 0, -1, data)
        if at is None:
            self.next = seq_add(self.next, segment.length)
        self.give(segment)

    def establish(self, mss: int = 1000, shift: int = -1, sack: bool = False) -> None:
        """Do the handshake."""
        self.sent()
        self.give(Segment(IRS, self.seen, SYN | ACK, self.window, mss, shift, b"", sack))
        self.next = seq_add(IRS, 1)
        assert self.one().flags == ACK

    def wait(self) -> None:
        """Let the time pass to the next deadline."""
        self.now = max(self.client.deadline, self.now)
        self.client.on_timer(self.now)

    def finish(self) -> None:
        """Send a FIN."""
        self.send(ACK | FIN)


@pytest.fixture
def make_peer() -> Callable[..., ScriptedPeer]:
    """A maker of peers whose client has only sent its SYN."""
    return ScriptedPeer


@pytest.fixture
def peer() -> ScriptedPeer:
    """A peer with an established connection and nothing outstanding."""
    established = ScriptedPeer()
    established.establish()
    return established
