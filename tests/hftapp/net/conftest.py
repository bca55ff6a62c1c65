"""The other end of a TCP connection, played by hand, segment by segment."""

from collections.abc import Callable

import pytest

from hftapp.net import tcp_segment
from hftapp.net.tcp import TcpConnection
from hftapp.net.tcp_segment import ACK, FIN, SYN, Segment
from hftapp.net.tcp_types import TcpConfig, TcpState, seq_add

LOCAL, REMOTE = 0x0A14000A, 0x0A140001
ISS, IRS = 0xFFFFFFF0, 0xFFFFFF00
"""Both sequence spaces wrap within the first few hundred bytes."""


class ScriptedPeer:
    """Holds a client connection, sends it segments, and reads those that it sends."""

    def __init__(self, config: TcpConfig | None = None, iss: int = ISS) -> None:
        self.now = 1_000_000_000
        self.client = TcpConnection(LOCAL, 50000, REMOTE, 24000, iss=iss, config=config or TcpConfig(), now=self.now)
        self.next = IRS
        """Sequence number of the next segment that the peer sends."""
        self.seen = iss
        """What the peer acknowledges."""
        self.window = 0xFFFF

    def state(self) -> TcpState:
        """Return the client's state (a call, so that a type checker expects it to change)."""
        return self.client.state

    def sent(self) -> list[Segment]:
        """Return the segments that the client sent since the last call, and take note of their end."""
        segments = []
        for raw in self.client.take_segments():
            segment = tcp_segment.decode(raw, 0, len(raw))
            assert segment is not None
            segments.append(segment)
            if segment.length:
                self.seen = seq_add(segment.sequence, segment.length)
        return segments

    def one(self) -> Segment:
        """Return the only segment that the client sent."""
        segments = self.sent()
        assert len(segments) == 1, segments
        return segments[0]

    def send(self, flags: int = ACK, data: bytes = b"", *, at: int | None = None, ack: int | None = None) -> None:
        """Send a segment that continues the stream, or one `at` another place."""
        sequence = self.next if at is None else at
        number = self.seen if ack is None else ack
        segment = Segment(sequence, number, flags, self.window, 0, -1, data)
        if at is None:
            self.next = seq_add(self.next, segment.length)
        self.client.on_segment(segment, self.now)

    def establish(self, mss: int = 1000, shift: int = -1) -> None:
        """Do the handshake."""
        self.sent()
        self.client.on_segment(Segment(IRS, self.seen, SYN | ACK, self.window, mss, shift, b""), self.now)
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
