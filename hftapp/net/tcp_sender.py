"""The sending half of a TCP connection: what is in flight, what may go next, and when to send it again.

Sequence variables are named as in RFC 9293 §3.3.1 (`una`, `nxt`, `window`). `max` is the highest sequence number
ever sent: after a timeout `nxt` goes back to `una` and everything up to `max` goes out again as acknowledgements
come in (no SACK). The bytes that are not acknowledged are in a ring; `count` of them, the first one has number `base`.
"""

from __future__ import annotations

import cython

from hftapp.net.tcp_congestion import NewReno
from hftapp.net.tcp_rto import RtoEstimator
from hftapp.net.tcp_segment import DEFAULT_MSS
from hftapp.net.tcp_types import MIN_MSS, NEVER, TcpConfig
from hftapp.octets import Octets, Room

if not cython.compiled:
    from hftapp.net.sequence import seq_add, seq_diff
    from hftapp.octets import copy

_NEVER = NEVER


@cython.final
@cython.cclass
class TcpSender:
    """Send buffer, windows, retransmission and zero-window timers. Times in ns, sizes in bytes.

    `unanswered`: retransmissions or window probes since the peer last answered; `retransmitted`: segments sent again in
    the life of the connection. `chunk_…`: the part of the stream that is to be put into a segment now.
    """

    def __init__(self, iss: int, config: TcpConfig) -> None:
        self.una = iss
        self.nxt = self.max = self.base = self.recover = seq_add(iss, 1)
        self.count = 0
        self.limit = config.send_buffer
        self.fin_queued = False
        self.window = 0
        self.mss = config.mss
        self.congestion = NewReno(config.mss)
        self.rto = RtoEstimator(config.rto_initial, config.rto_min, config.rto_max)
        self.rto_deadline = NEVER
        self.persist_deadline = NEVER
        self.unanswered = 0
        self.retransmitted = 0
        self.chunk_sequence = self.chunk_offset = self.chunk_length = 0
        self.chunk_fin = self.chunk_push = False
        size = 1 << (config.send_buffer - 1).bit_length()
        self._store = bytearray(size)
        self._ring: Room = self._store
        self._mask = size - 1
        self._head = 0
        self._own_mss = config.mss
        self._rto_max = config.rto_max
        self._max_window = 0
        self._shift = 0
        self._wl1 = 0
        self._wl2 = 0
        self._timed_sequence = self.nxt
        self._timed_at = -1
        self._persist_backoff = 0

    # The ring.

    def append(self, data: Octets, at: int, length: int) -> None:
        """Add bytes behind those that wait; the caller has seen that they fit `limit`."""
        place = (self._head + self.count) & self._mask
        before_end = self._mask + 1 - place
        if length <= before_end:
            copy(self._ring, place, data, at, length)
        else:
            copy(self._ring, place, data, at, before_end)
            copy(self._ring, 0, data, at + before_end, length - before_end)
        self.count += length

    def fill(self, room: Room, at: int) -> None:
        """Write the bytes of the chunk."""
        place = (self._head + self.chunk_offset) & self._mask
        before_end = self._mask + 1 - place
        if self.chunk_length <= before_end:
            copy(room, at, self._ring, place, self.chunk_length)
        else:
            copy(room, at, self._ring, place, before_end)
            copy(room, at + before_end, self._ring, 0, self.chunk_length - before_end)

    def forget(self) -> None:
        """Give up everything: the connection has ended."""
        self.count = 0
        self.rto_deadline = self.persist_deadline = _NEVER

    def start_timer(self, now: int) -> None:
        """Time the SYN that was just sent, and wait for its acknowledgement."""
        self._timed_at = now if self.unanswered == 0 else -1
        self.rto_deadline = now + self.rto.rto

    def negotiated(self, announced: int, shift: int) -> None:
        """Take the segment size that the peer's SYN announced (0: none) and the window shift agreed on."""
        self.mss = max(min(announced or DEFAULT_MSS, self._own_mss), MIN_MSS)
        self.congestion.set_mss(self.mss)
        self._shift = shift

    def in_flight(self) -> int:
        """Sequence numbers sent and not acknowledged."""
        return seq_diff(self.max, self.una)

    def ack_sequence(self) -> int:
        """The sequence number of a segment without data: as far as we sent, but inside the peer's window.

        Not `nxt`: after a timeout that is behind what the peer has, and it would not look at the segment.
        """
        end = seq_add(self.una, self.window)
        return self.max if seq_diff(end, self.max) >= 0 else end

    def fin_acknowledged(self) -> bool:
        """Say whether the peer has everything, our FIN included."""
        return self.fin_queued and self.count == 0 and seq_diff(self.una, self.base) == 1

    def valid_ack(self, number: int) -> bool:
        """Say whether an acknowledgement is of something sent, and not older than MAX.SND.WND (RFC 5961 §5.2)."""
        return seq_diff(number, self.max) <= 0 and seq_diff(number, seq_add(self.una, -self._max_window)) >= 0

    # Sending.

    def credit(self) -> int:
        """How many bytes may go out at once as one segment; 0 while anything waits or has to go again."""
        if self.fin_queued or self.nxt != self.max or seq_diff(self.nxt, self.base) != self.count:
            return 0
        usable = self._usable()
        if usable > self.mss:
            usable = self.mss
        if usable > self.limit - self.count:
            usable = self.limit - self.count
        return usable if usable > 0 else 0

    def commit(self, data: Octets, at: int, length: int, now: int) -> None:
        """Keep the bytes of a segment that went out under `credit`, and count it as sent."""
        self.append(data, at, length)
        self.nxt = self.max = seq_add(self.nxt, length)
        if self._timed_at < 0:
            self._timed_at = now
            self._timed_sequence = self.nxt
        if self.rto_deadline == _NEVER:
            self.rto_deadline = now + self.rto.rto

    def next_chunk(self, now: int) -> bool:
        """Choose what to send next and count it as sent; False when nothing is left or a window is full."""
        offset = seq_diff(self.nxt, self.base)
        available = self.count - offset
        length = self._usable()
        if length > available:
            length = available
        if length > self.mss:
            length = self.mss
        if length < 0:
            length = 0
        fin = self.fin_queued and length == available
        if length == 0 and not fin:
            return False
        if length < available and length < self.mss and 2 * length < self._max_window:
            return False  # silly window avoidance, RFC 9293 §3.8.6.2.1; the persist timer overrides it
        self._send(offset, length, fin, now)
        return True

    def first_chunk(self) -> None:
        """Choose the oldest unacknowledged segment to send it again now (fast retransmit)."""
        self._timed_at = -1
        self.retransmitted += 1
        sent = seq_diff(self.max, self.base)
        length = self.mss
        if length > self.count:
            length = self.count
        if length > sent:
            length = sent
        fin = self.fin_queued and sent > self.count and length == self.count
        self._choose(self.base, 0, length, fin)

    def arm_persist(self, now: int) -> None:
        """Start the zero-window timer when data waits, nothing is in flight and nothing may be sent."""
        waiting = self.count > seq_diff(self.nxt, self.base)
        if waiting and self.nxt == self.una and self.persist_deadline == _NEVER:
            wait = self.rto.rto << self._persist_backoff
            self.rto_deadline = _NEVER
            self.persist_deadline = now + (wait if wait < self._rto_max else self._rto_max)

    def on_persist(self, now: int) -> bool:
        """Choose the window probe that is due (RFC 9293 §3.8.6.1), or as much as a silly small window takes."""
        self.persist_deadline = _NEVER
        if self._persist_backoff < 10:
            self._persist_backoff += 1
        self.unanswered += 1
        offset = seq_diff(self.nxt, self.base)
        available = self.count - offset
        if available <= 0:
            return False
        if self.window > 0:
            length = self.window
            if length > self.mss:
                length = self.mss
            if length > available:
                length = available
            self._send(offset, length, self.fin_queued and length == available, now)
            return True
        self._choose(self.nxt, offset, 1, False)
        self.chunk_push = False
        if seq_diff(seq_add(self.nxt, 1), self.max) > 0:
            self.max = seq_add(self.nxt, 1)
        self.arm_persist(now)
        return True

    def on_rto(self) -> None:
        """The oldest segment was not acknowledged in time: back off and start again from it (RFC 6298 §5.4-5.6)."""
        self.unanswered += 1
        self.rto.backoff()
        self.congestion.on_timeout(self.in_flight(), self.unanswered == 1)
        self.recover = self.max
        self.nxt = self.una
        self._timed_at = -1
        self.rto_deadline = _NEVER

    # The peer's acknowledgements and windows.

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
        if window > self._max_window:
            self._max_window = window
        self._wl1 = sequence
        self._wl2 = acknowledgement
        if window > 0 and changed:
            self.persist_deadline = _NEVER
            self._persist_backoff = 0
        return changed

    def on_ack(self, acknowledgement: int, now: int) -> bool:
        """Take an acknowledgement of new data; say whether the next segment is known lost and must go again."""
        acked = seq_diff(acknowledgement, self.una)
        count = seq_diff(acknowledgement, self.base)
        if count > self.count:
            count = self.count
        if count > 0:
            self._head = (self._head + count) & self._mask
            self.count -= count
            self.base = seq_add(self.base, count)
        self.una = acknowledgement
        if seq_diff(self.nxt, self.una) < 0:
            self.nxt = self.una
        if self._timed_at >= 0 and seq_diff(acknowledgement, self._timed_sequence) >= 0:
            self.rto.sample(now - self._timed_at)
            self._timed_at = -1
        self.unanswered = 0
        self.persist_deadline = _NEVER
        self.rto_deadline = _NEVER if self.una == self.max else now + self.rto.rto
        return self._after_ack(acked)

    def on_duplicate(self) -> bool:
        """Take a duplicate acknowledgement; say whether to send the first segment again (RFC 5681 §3.2)."""
        lost = self.congestion.on_duplicate()
        if not lost or seq_diff(self.una, self.recover) < 0:
            return False
        self.congestion.enter_recovery(self.in_flight())
        self.recover = self.max
        return True

    def _after_ack(self, acked: int) -> bool:
        if self.congestion.recovering:
            if seq_diff(self.una, self.recover) < 0:
                self.congestion.on_partial(acked)
                return self.una != self.max
            self.congestion.leave_recovery(self.in_flight())
        else:
            self.congestion.on_progress(acked)
        if seq_diff(self.una, self.recover) > 0:
            self.recover = self.una
        return False

    def _usable(self) -> int:
        """What the smaller of the peer's window and the congestion window leaves; negative when it shrank."""
        usable = self.congestion.allowance()
        if usable > self.window:
            usable = self.window
        return usable - seq_diff(self.nxt, self.una)

    def _choose(self, sequence: int, offset: int, length: int, fin: bool) -> None:
        self.chunk_sequence = sequence
        self.chunk_offset = offset
        self.chunk_length = length
        self.chunk_fin = fin
        self.chunk_push = offset + length == self.count

    def _send(self, offset: int, length: int, fin: bool, now: int) -> None:
        self._choose(self.nxt, offset, length, fin)
        fresh = self.nxt == self.max
        self.nxt = seq_add(self.nxt, length + (1 if fin else 0))
        if seq_diff(self.nxt, self.max) > 0:
            self.max = self.nxt
        if fresh and self._timed_at < 0:
            self._timed_at = now
            self._timed_sequence = self.nxt
        if not fresh:
            self.retransmitted += 1
        if self.rto_deadline == _NEVER:
            self.rto_deadline = now + self.rto.rto
        self.persist_deadline = _NEVER
