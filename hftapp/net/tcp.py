"""A TCP client connection (RFC 9293), without a clock or a socket: segments and the time in, segments out on a path.

Decisions that the RFC leaves open:

* Nothing waits to be sent (no Nagle): an order goes out with the call that commits it, and on the usual path it is
  built in the frame that the card fetches. It is copied into the send ring after the doorbell has been rung.
* An acknowledgement is sent when the owner flushes, so it travels with an order written in answer to
  the same burst and alone otherwise; it is never delayed. Out-of-order data is acknowledged at once, segment by
  segment, because the peer counts those.
* Resets and acknowledgements must fit exactly, or are challenged (RFC 5961); at most ten challenges a second.
* Selective acknowledgements are sent (RFC 2018), so the peer repairs its losses fast; those received are not used,
  because what is in flight towards an exchange is a few orders, not a bulk transfer.
* No urgent data, no timestamps: an order session is short messages on one switch.
"""

from __future__ import annotations

from typing import Final

import cython

from hftapp.net.path import Path
from hftapp.net.tcp_machine import TcpMachine
from hftapp.net.tcp_types import TcpBufferError, TcpConfig, TcpError
from hftapp.octets import Octets, Room

if not cython.compiled:
    from hftapp.net.checksum import bytes_at, put_checksum, raw_sum
    from hftapp.octets import copy, put32, put64

STAGING: Final = 4096
"""Bytes of the longest message that `reserve` makes room for."""
_STAGING = STAGING
_RST, _ACK = 0x04, 0x10
_CLOSED, _SYN_SENT, _SYN_RECEIVED, _ESTABLISHED, _FIN_WAIT_1 = 0, 1, 2, 3, 4
_FIN_WAIT_2, _CLOSE_WAIT, _CLOSING, _LAST_ACK, _TIME_WAIT = 5, 6, 7, 8, 9


