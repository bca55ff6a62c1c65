"""A TCP client connection (RFC 9293), sans-I/O: segments and the time in, segments and the next deadline out.

Decisions that the RFC leaves open:

* Nothing waits to be sent (no Nagle): an order goes out with the call that queues it.
* An acknowledgement is sent when the caller collects segments, so it travels with an order written in answer to
  the same burst and alone otherwise; it is never delayed. Out-of-order data is acknowledged at once, segment by
  segment, because the peer counts those.
* Resets and acknowledgements must fit exactly, or are challenged (RFC 5961); at most ten challenges a second.
* Selective acknowledgements are sent (RFC 2018), so the peer repairs its losses fast; those received are not used,
  because what is in flight towards an exchange is a few orders, not a bulk transfer.
* No urgent data, no timestamps: an order session is short messages on one switch.
"""

from ipaddress import IPv4Address
from typing import Final

from hftapp.net import checksum, ipv4, tcp_segment
from hftapp.net.tcp_keepalive import KeepAlive, Verdict
from hftapp.net.tcp_receiver import TcpReceiver
from hftapp.net.tcp_segment import ACK, FIN, PSH, RST, SYN, Segment
from hftapp.net.tcp_sender import Chunk, TcpSender
from hftapp.net.tcp_types import NEVER, TcpBufferError, TcpConfig, TcpCounters, TcpError, TcpState, seq_add, seq_diff

_SENDING: Final = (TcpState.ESTABLISHED, TcpState.CLOSE_WAIT)
_RECEIVING: Final = (TcpState.ESTABLISHED, TcpState.FIN_WAIT_1, TcpState.FIN_WAIT_2)


