"""The receiving half of a TCP connection: what is expected next, what may come, and what to tell the peer."""

from typing import Final

from hftapp.net.tcp_reassembly import Reassembly
from hftapp.net.tcp_segment import FIN, MAX_SACK_BLOCKS, MAX_WINDOW_SHIFT, Segment
from hftapp.net.tcp_types import TcpConfig, seq_add, seq_diff

CHALLENGES_PER_SECOND: Final = 10
SECOND: Final = 1_000_000_000
NO_BLOCKS: Final[tuple[tuple[int, int], ...]] = ()


class TcpReceiver:
    """Receive window, reassembly and the peer's FIN. Sizes in bytes."""

    def __init__(self, config: TcpConfig) -> None:
        self.ack_pending = False
        """An acknowledgement is owed with the next segment, or alone when none is sent."""
        self.peer_closed = False
        self.offered_shift = min(max(config.receive_buffer.bit_length() - 16, 0), MAX_WINDOW_SHIFT)
        """The window scale that our SYN offers (RFC 7323 §2)."""
        self.shift = 0
        self.sack = False
        self._capacity = config.receive_buffer
        self._reassembly = Reassembly(0)
        self._fin_at = -1
        self._advertised = 0
        self._challenge_second = -1
        self._challenges = 0

    def start(self, syn: Segment) -> bool:
        """Take the peer's SYN; say whether both sides scale their windows."""
        self._reassembly = Reassembly(seq_add(syn.sequence, 1))
        scaled = syn.window_shift >= 0 and self.offered_shift > 0
        self.shift = self.offered_shift if scaled else 0
        self.sack = syn.sack_permitted
        return scaled

    @property
    def next(self) -> int:
        """The next sequence number expected (RCV.NXT)."""
        return seq_add(self._reassembly.next, 1) if self.peer_closed else self._reassembly.next

    @property
    def window(self) -> int:
        """How much more fits."""
        return max(self._capacity - len(self._reassembly.ready), 0)

    def acceptable(self, segment: Segment) -> bool:
        """The four cases of RFC 9293 §3.10.7.4, table 6; data at the edge of a closed window counts for its ACK."""
        window = self.window
        first = seq_diff(segment.sequence, self.next)
        length = segment.length
        if first == 0:
            return True
        if length == 0:
            return 0 < first < window
        return window > 0 and (0 < first < window or 0 <= first + length - 1 < window)

    def on_data(self, segment: Segment) -> bool:
        """Take the data of an acceptable segment; False when it came too early, which is acknowledged at once."""
        if not self._reassembly.add(segment.sequence, segment.data, self.window):
            return False
        self.ack_pending = True
        return True

    def on_fin(self, segment: Segment) -> bool:
        """Note where the stream ends; say whether everything before has now arrived (also for a FIN noted before)."""
        if segment.flags & FIN:
            self._fin_at = seq_add(segment.sequence, len(segment.data))
        if self._fin_at != self._reassembly.next:
            return False
        self.peer_closed = True
        self.ack_pending = True
        return True

    def take(self, open_for_data: bool) -> bytes:
        """Return what arrived in order; a window that was nearly closed is announced again (RFC 9293 §3.8.6.2.2)."""
        if not self._reassembly.ready:
            return b""
        data = self._reassembly.take()
        if open_for_data and self._advertised < min(self._capacity, 0xFFFF << self.shift) // 2:
            self.ack_pending = True
        return data

    def advertise(self) -> int:
        """Return the window field of the segment that is sent now; it carries the acknowledgement."""
        field = min(self.window >> self.shift, 0xFFFF)
        self._advertised = field << self.shift
        self.ack_pending = False
        return field

    def blocks(self) -> tuple[tuple[int, int], ...]:
        """Return what waits beyond a hole, if the peer wants to know (RFC 2018)."""
        if self.sack and self._reassembly.waiting:
            return self._reassembly.blocks(MAX_SACK_BLOCKS)
        return NO_BLOCKS

    def may_challenge(self, now: int) -> bool:
        """Bound the acknowledgements that invalid segments cause (RFC 5961 §7)."""
        second = now // SECOND
        if second != self._challenge_second:
            self._challenge_second = second
            self._challenges = 0
        self._challenges += 1
        return self._challenges <= CHALLENGES_PER_SECOND
