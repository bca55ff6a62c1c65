"""Random segments with right checksums: nothing raises, no wrong byte is delivered, and afterwards the connection
either works or has ended with a reason.

Every byte of the peer's stream is a function of its sequence number, so a wrong one is known when it is read.
"""

from __future__ import annotations

from dataclasses import dataclass

from hypothesis import given, settings
from hypothesis import strategies as st

from hftapp.net import checksum, ethernet, ipv4
from hftapp.net.sequence import seq_add, seq_diff
from hftapp.net.tcp_types import SECOND, TcpConfig, TcpState
from tests.hftapp.net import segments
from tests.hftapp.net.conftest import IRS, ISS, LOCAL, OURS, PEER, PORT, PSEUDO, REMOTE, ScriptedPeer
from tests.hftapp.net.segments import ACK, FIN, RST, SYN, Segment

CONFIG = TcpConfig(receive_buffer=4000, send_buffer=5000)
STREAM = bytes((number * 197 + (number >> 8) * 31) & 0xFF for number in range(1 << 16))
"""The peer's bytes by their distance from its SYN."""


@dataclass
class Shot:
    """A segment relative to what client and peer are at, or relative to the start (`absolute`)."""

    absolute: bool
    offset: int
    acked: int
    flags: int
    size: int
    window: int
    options: bytes
    pause: int
    act: int


NEAR = st.one_of(st.integers(-3, 3), st.integers(-4100, 4100), st.integers(-(1 << 31), (1 << 31) - 1))
SHOTS = st.builds(
    Shot,
    st.booleans(),
    NEAR,
    NEAR,
    st.one_of(st.just(ACK), st.sampled_from([ACK | FIN, RST, SYN, RST | ACK, SYN | ACK, 0]), st.integers(0, 0xFF)),
    st.one_of(st.just(0), st.integers(0, 60), st.integers(0, 1460)),
    st.one_of(st.integers(0, 3), st.integers(0, 0xFFFF)),
    st.one_of(st.just(b""), st.binary(max_size=40).map(lambda raw: raw[: len(raw) // 4 * 4])),
    st.one_of(st.just(0), st.integers(0, 3 * SECOND)),
    st.integers(0, 15),
)


def stream(sequence: int, size: int) -> bytes:
    """The peer's bytes at a sequence number."""
    start = seq_diff(sequence, seq_add(IRS, 1)) & 0xFFFF
    return (STREAM + STREAM)[start : start + size]


def fire(peer: ScriptedPeer, shot: Shot, reader: Reader) -> None:
    """Let the segment of a shot arrive."""
    sequence = seq_add(seq_add(IRS, 1) if shot.absolute else reader.next, shot.offset)
    acknowledgement = seq_add(ISS if shot.absolute else reader.sent, shot.acked)
    opening = peer.state() is TcpState.SYN_SENT
    plain = Segment(sequence, acknowledgement, shot.flags, shot.window, 0, -1, b"")
    data = stream(sequence, shot.size) if not shot.flags & SYN else b""
    raw = bytearray(segments.encode(24000, PORT, plain, PSEUDO) + shot.options + data)
    raw[12] = (20 + len(shot.options)) << 2
    raw[16:18] = b"\0\0"
    raw[16:18] = checksum.checksum(checksum.word_sum(bytes(raw)) + PSEUDO + len(raw)).to_bytes(2, "big")
    head = ethernet.header(OURS, PEER, ethernet.IPV4) + ipv4.header(REMOTE, LOCAL, ipv4.TCP, len(raw))
    peer.feed(head + bytes(raw))
    if opening and peer.state() is not TcpState.SYN_SENT:
        reader.next = seq_add(sequence, 1)


class Reader:
    """Reads the client's stream and knows what it has to be. `next`, `sent`: numbers of the two streams."""

    def __init__(self, peer: ScriptedPeer) -> None:
        self.peer = peer
        self.next = seq_add(IRS, 1)
        self.sent = ISS

    def read(self, part: int = 1) -> None:
        """Read everything, or only skip a part of it."""
        count = self.peer.client.receive(self.peer.now)
        assert 0 <= count <= CONFIG.receive_buffer
        if part == 1:
            assert self.peer.received() == stream(self.next, count)
        else:
            count //= part
            self.peer.client.consume(count)
        self.next = seq_add(self.next, count)

    def look(self) -> None:
        """Check what the client sent."""
        for segment in self.peer.sent():
            assert len(segment.data) <= 1460
            end = seq_add(segment.sequence, segment.length)
            if not segment.flags & RST and seq_diff(end, self.sent) > 0:
                self.sent = end


def act(peer: ScriptedPeer, reader: Reader, shot: Shot) -> None:
    """What the application may do meanwhile."""
    client = peer.client
    if shot.act < 6:
        reader.read(1 + shot.act % 3)
    elif shot.act < 10 and client.state in (TcpState.ESTABLISHED, TcpState.CLOSE_WAIT):
        if client.unacknowledged + shot.size <= CONFIG.send_buffer:
            client.send(bytes(shot.size), peer.now)
    elif shot.act == 15 and shot.pause % 4 == 0:
        client.close(peer.now)


def check_end(peer: ScriptedPeer, reader: Reader) -> None:
    """Data that continues the stream arrives, unless the connection has ended or the peer has."""
    reader.read()
    if peer.state() is TcpState.ESTABLISHED:
        # Whatever waits beyond a hole is right as well: the whole window is sent again.
        for first in range(0, 4000, 1000):
            start = seq_add(reader.next, first)
            peer.give(Segment(start, reader.sent, ACK, 0xFFFF, 0, -1, stream(start, 1000)))
        before = reader.next
        reader.read()
        assert seq_diff(reader.next, before) == 4000 or peer.state() is not TcpState.ESTABLISHED
    peer.client.abort()
    assert peer.state() is TcpState.CLOSED
    assert peer.client.closed is not None


@settings(max_examples=400, deadline=None)
@given(st.lists(SHOTS, max_size=60), st.booleans(), st.booleans())
def test_random_segments(shots: list[Shot], established: bool, sack: bool) -> None:
    peer = ScriptedPeer(CONFIG)
    if established:
        peer.establish(sack=sack)
    reader = Reader(peer)
    reader.sent = peer.seen
    for shot in shots:
        fire(peer, shot, reader)
        act(peer, reader, shot)
        peer.now += shot.pause
        if peer.client.deadline <= peer.now:
            peer.client.on_timer(peer.now)
        reader.look()
    check_end(peer, reader)