class TcpConnection:
    """One connection, opened by its constructor. The owner moves segments, and calls `on_timer` by `deadline`.

    Addresses are integers. `error` is None unless the connection ended other than by both sides closing.
    """

    def __init__(
        self, local: int, local_port: int, remote: int, remote_port: int, *, iss: int, config: TcpConfig, now: int
    ) -> None:
        self.state = TcpState.SYN_SENT
        self.error: str | None = None
        self.counters = TcpCounters()
        self.local_port = local_port
        self.remote_port = remote_port
        self._peer_name = f"{IPv4Address(remote)}:{remote_port}"
        self._pseudo = checksum.pseudo_header_sum(local, remote, ipv4.TCP)
        self._config = config
        self._out: list[bytes] = []
        self._sender = TcpSender(iss, config)
        self._receiver = TcpReceiver(config)
        self._keep_alive = KeepAlive(config, now)
        self._end_deadline = NEVER
        self._send_syn(now)

    def __repr__(self) -> str:
        return f"<TcpConnection :{self.local_port} to {self._peer_name} {self.state.value} error={self.error!r}>"

    # What the application calls.

    def send(self, data: bytes, now: int) -> None:
        """Queue bytes and send what the windows allow; before the handshake ends they wait for it.

        Raises TcpError when the connection is closed or closing, TcpBufferError (and queues nothing) when
        the send buffer cannot take all of it.
        """
        sender = self._sender
        if self.state not in _SENDING and self.state not in (TcpState.SYN_SENT, TcpState.SYN_RECEIVED):
            raise TcpError(f"cannot send to {self._peer_name}: connection is {self.state.value} ({self.error})")
        if sender.fin_queued:
            raise TcpError(f"cannot send to {self._peer_name}: close() was called before")
        if len(sender.buffer) + len(data) > self._config.send_buffer:
            raise TcpBufferError(
                f"cannot send {len(data)} bytes to {self._peer_name}: {len(sender.buffer)} of "
                f"{self._config.send_buffer} bytes are waiting; send slower or raise send_buffer"
            )
        sender.buffer += data
        if self.state in _SENDING:
            self._output(now)

    def receive(self) -> bytes:
        """Return all bytes that arrived in order since the last call; also after the connection has ended."""
        return self._receiver.take(self.state in _RECEIVING)

    def close(self, now: int) -> None:
        """Send a FIN after everything queued; data can still be received until the peer closes too."""
        if self.state is TcpState.SYN_SENT:
            self._end(None)
        elif not self._sender.fin_queued and self.state is not TcpState.CLOSED:
            self._sender.fin_queued = True
            if self.state is TcpState.ESTABLISHED:
                self.state = TcpState.FIN_WAIT_1
                self._output(now)
            elif self.state is TcpState.CLOSE_WAIT:
                self.state = TcpState.LAST_ACK
                self._output(now)

    def abort(self) -> None:
        """End at once: reset the peer (RFC 9293 §3.10.5), forget what was queued."""
        if self.state not in (TcpState.CLOSED, TcpState.SYN_SENT, TcpState.TIME_WAIT):
            self._emit(self._sender.ack_sequence, RST | ACK, b"")
        if self.state is not TcpState.CLOSED:
            self._end("aborted by us")

    @property
    def peer_closed(self) -> bool:
        """Say whether the peer has sent its FIN and everything before it has arrived."""
        return self._receiver.peer_closed

    @property
    def unacknowledged(self) -> int:
        """Bytes queued or sent that the peer has not acknowledged."""
        return len(self._sender.buffer)

    @property
    def retransmitted(self) -> int:
        """Segments that were sent again."""
        return self._sender.retransmitted

    @property
    def smoothed_rtt(self) -> int:
        """Smoothed round-trip time in ns, 0 before the first measurement."""
        return self._sender.rto.smoothed

    # What the stack calls.

    def take_segments(self) -> list[bytes]:
        """Return the segments to send, header and checksum included, with an acknowledgement if one is owed."""
        if self._receiver.ack_pending:
            self._send_ack()
        segments = self._out
        if segments:
            self._out = []
        return segments

    @property
    def has_segments(self) -> bool:
        """Say whether `take_segments` would return any."""
        return self._receiver.ack_pending or bool(self._out)

    @property
    def deadline(self) -> int:
        """When `on_timer` next has something to do, `NEVER` when nothing is planned."""
        return min(
            self._sender.rto_deadline, self._sender.persist_deadline, self._keep_alive.deadline, self._end_deadline
        )

    def on_timer(self, now: int) -> None:
        """Do what is due by `now`."""
        if self._end_deadline <= now:
            waited = self.state is TcpState.FIN_WAIT_2
            self._end(f"{self._peer_name} did not close its side" if waited else None)
        elif self._sender.rto_deadline <= now:
            self._on_rto(now)
        elif self._sender.persist_deadline <= now:
            self._on_persist(now)
        elif self._keep_alive.deadline <= now:
            self._on_keep_alive(now)

    def on_segment(self, segment: Segment, now: int) -> None:
        """Handle a segment of this connection whose checksum was right (RFC 9293 §3.10.7)."""
        self.counters.received += 1
        if self.state is TcpState.CLOSED:
            return
        if self.state is TcpState.SYN_SENT:
            self._in_syn_sent(segment, now)
            return
        if segment.flags & RST:
            self._on_reset(segment, now)
        elif not self._receiver.acceptable(segment):
            self._on_unacceptable(segment, now)
        elif segment.flags & SYN:
            self._challenge(now)
        elif segment.flags & ACK:
            self._in_window(segment, now)

    # Segment arrival, in the RFC's order.

    def _in_syn_sent(self, segment: Segment, now: int) -> None:
        """RFC 9293 §3.10.7.3."""
        acked = bool(segment.flags & ACK)
        if acked and segment.acknowledgement != self._sender.nxt:
            if not segment.flags & RST:
                self._queue(tcp_segment.reset_for(segment))
            return
        if segment.flags & RST:
            if acked:
                self._end(f"connection refused by {self._peer_name}")
            return
        if not segment.flags & SYN:
            return
        scaled = self._receiver.start(segment)
        self._sender.negotiated(segment.mss, segment.window_shift if scaled else 0)
        self._sender.set_window(segment.sequence, segment.acknowledgement, segment.window)
        self._keep_alive.heard(now)
        if acked:
            self._established(segment.acknowledgement, now)
            self._receiver.ack_pending = True
            self._output(now)
        else:
            self.state = TcpState.SYN_RECEIVED
            self._send_syn(now)

    def _established(self, acknowledgement: int, now: int) -> None:
        if self.counters.timeouts:
            self._sender.rto.after_syn_timeout()
        self._sender.on_ack(acknowledgement, now)
        self.state = TcpState.ESTABLISHED
        if self._sender.fin_queued:
            self.state = TcpState.FIN_WAIT_1
        self._keep_alive.start(now)

    def _on_reset(self, segment: Segment, now: int) -> None:
        """Believe only the exact next sequence number (RFC 5961 §3.2)."""
        first = seq_diff(segment.sequence, self._receiver.next)
        if first == 0:
            refused = self.state is TcpState.SYN_RECEIVED
            closed = self.state in (TcpState.TIME_WAIT, TcpState.CLOSING, TcpState.LAST_ACK)
            reason = f"connection {'refused' if refused else 'reset'} by {self._peer_name}"
            self._end(None if closed else reason)
        elif 0 < first < self._receiver.window:
            self._challenge(now)
        else:
            self.counters.unacceptable += 1

    def _on_unacceptable(self, segment: Segment, now: int) -> None:
        self.counters.unacceptable += 1
        if segment.flags & FIN and self.state is TcpState.TIME_WAIT:
            self._end_deadline = now + self._config.time_wait
        if segment.data or segment.flags & FIN:
            self._send_ack()
        else:
            self._challenge(now)

    def _in_window(self, segment: Segment, now: int) -> None:
        """ACK, data and FIN of an acceptable segment."""
        if not self._on_ack(segment, now):
            return
        self._keep_alive.heard(now)
        if self.state is TcpState.CLOSED:
            return
        if self.state in _RECEIVING:
            if segment.data and not self._receiver.on_data(segment):
                self.counters.out_of_order += 1
                self._send_ack()
            if self._receiver.on_fin(segment):
                self._on_fin(now)
        self._output(now)

    def _on_ack(self, segment: Segment, now: int) -> bool:
        """Take the acknowledgement and the window; say whether to go on with the segment."""
        sender = self._sender
        number = segment.acknowledgement
        acked = seq_diff(number, sender.una)
        if self.state is TcpState.SYN_RECEIVED:
            if acked != 1:
                self._queue(tcp_segment.reset_for(segment))
                return False
            self._established(number, now)
            sender.on_window(segment.sequence, number, segment.window)
            return True
        if seq_diff(number, sender.max) > 0 or seq_diff(number, sender.oldest_valid_ack) < 0:
            self._challenge(now)
            return False
        if acked < 0:
            return True
        outstanding = sender.in_flight > 0
        changed = sender.on_window(segment.sequence, number, segment.window)
        if sender.window == 0:
            sender.unanswered = 0  # the peer lives and answers window probes (RFC 9293 §3.8.6.1, MUST-37)
        if acked > 0:
            if sender.on_ack(number, now):
                self._emit_chunk(sender.first_chunk())
            if sender.fin_acknowledged:
                self._on_fin_acknowledged(now)
        elif outstanding and not changed and segment.length == 0 and sender.window > 0:
            self.counters.duplicate_acks += 1
            if sender.on_duplicate():
                self.counters.fast_retransmits += 1
                self._emit_chunk(sender.first_chunk())
        return True

    def _on_fin(self, now: int) -> None:
        """RFC 9293 §3.10.7.4, eighth step."""
        if self.state is TcpState.ESTABLISHED:
            self.state = TcpState.CLOSE_WAIT
        elif self.state is TcpState.FIN_WAIT_1:
            self.state = TcpState.CLOSING
        else:
            self._enter_time_wait(now)

    def _on_fin_acknowledged(self, now: int) -> None:
        if self.state is TcpState.FIN_WAIT_1:
            self.state = TcpState.FIN_WAIT_2
            self._end_deadline = now + self._config.fin_wait_2
        elif self.state is TcpState.CLOSING:
            self._enter_time_wait(now)
        elif self.state is TcpState.LAST_ACK:
            self._end(None)

    def _enter_time_wait(self, now: int) -> None:
        self.state = TcpState.TIME_WAIT
        self._keep_alive.stop()
        self._end_deadline = now + self._config.time_wait

    # Timers.

    def _on_rto(self, now: int) -> None:
        sender = self._sender
        opening = self.state in (TcpState.SYN_SENT, TcpState.SYN_RECEIVED)
        limit = self._config.max_syn_retransmissions if opening else self._config.max_retransmissions
        if sender.unanswered >= limit:
            what = "SYN" if opening else f"{sender.in_flight} bytes in flight"
            self._end(f"{self._peer_name} did not acknowledge {what} after {sender.unanswered} retransmissions")
            return
        self.counters.timeouts += 1
        if opening:
            sender.unanswered += 1
            sender.rto.backoff()
            sender.retransmitted += 1
            self._send_syn(now)
        else:
            sender.on_rto()
            self._output(now)

    def _on_persist(self, now: int) -> None:
        sender = self._sender
        if sender.unanswered >= self._config.max_retransmissions:
            self._end(f"{self._peer_name} did not answer {sender.unanswered} window probes")
            return
        self.counters.window_probes += 1
        chunk = sender.on_persist(now)
        if chunk is not None:
            self._emit_chunk(chunk)

    def _on_keep_alive(self, now: int) -> None:
        """RFC 9293 §3.8.4: a segment one below the window makes the peer answer."""
        verdict = self._keep_alive.on_timer(now, self._sender.in_flight > 0)
        if verdict is Verdict.DEAD:
            self._end(f"{self._peer_name} did not answer {self._keep_alive.probes} keep-alive probes")
        elif verdict is Verdict.PROBE:
            self.counters.keep_alives += 1
            self._emit(seq_add(self._sender.nxt, -1), ACK, b"")

    # Sending.

    def _output(self, now: int) -> None:
        sender = self._sender
        if self.state is TcpState.CLOSED:
            return
        chunk = sender.next_chunk(now)
        while chunk is not None:
            self._emit_chunk(chunk)
            chunk = sender.next_chunk(now)
        sender.arm_persist(now)

    def _emit_chunk(self, chunk: Chunk) -> None:
        flags = ACK | (PSH if chunk.push and chunk.data else 0) | (FIN if chunk.fin else 0)
        self._emit(chunk.sequence, flags, chunk.data)

    def _send_syn(self, now: int) -> None:
        sender = self._sender
        received = self.state is TcpState.SYN_RECEIVED
        shift = self._receiver.offered_shift or -1
        if received and self._receiver.shift == 0:
            shift = -1
        window = min(self._receiver.window, 0xFFFF)
        acknowledgement = self._receiver.next if received else 0
        flags = SYN | ACK if received else SYN
        permitted = self._receiver.sack or not received
        self._queue(Segment(sender.una, acknowledgement, flags, window, self._config.mss, shift, b"", permitted))
        sender.start_timer(now)

    def _send_ack(self) -> None:
        self._emit(self._sender.ack_sequence, ACK, b"")

    def _challenge(self, now: int) -> None:
        """Send an acknowledgement that a forger cannot use, at a bounded rate (RFC 5961 §7)."""
        if self._receiver.may_challenge(now):
            self.counters.challenges += 1
            self._send_ack()

    def _emit(self, sequence: int, flags: int, data: bytes) -> None:
        receiver = self._receiver
        sack = () if data else receiver.blocks()
        window = receiver.advertise()
        self._queue(Segment(sequence, receiver.next, flags, window, 0, -1, data, False, sack))

    def _queue(self, segment: Segment) -> None:
        self.counters.sent += 1
        self._out.append(tcp_segment.encode(self.local_port, self.remote_port, segment, self._pseudo))

    def _end(self, error: str | None) -> None:
        """Become CLOSED; received data stays readable."""
        self.state = TcpState.CLOSED
        self.error = error
        self._receiver.ack_pending = False
        self._sender.buffer.clear()
        self._sender.rto_deadline = self._sender.persist_deadline = NEVER
        self._keep_alive.stop()
        self._end_deadline = NEVER