@cython.final
@cython.cclass
class TcpConnection(TcpMachine):
    """What the application calls."""

    def __init__(self, path: Path, iss: int, config: TcpConfig, now: int) -> None:
        super().__init__(path, iss, config, now)
        self._placed = 0
        self._staged = 0
        self._sent = 0
        self._queued = False
        self._port = self.path.outbox.port
        self._ahead: Octets = b""
        self._ahead_length = 0
        self._payload_at = self.path.size + 20
        self._store = bytearray(STAGING)
        self._staging: Room = self._store

    def reserve(self, length: int, _now: int) -> bool:
        """Make room for one message: in the frame itself when it may leave at once, otherwise aside.

        Raises ValueError for a length that is not 1..`STAGING`.
        """
        if 0 < length <= self.credit:  # then it is established, and its next hop known
            if self.path.outbox.laid_out != self.path.number:
                self.lay_out()
            self._placed = length
            return True
        return self._reserve_aside(length)

    def foresee(self, message: Octets, length: int) -> int:
        """Lay the beginning of a message out with the headers in front of it."""
        self._ahead = message
        self._ahead_length = length if length <= _STAGING else 0
        self.path.outbox.laid_out = 0
        return 0

    def commit(self, length: int, now: int) -> None:
        """Send what was written."""
        self.launch(length, now)
        self.keep(now)

    def launch(self, length: int, now: int) -> int:
        """Complete headers and checksums and ring the doorbell."""
        if not 0 < length <= self._placed:
            return self._launch_aside(length, now)
        self._placed = 0
        self._sent = length
        if length != self.path.length:
            self.path.fit(self.out, length)
        # What `receiver.advertise` will say: nothing on the way is called.
        window = self.receiver.buffer.capacity - (self.receiver.buffer.end - self.receiver.buffer.start)
        window >>= self.receiver.shift
        if window > 0xFFFF:
            window = 0xFFFF
        out = self.out
        at = self._payload_at
        put64(out, at - 16, self.sender.nxt << 32 | self.receiver.buffer.next)
        put32(out, at - 8, 0x50180000 | window)  # a header of 20 bytes, ACK and PSH
        # With the field of the checksum itself, which was laid out as 0.
        put_checksum(out, at - 4, raw_sum(out, at, length, raw_sum(out, at - 16, 16, self.path.sum)))
        self._queued = self._port.launch(at + length)
        return 0

    def keep(self, now: int) -> int:
        """Keep what was launched in the send ring, and lay the next segment out."""
        length = self._sent
        if length == 0:
            return 0
        self._sent = 0
        self.path.outbox.launched(self._queued)
        self.counters.sent += 1
        self.receiver.advertise()
        self.sender.commit(self.out, self._payload_at, length, now)
        self.credit -= length
        if self.sender.rto_deadline < self.deadline:
            self.deadline = self.sender.rto_deadline
            if self.deadline < self.path.outbox.deadline:
                self.path.outbox.deadline = self.deadline
        self.path.outbox.latest = self.path.number
        return self.lay_out()

    def send(self, data: bytes, now: int) -> None:
        """Queue bytes and send what the windows allow; before the handshake ends they wait for it.

        Raises TcpError when the connection is closed or closing, TcpBufferError (and queues nothing) when
        the send buffer cannot take all of it.
        """
        sender = self.sender
        if not self._may_send():
            if sender.fin_queued and self.phase in (_SYN_SENT, _SYN_RECEIVED):
                raise TcpError(f"cannot send to {self.peer_name}: close() was called before")
            raise TcpError(f"cannot send to {self.peer_name}: connection is {self.state.value} ({self.error})")
        if sender.count + len(data) > sender.limit:
            raise TcpBufferError(
                f"cannot send {len(data)} bytes to {self.peer_name}: {sender.count} of "
                f"{sender.limit} bytes are waiting; send slower or raise send_buffer"
            )
        sender.append(data, 0, len(data))
        if self.phase in (_ESTABLISHED, _CLOSE_WAIT):
            self.output(now)
        self.settle()

    def receive(self, _now: int) -> int:
        """Return how many bytes can be read at `data` from `start`; also after the connection has ended."""
        buffer = self.receiver.buffer
        self.start = buffer.start
        return buffer.end - buffer.start

    def consume(self, count: int) -> None:
        """Forget the first `count` of them; raises ValueError when there are fewer."""
        buffer = self.receiver.buffer
        if not 0 <= count <= buffer.end - buffer.start:
            raise ValueError(f"cannot consume {count} bytes: {buffer.end - buffer.start} can be read")
        if count != 0:
            phase = self.phase
            self.receiver.consume(count, phase in (_ESTABLISHED, _FIN_WAIT_1, _FIN_WAIT_2))
            self.start = buffer.start

    def read(self, now: int) -> bytes:
        """Return all bytes that arrived in order and were not consumed; not for the path."""
        count = self.receive(now)
        data = bytes_at(self.data, self.start, count)
        self.consume(count)
        return data

    def close(self, now: int) -> None:
        """Send a FIN after everything queued; data can still be received until the peer closes too."""
        if self.phase == _SYN_SENT:
            self.end(None)
        elif not self.sender.fin_queued and self.phase != _CLOSED:
            self.sender.fin_queued = True
            if self.phase == _ESTABLISHED:
                self.enter(_FIN_WAIT_1)
                self.output(now)
            elif self.phase == _CLOSE_WAIT:
                self.enter(_LAST_ACK)
                self.output(now)
        self.settle()

    def abort(self) -> None:
        """End at once: reset the peer (RFC 9293 §3.10.5), forget what was queued."""
        if self.phase not in (_CLOSED, _SYN_SENT, _TIME_WAIT):
            self.emit(self.sender.ack_sequence(), _RST | _ACK)
            self.path.outbox.ring()
        if self.phase != _CLOSED:
            self.end("aborted by us")
        self.settle()

    def _may_send(self) -> bool:
        if self.sender.fin_queued:
            return False
        phase = self.phase
        return phase in (_ESTABLISHED, _CLOSE_WAIT, _SYN_SENT, _SYN_RECEIVED)

    def _reserve_aside(self, length: int) -> bool:
        if not 0 < length <= _STAGING:
            raise ValueError(f"cannot reserve {length} bytes: a message has 1 to {_STAGING}")
        if not self._may_send() or self.sender.count + length > self.sender.limit:
            return False
        self.path.outbox.laid_out = 0
        self.laid = False
        self.out = self._staging
        self.out_at = 0
        self._placed = 0
        self._staged = length
        return True

    def lay_out(self) -> int:
        """Put the headers of the next segment where it will be built."""
        self.path.lay_out()
        self.out = self._port.room()
        self.out_at = self._payload_at
        if self._ahead_length != 0:
            copy(self.out, self.out_at, self._ahead, 0, self._ahead_length)
            self.laid = True
        self._staged = 0
        return 0

    def _launch_aside(self, length: int, now: int) -> int:
        if not 0 < length <= self._staged:
            raise ValueError(f"cannot commit {length} bytes: {max(self._placed, self._staged)} are reserved")
        self._staged = 0
        self.sender.append(self._staging, 0, length)
        if self.phase == _ESTABLISHED or self.phase == _CLOSE_WAIT:
            self.output(now)
            self.path.outbox.ring()
        self.settle()
        return 0
