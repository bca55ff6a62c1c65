"""The sending half of a TCP connection: what is in flight, what may go next, and when to send it again.

Sequence variables are named as in RFC 9293 §3.3.1 (`una`, `nxt`, `window`). `max` is the highest sequence number
ever sent: after a timeout `nxt` goes back to `una` and everything up to `max` goes out again as acknowledgements
come in (no SACK). `buffer[0]` is the byte at `base`, the first one that is not acknowledged.
"""

from typing import NamedTuple

from hftapp.net.tcp_congestion import NewReno
from hftapp.net.tcp_rto import RtoEstimator
from hftapp.net.tcp_segment import DEFAULT_MSS
from hftapp.net.tcp_types import MIN_MSS, NEVER, TcpConfig, seq_add, seq_diff


class Chunk(NamedTuple):
    """Part of the stream to put into one segment."""

    sequence: int
    data: bytes
    fin: bool
    push: bool


class TcpSender:
    """Send buffer, windows, retransmission and zero-window timers. Times in ns, sizes in bytes."""

    def __init__(self, iss: int, config: TcpConfig) -> None:
        self.una = iss
        self.nxt = self.max = self.base = self.recover = seq_add(iss, 1)
        self.buffer = bytearray()
        self.fin_queued = False
        self.window = 0
        self.mss = config.mss
        self.congestion = NewReno(config.mss)
        self.rto = RtoEstimator(config.rto_initial, config.rto_min, config.rto_max)
        self.rto_deadline = NEVER
        self.persist_deadline = NEVER
        self.unanswered = 0
        """Retransmissions or window probes since the peer last answered."""
        self.retransmitted = 0
        """Segments sent again in the life of the connection."""
        self._config = config
        self._max_window = 0
        self._shift = 0
        self._wl1 = 0
        self._wl2 = 0
        self._timed_sequence = self.nxt
        self._timed_at = -1
        self._persist_backoff = 0

    def start_timer(self, now: int) -> None:
        """Time the SYN that was just sent, and wait for its acknowledgement."""
        self._timed_at = now if self.unanswered == 0 else -1
        self.rto_deadline = now + self.rto.rto

    def negotiated(self, announced: int, shift: int) -> None:
        """Take the segment size that the peer's SYN announced (0: none) and the window shift agreed on."""
        self.mss = max(min(announced or DEFAULT_MSS, self._config.mss), MIN_MSS)
        self.congestion.set_mss(self.mss)
        self._shift = shift

    @property
    def in_flight(self) -> int:
        """Sequence numbers sent and not acknowledged."""
        return seq_diff(self.max, self.una)

    @property
    def ack_sequence(self) -> int:
        """The sequence number of a segment without data: as far as we sent, but inside the peer's window.

        Not `nxt`: after a timeout that is behind what the peer has, and it would not look at the segment.
        """
        end = seq_add(self.una, self.window)
        return self.max if seq_diff(end, self.max) >= 0 else end

    @property
    def fin_acknowledged(self) -> bool:
        """Say whether the peer has everything, our FIN included."""
        return self.fin_queued and not self.buffer and seq_diff(self.una, self.base) == 1

    @property
    def oldest_valid_ack(self) -> int:
        """The oldest acknowledgement number that is not absurd: SND.UNA - MAX.SND.WND (RFC 5961 §5.2)."""
        return seq_add(self.una, -self._max_window)

    def next_chunk(self, now: int) -> Chunk | None:
        """Return what to send next and count it as sent, None when nothing is left or a window is full."""
        offset = seq_diff(self.nxt, self.base)
        available = len(self.buffer) - offset
        usable = min(self.window, self.congestion.allowance) - seq_diff(self.nxt, self.una)
        length = max(min(available, usable, self.mss), 0)
        fin = self.fin_queued and length == available
        if length == 0 and not fin:
            return None
        if length < available and length < self.mss and 2 * length < self._max_window:
            return None  # silly window avoidance, RFC 9293 §3.8.6.2.1; the persist timer overrides it
        return self._send(offset, length, fin, now)

    def first_chunk(self) -> Chunk:
        """Return the oldest unacknowledged segment to send it again now (fast retransmit)."""
        self._timed_at = -1
        self.retransmitted += 1
        sent = seq_diff(self.max, self.base)
        length = min(self.mss, len(self.buffer), sent)
        fin = self.fin_queued and sent > len(self.buffer) and length == len(self.buffer)
        return Chunk(self.base, bytes(self.buffer[:length]), fin, length == len(self.buffer))

    def arm_persist(self, now: int) -> None:
        """Start the zero-window timer when data waits, nothing is in flight and nothing may be sent."""
        waiting = len(self.buffer) > seq_diff(self.nxt, self.base)
        if waiting and self.nxt == self.una and self.persist_deadline == NEVER:
            self.rto_deadline = NEVER
            self.persist_deadline = now + min(self.rto.rto << self._persist_backoff, self._config.rto_max)

    def on_persist(self, now: int) -> Chunk | None:
        """Return the window probe that is due (RFC 9293 §3.8.6.1), or as much as a silly small window takes."""
        self.persist_deadline = NEVER
        self._persist_backoff = min(self._persist_backoff + 1, 10)
        self.unanswered += 1
        offset = seq_diff(self.nxt, self.base)
        available = len(self.buffer) - offset
        if available <= 0:
            return None
        if self.window > 0:
            length = min(self.window, self.mss, available)
            return self._send(offset, length, self.fin_queued and length == available, now)
        probe = Chunk(self.nxt, bytes(self.buffer[offset : offset + 1]), False, False)
        if seq_diff(seq_add(self.nxt, 1), self.max) > 0:
            self.max = seq_add(self.nxt, 1)
        self.arm_persist(now)
        return probe

    def on_rto(self) -> None:
        """The oldest segment was not acknowledged in time: back off and start again from it (RFC 6298 §5.4-5.6)."""
        self.unanswered += 1
        self.rto.backoff()
        self.congestion.on_timeout(self.in_flight, self.unanswered == 1)
        self.recover = self.max
        self.nxt = self.una
        self._timed_at = -1
        self.rto_deadline = NEVER

    def on_window(self, sequence: int, acknowledgement: int, window: int) -> bool:
        """Take the peer's window unless the segment is older than the last one used (RFC 9293 §3.10.7.4)."""
        newer = seq_diff(sequence, self._wl1)
        if newer < 0 or (newer == 0 and seq_diff(acknowledgement, self._wl2) < 0):
            return False
        return self.set_window(sequence, acknowledgement, window << self._shift)

    def set_window(self, sequence: int, acknowledgement: int, window: int) -> bool:
        """Set the window in bytes; say whether it changed. A SYN's window is never scaled (RFC 7323 §2.2)."""
        changed = window != self.window
        self.window = window
        self._max_window = max(self._max_window, window)
        self._wl1 = sequence
        self._wl2 = acknowledgement
        if window > 0 and changed:
            self.persist_deadline = NEVER
            self._persist_backoff = 0
        return changed

    def on_ack(self, acknowledgement: int, now: int) -> bool:
        """Take an acknowledgement of new data; say whether the next segment is known lost and must go again."""
        acked = seq_diff(acknowledgement, self.una)
        count = min(seq_diff(acknowledgement, self.base), len(self.buffer))
        if count > 0:
            del self.buffer[:count]
            self.base = seq_add(self.base, count)
        self.una = acknowledgement
        if seq_diff(self.nxt, self.una) < 0:
            self.nxt = self.una
        if self._timed_at >= 0 and seq_diff(acknowledgement, self._timed_sequence) >= 0:
            self.rto.sample(now - self._timed_at)
            self._timed_at = -1
        self.unanswered = 0
        self.persist_deadline = NEVER
        self.rto_deadline = NEVER if self.una == self.max else now + self.rto.rto
        return self._after_ack(acked)

    def on_duplicate(self) -> bool:
        """Take a duplicate acknowledgement; say whether to send the first segment again (RFC 5681 §3.2)."""
        lost = self.congestion.on_duplicate()
        if not lost or seq_diff(self.una, self.recover) < 0:
            return False
        self.congestion.enter_recovery(self.in_flight)
        self.recover = self.max
        return True

    def _after_ack(self, acked: int) -> bool:
        if self.congestion.recovering:
            if seq_diff(self.una, self.recover) < 0:
                self.congestion.on_partial(acked)
                return self.una != self.max
            self.congestion.leave_recovery(self.in_flight)
        else:
            self.congestion.on_progress(acked)
        if seq_diff(self.una, self.recover) > 0:
            self.recover = self.una
        return False

    def _send(self, offset: int, length: int, fin: bool, now: int) -> Chunk:
        chunk = Chunk(self.nxt, bytes(self.buffer[offset : offset + length]), fin, offset + length == len(self.buffer))
        fresh = self.nxt == self.max
        self.nxt = seq_add(self.nxt, length + fin)
        if seq_diff(self.nxt, self.max) > 0:
            self.max = self.nxt
        if fresh and self._timed_at < 0:
            self._timed_at = now
            self._timed_sequence = self.nxt
        if not fresh:
            self.retransmitted += 1
        if self.rto_deadline == NEVER:
            self.rto_deadline = now + self.rto.rto
        self.persist_deadline = NEVER
        return chunk
