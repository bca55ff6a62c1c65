"""What a TCP connection does with segments and timers: the state machine of RFC 9293 §3.10.7 and §3.8."""

from __future__ import annotations

from ipaddress import IPv4Address
from typing import Final

import cython

from hftapp.channel import Channel
from hftapp.net import tcp_segment
from hftapp.net.counters import TcpCounters
from hftapp.net.path import Path
from hftapp.net.tcp_keepalive import DEAD, PROBE, KeepAlive
from hftapp.net.tcp_receiver import TcpReceiver
from hftapp.net.tcp_segment import Segment
from hftapp.net.tcp_sender import TcpSender
from hftapp.net.tcp_types import NEVER, TcpConfig, TcpState

if not cython.compiled:
    from hftapp.net.sequence import seq_add, seq_diff
    from hftapp.octets import copy, put32

_NEVER = NEVER
_DEAD, _PROBE = DEAD, PROBE
_FIN, _SYN, _RST, _PSH, _ACK = 0x01, 0x02, 0x04, 0x08, 0x10
_HEADER = 0x5000
"""A header of 20 bytes, in the place where the data offset is in front of the flags."""
_OPTION_BYTE = 0x0400
"""What a byte of options adds to that: the offset counts words of four."""
_STATES: Final = tuple(TcpState)
_CLOSED, _SYN_SENT, _SYN_RECEIVED, _ESTABLISHED, _FIN_WAIT_1 = 0, 1, 2, 3, 4
_FIN_WAIT_2, _CLOSE_WAIT, _CLOSING, _LAST_ACK, _TIME_WAIT = 5, 6, 7, 8, 9


