"""The exchange's end of one TCP connection over a link that loses nothing: no timers, no retransmission."""

from dataclasses import dataclass, field

from lab.lockstep.frames import ACK, FIN, PSH, RST, SYN, Segment

_START = 1_000
_MASK = 0xFFFF_FFFF


class TcpEndError(Exception):
    """The guest did what a link without loss does not explain; the text says what."""


@dataclass
class TcpEnd:
    """One connection, waiting for the guest's SYN; a new SYN begins anew.

    `acknowledged` counts the bytes sent that the guest has confirmed; `owed`: bytes came that were not yet confirmed.
    """

    port: int
    established: bool = False
    closed: bool = False
    sent: int = 0
    acknowledged: int = 0
    owed: bool = False
    out: list[Segment] = field(default_factory=list)
    _peer: int = 0
    _base: int = _START
    _expected: int = 0
    _peer_closed: bool = False

    def on_segment(self, segment: Segment) -> bytes:
        """Take a segment, put answers into `out`, and return the new bytes in order."""
        if segment.destination_port != self.port:
            return b""
        if segment.flags & SYN:
            self._open(segment)
            return b""
        if segment.source_port != self._peer:
            return b""
        if segment.flags & RST:
            self.established, self.closed = False, True
            return b""
        if segment.flags & ACK:
            self._confirm(segment.acknowledgement)
        return self._take(segment)

    def send(self, data: bytes, flags: int = PSH | ACK) -> None:
        """Send bytes in one segment, which also acknowledges all that came."""
        self.out.append(self._segment(flags, data))
        self.sent += len(data)
        self.owed = False

    def acknowledge(self) -> None:
        """Confirm what came and was not answered with bytes of ours."""
        if self.owed:
            self.send(b"", ACK)

    def finish(self) -> None:
        """Close our side."""
        self.send(b"", FIN | ACK)
        self.closed = True

    def _open(self, syn: Segment) -> None:
        self._peer = syn.source_port
        self._expected = syn.sequence + 1 & _MASK
        self.established, self.closed, self._peer_closed = True, False, False
        self.sent = self.acknowledged = 0
        answer = self._segment(SYN | ACK, b"")
        self.out = [Segment(self.port, self._peer, _START - 1, answer.acknowledgement, answer.flags)]

    def _confirm(self, number: int) -> None:
        confirmed = number - self._base & _MASK
        if confirmed <= self.sent + 1:  # a FIN counts as one
            self.acknowledged = max(self.acknowledged, confirmed)

    def _take(self, segment: Segment) -> bytes:
        ahead = segment.sequence - self._expected & _MASK
        if ahead and ahead < 1 << 31:
            raise TcpEndError(f"{ahead} bytes are missing in front of a segment of {len(segment.payload)}")
        fresh = segment.payload if not ahead else segment.payload[(1 << 32) - ahead :]
        if segment.payload or segment.flags & FIN:
            self.owed = True
            self._expected = self._expected + len(fresh) & _MASK
            if segment.flags & FIN and not self._peer_closed:
                self._peer_closed = True
                self._expected = self._expected + 1 & _MASK
                if not self.closed:
                    self.finish()
        return fresh

    def _segment(self, flags: int, payload: bytes) -> Segment:
        return Segment(self.port, self._peer, self._base + self.sent & _MASK, self._expected, flags, payload)
