"""The receiving half of a TCP connection: what is expected next, what may come, and what to tell the peer."""

from __future__ import annotations

from typing import Final

import cython

from hftapp.net.tcp_reassembly import Reassembly
from hftapp.net.tcp_segment import MAX_WINDOW_SHIFT, Segment
from hftapp.net.tcp_types import TcpConfig

if not cython.compiled:
    from hftapp.net.sequence import seq_add, seq_diff

CHALLENGES_PER_SECOND: Final = 10
SECOND: Final = 1_000_000_000
_CHALLENGES = CHALLENGES_PER_SECOND
_SECOND = SECOND


@cython.final
@cython.cclass
class TcpReceiver:
    """Receive window, reassembly and the peer's FIN. Sizes in bytes.

    `ack_pending`: an acknowledgement is owed with the next segment, or alone when none is sent. `offered_shift`: the
    window scale that our SYN offers (RFC 7323 §2).
    """

    def __init__(self, config: TcpConfig) -> None:
        self.ack_pending = False
        self.peer_closed = False
        self.offered_shift = min(max(config.receive_buffer.bit_length() - 16, 0), MAX_WINDOW_SHIFT)
        self.shift = 0
        self.sack = False
        self.buffer = Reassembly(0, config.receive_buffer)
        self._fin_at = -1
        self._advertised = 0
        self._challenge_second = -1
        self._challenges = 0

    def begin(self, syn: Segment) -> bool:
        """Take the peer's SYN; say whether both sides scale their windows."""
        self.buffer.restart(seq_add(syn.sequence, 1))
        scaled = syn.window_shift >= 0 and self.offered_shift > 0
        self.shift = self.offered_shift if scaled else 0
        self.sack = syn.sack_permitted
        return scaled

    def next(self) -> int:
        """The next sequence number expected (RCV.NXT)."""
        return seq_add(self.buffer.next, 1) if self.peer_closed else self.buffer.next

    def acceptable(self, segment: Segment) -> bool:
        """The four cases of RFC 9293 §3.10.7.4, table 6; data at the edge of a closed window counts for its ACK."""
        first = seq_diff(segment.sequence, self.next())
        if first == 0:
            return True
        window = self.buffer.window()
        length = segment.length()
        if length == 0:
            return 0 < first < window
        return window > 0 and (0 < first < window or 0 <= first + length - 1 < window)

    def on_data(self, segment: Segment) -> bool:
        """Take the data of an acceptable segment; False when it came too early, which is acknowledged at once."""
        if not self.buffer.add(segment.sequence, segment.frame, segment.data_at, segment.data_length):
            return False
        self.ack_pending = True
        return True

    def on_fin(self, segment: Segment) -> bool:
        """Note where the stream ends; say whether everything before has now arrived (also for a FIN noted before)."""
        if segment.flags & 0x01:
            self._fin_at = seq_add(segment.sequence, segment.data_length)
        if self._fin_at != self.buffer.next:
            return False
        self.peer_closed = True
        self.ack_pending = True
        return True

    def consume(self, count: int, open_for_data: bool) -> None:
        """Forget bytes in order; a window that was nearly closed is announced again (RFC 9293 §3.8.6.2.2)."""
        self.buffer.consume(count)
        most = 0xFFFF << self.shift
        if most > self.buffer.capacity:
            most = self.buffer.capacity
        if open_for_data and self._advertised < most // 2:
            self.ack_pending = True

    def advertise(self) -> int:
        """Return the window field of the segment that is sent now; it carries the acknowledgement."""
        field = self.buffer.window() >> self.shift
        if field > 0xFFFF:
            field = 0xFFFF
        self._advertised = field << self.shift
        self.ack_pending = False
        return field

    def may_challenge(self, now: int) -> bool:
        """Bound the acknowledgements that invalid segments cause (RFC 5961 §7)."""
        second = now // _SECOND
        if second != self._challenge_second:
            self._challenge_second = second
            self._challenges = 0
        self._challenges += 1
        return self._challenges <= _CHALLENGES