class TcpMachine(Channel):
    """One connection, from the SYN that its constructor sends on `path` with number `iss`, to CLOSED.

    `error` is None unless the connection ended other than by both sides closing. `deadline`: when `on_timer` has
    something to do next. The owner calls `flush` when it is time for an acknowledgement
    that is still owed.
    """

    def __init__(self, path: Path, iss: int, config: TcpConfig, now: int) -> None:
        super().__init__()
        self.error: str | None = None
        self.counters = TcpCounters()
        self.path = path
        self.hosts = path.hosts
        self.ports = path.ports
        self.phase = _SYN_SENT
        self.deadline = NEVER
        self.peer_name = f"{IPv4Address(path.hosts >> 32)}:{path.ports >> 16}"
        self._mss = config.mss
        self._time_wait = config.time_wait
        self._fin_wait_2 = config.fin_wait_2
        self._max_retransmissions = config.max_retransmissions
        self._max_syn_retransmissions = config.max_syn_retransmissions
        self.sender = TcpSender(iss, config)
        self.receiver = TcpReceiver(config)
        self._keep_alive = KeepAlive(config, now)
        self._end_deadline = NEVER
        self.credit = 0
        self.data = self.receiver.buffer.room
        self._send_syn(now)
        self.settle()

    def __repr__(self) -> str:
        return f"<TcpConnection :{self.ports & 0xFFFF} to {self.peer_name} {self.state.value} error={self.error!r}>"

    @property
    def state(self) -> TcpState:
        """The state of RFC 9293 §3.3.2."""
        return _STATES[self.phase]

    @property
    def local_port(self) -> int:
        """Our port."""
        return self.ports & 0xFFFF

    @property
    def peer_closed(self) -> bool:
        """Say whether the peer has sent its FIN and everything before it has arrived."""
        return self.receiver.peer_closed

    @property
    def unacknowledged(self) -> int:
        """Bytes queued or sent that the peer has not acknowledged."""
        return self.sender.count

    @property
    def retransmitted(self) -> int:
        """Segments that were sent again."""
        return self.sender.retransmitted

    @property
    def smoothed_rtt(self) -> int:
        """Smoothed round-trip time in ns, 0 before the first measurement."""
        return self.sender.rto.smoothed

    # What the stack calls.

    def flush(self) -> None:
        """Queue the acknowledgement that is owed, if one is."""
        if self.receiver.ack_pending:
            self._send_ack()

    def on_timer(self, now: int) -> None:
        """Do what is due by `now`."""
        if self._end_deadline <= now:
            waited = self.phase == _FIN_WAIT_2
            self.end(f"{self.peer_name} did not close its side" if waited else None)
        elif self.sender.rto_deadline <= now:
            self._on_rto(now)
        elif self.sender.persist_deadline <= now:
            self._on_persist(now)
        elif self._keep_alive.deadline <= now:
            self._on_keep_alive(now)
        self.settle()

    def on_segment(self, segment: Segment, now: int) -> None:
        """Handle a segment of this connection whose checksum was right (RFC 9293 §3.10.7)."""
        self.counters.received += 1
        if self.phase == _CLOSED:
            return
        if self.phase == _SYN_SENT:
            self._in_syn_sent(segment, now)
        elif segment.flags & _RST:
            self._on_reset(segment, now)
        elif not self.receiver.acceptable(segment):
            self._on_unacceptable(segment, now)
        elif segment.flags & _SYN:
            self._challenge(now)
        elif segment.flags & _ACK:
            self._in_window(segment, now)
        self.settle()

    def settle(self) -> None:
        """After every event: when is something due next, and how much may leave at once?"""
        sender = self.sender
        deadline = sender.rto_deadline
        if sender.persist_deadline < deadline:
            deadline = sender.persist_deadline
        if self._keep_alive.deadline < deadline:
            deadline = self._keep_alive.deadline
        if self._end_deadline < deadline:
            deadline = self._end_deadline
        self.deadline = deadline
        if deadline < self.path.outbox.deadline:
            self.path.outbox.deadline = deadline
        self.credit = sender.credit() if self.phase == _ESTABLISHED else 0

    def enter(self, phase: int) -> None:
        """Change the state, and what the application sees of it."""
        self.phase = phase
        self.established = phase == _ESTABLISHED
        if phase == _CLOSED or self.receiver.peer_closed:
            self.closed = "closed by the peer" if self.error is None else self.error

    # Segment arrival, in the RFC's order.

    def _in_syn_sent(self, segment: Segment, now: int) -> None:
        """RFC 9293 §3.10.7.3."""
        acked = segment.flags & _ACK != 0
        if acked and segment.acknowledgement != self.sender.nxt:
            if not segment.flags & _RST:
                self._reset(segment)
            return
        if segment.flags & _RST:
            if acked:
                self.end(f"connection refused by {self.peer_name}")
            return
        if not segment.flags & _SYN:
            return
        scaled = self.receiver.begin(segment)
        self.sender.negotiated(segment.mss, segment.window_shift if scaled else 0)
        self.sender.set_window(segment.sequence, segment.acknowledgement, segment.window)
        self._keep_alive.heard(now)
        if acked:
            self._open(segment.acknowledgement, now)
            self.receiver.ack_pending = True
            self.output(now)
        else:
            self.enter(_SYN_RECEIVED)
            self._send_syn(now)

    def _open(self, acknowledgement: int, now: int) -> None:
        """Our SYN is acknowledged."""
        if self.counters.timeouts != 0:
            self.sender.rto.after_syn_timeout()
        self.sender.on_ack(acknowledgement, now)
        self.enter(_FIN_WAIT_1 if self.sender.fin_queued else _ESTABLISHED)
        self._keep_alive.start(now)

    def _on_reset(self, segment: Segment, now: int) -> None:
        """Believe only the exact next sequence number (RFC 5961 §3.2)."""
        first = seq_diff(segment.sequence, self.receiver.next())
        if first == 0:
            refused = self.phase == _SYN_RECEIVED
            closed = self.phase in (_TIME_WAIT, _CLOSING, _LAST_ACK)
            reason = f"connection {'refused' if refused else 'reset'} by {self.peer_name}"
            self.end(None if closed else reason)
        elif 0 < first < self.receiver.buffer.window():
            self._challenge(now)
        else:
            self.counters.unacceptable += 1

    def _on_unacceptable(self, segment: Segment, now: int) -> None:
        self.counters.unacceptable += 1
        if segment.flags & _FIN and self.phase == _TIME_WAIT:
            self._end_deadline = now + self._time_wait
        if segment.data_length != 0 or segment.flags & _FIN:
            self._send_ack()
        else:
            self._challenge(now)

    def _in_window(self, segment: Segment, now: int) -> None:
        """ACK, data and FIN of an acceptable segment."""
        if self._on_ack(segment, now):
            self._keep_alive.heard(now)
            self._take(segment, now)

    def _take(self, segment: Segment, now: int) -> None:
        """Its data and FIN; and what the acknowledgement permits to send."""
        phase = self.phase
        if phase in (_ESTABLISHED, _FIN_WAIT_1, _FIN_WAIT_2):
            if segment.data_length != 0 and not self.receiver.on_data(segment):
                self.counters.out_of_order += 1
                self._send_ack()
            if self.receiver.on_fin(segment):
                self._on_fin(now)
        self.output(now)

    def _on_ack(self, segment: Segment, now: int) -> bool:
        """Take the acknowledgement and the window; say whether to go on with the segment."""
        sender = self.sender
        number = segment.acknowledgement
        acked = seq_diff(number, sender.una)
        if self.phase == _SYN_RECEIVED:
            if acked != 1:
                self._reset(segment)
                return False
            self._open(number, now)
            sender.on_window(segment.sequence, number, segment.window)
            return True
        if not sender.valid_ack(number):
            self._challenge(now)
            return False
        if acked < 0:
            return True
        outstanding = sender.in_flight() > 0
        changed = sender.on_window(segment.sequence, number, segment.window)
        if sender.window == 0:
            sender.unanswered = 0  # the peer lives and answers window probes (RFC 9293 §3.8.6.1, MUST-37)
        if acked > 0:
            if sender.on_ack(number, now):
                sender.first_chunk()
                self._emit_chunk()
            if sender.fin_acknowledged():
                self._on_fin_acknowledged(now)
        elif outstanding and not changed and segment.length() == 0 and sender.window > 0:
            self.counters.duplicate_acks += 1
            if sender.on_duplicate():
                self.counters.fast_retransmits += 1
                sender.first_chunk()
                self._emit_chunk()
        return True

    def _on_fin(self, now: int) -> None:
        """RFC 9293 §3.10.7.4, eighth step."""
        if self.phase == _ESTABLISHED:
            self.enter(_CLOSE_WAIT)
        elif self.phase == _FIN_WAIT_1:
            self.enter(_CLOSING)
        else:
            self._enter_time_wait(now)

    def _on_fin_acknowledged(self, now: int) -> None:
        if self.phase == _FIN_WAIT_1:
            self.enter(_FIN_WAIT_2)
            self._end_deadline = now + self._fin_wait_2
        elif self.phase == _CLOSING:
            self._enter_time_wait(now)
        elif self.phase == _LAST_ACK:
            self.end(None)

    def _enter_time_wait(self, now: int) -> None:
        self.enter(_TIME_WAIT)
        self._keep_alive.stop()
        self._end_deadline = now + self._time_wait

    # Timers.

    def _on_rto(self, now: int) -> None:
        sender = self.sender
        opening = self.phase == _SYN_SENT or self.phase == _SYN_RECEIVED
        limit = self._max_syn_retransmissions if opening else self._max_retransmissions
        if sender.unanswered >= limit:
            what = "SYN" if opening else f"{sender.in_flight()} bytes in flight"
            self.end(f"{self.peer_name} did not acknowledge {what} after {sender.unanswered} retransmissions")
            return
        self.counters.timeouts += 1
        if opening:
            sender.unanswered += 1
            sender.rto.backoff()
            sender.retransmitted += 1
            self._send_syn(now)
        else:
            sender.on_rto()
            self.output(now)

    def _on_persist(self, now: int) -> None:
        sender = self.sender
        if sender.unanswered >= self._max_retransmissions:
            self.end(f"{self.peer_name} did not answer {sender.unanswered} window probes")
            return
        self.counters.window_probes += 1
        if sender.on_persist(now):
            self._emit_chunk()

    def _on_keep_alive(self, now: int) -> None:
        """RFC 9293 §3.8.4: a segment one below the window makes the peer answer."""
        verdict = self._keep_alive.on_timer(now, self.sender.in_flight() > 0)
        if verdict == _DEAD:
            self.end(f"{self.peer_name} did not answer {self._keep_alive.probes} keep-alive probes")
        elif verdict == _PROBE:
            self.counters.keep_alives += 1
            self.emit(seq_add(self.sender.nxt, -1), _ACK)

    # Sending.

    def output(self, now: int) -> None:
        """Send what the windows allow."""
        sender = self.sender
        if self.phase != _CLOSED:
            while sender.next_chunk(now):
                self._emit_chunk()
            sender.arm_persist(now)

    def _emit_chunk(self) -> None:
        """Send the sender's chunk; an acknowledgement goes with it."""
        sender = self.sender
        flags = _HEADER | _ACK
        if sender.chunk_push and sender.chunk_length != 0:
            flags |= _PSH
        if sender.chunk_fin:
            flags |= _FIN
        if sender.chunk_length != 0:
            room = self.path.room()
            sender.fill(room, self.path.size + 20)
            window = self.receiver.advertise()
            self.path.send(room, sender.chunk_sequence, self.receiver.next(), flags, window, sender.chunk_length)
            self.counters.sent += 1
        else:
            self.emit(sender.chunk_sequence, flags)

    def emit(self, sequence: int, flags: int) -> None:
        """Send a segment without data; it says what waits beyond a hole, if the peer wants to know (RFC 2018)."""
        receiver = self.receiver
        room = self.path.room()
        flags |= _HEADER
        size = 0
        if receiver.sack and receiver.buffer.waiting != 0:
            at = self.path.size + 20
            size = 4 + 8 * receiver.buffer.write_blocks(room, at + 4, 4)
            put32(room, at, 0x01010500 + size - 2)
            flags += _OPTION_BYTE * size
        window = receiver.advertise()
        self.path.send(room, sequence, receiver.next(), flags, window, size)
        self.counters.sent += 1

    def _send_syn(self, now: int) -> None:
        receiver = self.receiver
        received = self.phase == _SYN_RECEIVED
        shift = receiver.offered_shift or -1
        if received and receiver.shift == 0:
            shift = -1
        options = tcp_segment.syn_options(self._mss, shift, receiver.sack or not received)
        room = self.path.room()
        copy(room, self.path.size + 20, options, 0, len(options))
        flags = (_HEADER + _OPTION_BYTE * len(options)) | (_SYN | _ACK if received else _SYN)
        window = min(receiver.buffer.window(), 0xFFFF)
        acknowledgement = receiver.next() if received else 0
        self.path.send(room, self.sender.una, acknowledgement, flags, window, len(options))
        self.counters.sent += 1
        self.sender.start_timer(now)

    def _send_ack(self) -> None:
        self.emit(self.sender.ack_sequence(), _ACK)

    def _reset(self, segment: Segment) -> None:
        """Refuse a segment; the connection stays."""
        sequence, acknowledgement, flags = tcp_segment.reset_for(segment)
        self.path.send(self.path.room(), sequence, acknowledgement, _HEADER | flags, 0, 0)
        self.counters.sent += 1

    def _challenge(self, now: int) -> None:
        """Send an acknowledgement that a forger cannot use, at a bounded rate (RFC 5961 §7)."""
        if self.receiver.may_challenge(now):
            self.counters.challenges += 1
            self._send_ack()

    def end(self, error: str | None) -> None:
        """Become CLOSED; received data stays readable."""
        self.error = error
        self.enter(_CLOSED)
        self.receiver.ack_pending = False
        self.sender.forget()
        self._keep_alive.stop()
        self._end_deadline = _NEVER
