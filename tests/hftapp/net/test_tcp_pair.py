"""Two of our connections opened towards each other (RFC 9293 §3.5, simultaneous open) over a line in virtual time:
whatever the line does, both byte streams arrive exactly once and in order, and both ends close."""

import heapq
import random
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Interface

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftapp.net import ethernet
from hftapp.net.arp import ArpPacket
from hftapp.net.stack import Stack
from hftapp.net.tcp_types import MILLISECOND, NEVER, SECOND, TcpConfig, TcpState
from hftapp.nic.memory import MemoryPort
from tests.hftapp.net.conftest import Numbers

ADDRESSES = 0x0A000001, 0x0A000002
MACS = bytes.fromhex("020000000001"), bytes.fromhex("020000000002")
CONFIG = TcpConfig(mss=100, receive_buffer=2000, max_retransmissions=30, max_syn_retransmissions=20, rto_max=SECOND)


@dataclass
class Faults:
    """Probabilities of what happens to a segment."""

    loss: float
    duplication: float
    reordering: float


class Pair:
    """Two connections, the segments between them, and a clock that jumps to the next event."""

    def __init__(self, seed: int, faults: Faults, iss: tuple[int, int], config: TcpConfig = CONFIG) -> None:
        self.rng = random.Random(seed)
        self.faults = faults
        self.now = 0
        self.flying: list[tuple[int, int, int, bytes]] = []
        self.count = 0
        self.ports = [MemoryPort(mac) for mac in MACS]
        self.stacks = [self._stack(index, iss[index], config) for index in (0, 1)]
        self.ends = [stack.connect(IPv4Address(ADDRESSES[1 - i]), 50000, 0) for i, stack in enumerate(self.stacks)]

    def _stack(self, index: int, iss: int, config: TcpConfig) -> Stack:
        """One end, which knows the other's Ethernet address."""
        stack = Stack(self.ports[index], IPv4Interface((ADDRESSES[index], 24)), rng=Numbers(iss), tcp=config)
        hello = ArpPacket(2, MACS[1 - index], ADDRESSES[1 - index], MACS[index], ADDRESSES[index])
        stack.receive(ethernet.header(MACS[index], MACS[1 - index], ethernet.ARP) + hello.encode(), 0)
        return stack

    def step(self) -> bool:
        """Move segments and time to the next event; False when nothing is left to happen."""
        for index, stack in enumerate(self.stacks):
            stack.flush(self.now)
            for frame in self.ports[index].take_sent():
                if frame[12:14] == b"\x08\x00":
                    self._launch(1 - index, frame)
        due = min([end.deadline for end in self.ends] + [event[0] for event in self.flying[:1]])
        if due == NEVER:
            return False
        self.now = max(self.now, due)
        while self.flying and self.flying[0][0] <= self.now:
            _, _, target, raw = heapq.heappop(self.flying)
            assert self.stacks[target].receive(raw, self.now) == -1
        for end in self.ends:
            if end.deadline <= self.now:
                end.on_timer(self.now)
        return True

    def _launch(self, target: int, raw: bytes) -> None:
        if self.rng.random() < self.faults.loss:
            return
        for _ in range(1 + (self.rng.random() < self.faults.duplication)):
            late = 3 * MILLISECOND if self.rng.random() < self.faults.reordering else 0
            self.count += 1
            heapq.heappush(self.flying, (self.now + MILLISECOND + late, self.count, target, raw))


def run(pair: Pair, streams: tuple[bytes, bytes]) -> list[bytes]:
    """Send both streams, read slowly, close both ends; return what arrived at each."""
    got = [b"", b""]
    waiting = list(streams)
    for _ in range(200_000):
        for index, end in enumerate(pair.ends):
            if waiting[index] and end.state not in (TcpState.SYN_SENT, TcpState.CLOSED):
                size = pair.rng.randrange(1, 700)
                end.send(waiting[index][:size], pair.now)
                waiting[index] = waiting[index][size:]
                if not waiting[index]:
                    end.close(pair.now)
            if pair.rng.random() < 0.5:
                got[index] += end.read(pair.now)
        if not pair.step():
            break
    return [data + end.read(pair.now) for data, end in zip(got, pair.ends, strict=True)]


def check(pair: Pair, streams: tuple[bytes, bytes]) -> None:
    got = run(pair, streams)
    assert got[1] == streams[0]
    assert got[0] == streams[1]
    assert all(end.state is TcpState.CLOSED for end in pair.ends), pair.ends


@settings(max_examples=60, deadline=None)
@given(
    st.integers(0, 1 << 32),
    st.floats(0, 0.3),
    st.floats(0, 0.3),
    st.floats(0, 0.5),
    st.integers(0, 0xFFFFFFFF),
    st.integers(0xFFFFF000, 0xFFFFFFFF),
)
def test_streams_survive_any_line(
    seed: int, loss: float, duplication: float, reordering: float, iss_a: int, iss_b: int
) -> None:
    pair = Pair(seed, Faults(loss, duplication, reordering), (iss_a, iss_b))
    rng = random.Random(seed)
    check(pair, (rng.randbytes(rng.randrange(1, 6000)), rng.randbytes(rng.randrange(1, 6000))))


@pytest.mark.parametrize("seed", range(3))
def test_half_a_megabyte_through_a_very_bad_line(seed: int) -> None:
    config = TcpConfig(rto_max=SECOND, max_retransmissions=30, max_syn_retransmissions=20)
    pair = Pair(seed, Faults(0.05, 0.05, 0.25), (0xFFFFFF00, 7), config)
    rng = random.Random(seed)
    check(pair, (rng.randbytes(500_000), rng.randbytes(200_000)))
    assert pair.ends[0].retransmitted > 10


def test_a_perfect_line_needs_no_retransmission() -> None:
    pair = Pair(1, Faults(0, 0, 0), (1, 2), TcpConfig())
    check(pair, (bytes(300_000), bytes(1000)))
    assert pair.ends[0].retransmitted == pair.ends[1].retransmitted == 0
