"""The market data publisher: ITCH messages in MoldUDP64 packets on lines A and B (PROTOCOLS §2).

Sans-I/O: the publisher is given messages and the time, and hands packets to its lines. Both lines carry the same
packets; which of them arrive is the network's business. Messages are written into the store's buffer once; a packet is
a header and a slice of that buffer. The module is plain Python; `market_data.pxd` types it for the compiler.
"""

from __future__ import annotations

from array import array
from collections.abc import Sequence

from exchange.clock import SECOND
from exchange.itch_writer import ItchWriter
from exchange.lines import Line, MulticastLine, SkewedLine
from exchange.message_store import MessageStore
from protocols import mold

__all__ = ["END_EVERY", "HEARTBEAT_EVERY", "Line", "MulticastLine", "Publisher", "SkewedLine"]

HEARTBEAT_EVERY = SECOND
END_EVERY = SECOND // 2
_MAX_COUNT = mold.MAX_COUNT


class Publisher(ItchWriter):
    """One MoldUDP64 session. Its store keeps every message, so that any part can be sent again.

    ``max_payload``: bytes of UDP payload a packet may have; a message that is larger goes alone. ``store``: an empty
    one, by default in a temporary file. While ``muted`` is true messages are stored and numbered, but nothing is sent.
    """

    def __init__(
        self,
        session: str,
        lines: Sequence[Line],
        max_payload: int = mold.MAX_PAYLOAD,
        store: MessageStore | None = None,
    ) -> None:
        self.store = MessageStore() if store is None else store
        super().__init__(self.store.buffer)
        if self.store.count:
            raise ValueError(f"the store holds {self.store.count} messages already: a session needs an empty one")
        self.session = session
        self.packets: int = 0
        self.heartbeats: int = 0
        self.ended: bool = False
        self.muted: bool = False
        self._lines = tuple(lines)
        self._room: int = max_payload - mold.HEADER_SIZE
        self._start: int = 0
        self._pending: int = 0
        self._sent: bool = False
        self._last_sent: int = -HEARTBEAT_EVERY
        self._by_type = array("Q", bytes(8 * 256))
        # Fails here rather than on the first packet when the session is not 10 ASCII characters or less.
        mold.encode_heartbeat(session, 1)

    def __len__(self) -> int:
        return self.store.count

    @property
    def next_sequence(self) -> int:
        """Number of the next message; the first of the session is 1."""
        return self.store.count + 1

    def read(self, first: int, count: int) -> list[bytes]:
        """Messages of the session from number ``first`` on, at most ``count``; fewer when they exceed 1 MiB."""
        return self.store.read(first, count)

    def flush(self, now: int) -> None:
        """Send what is pending; packets sent since the last flush restart the heartbeat timer at ``now``."""
        if self._pending:
            self._send_pending()
        if self._sent:
            self._last_sent = now
            self._sent = False

    def tick(self, now: int) -> None:
        """Send the heartbeat (or, after the end, the end-of-session packet) that is due."""
        if now < self.next_deadline():
            return
        self._last_sent = now
        if self.muted:
            return
        # What is pending was not sent: receivers must not think it lost.
        following = self.next_sequence - self._pending
        if self.ended:
            self._send(mold.encode_end(self.session, following))
        else:
            self._send(mold.encode_heartbeat(self.session, following))
            self.heartbeats += 1

    def next_deadline(self) -> int:
        """Monotonic time of the next heartbeat or end-of-session packet."""
        return self._last_sent + (END_EVERY if self.ended else HEARTBEAT_EVERY)

    def end(self, now: int) -> None:
        """End the session: what is pending goes out, then an end-of-session packet (again at each call)."""
        self.flush(now)
        self.ended = True
        self._last_sent = now
        if not self.muted:
            self._send(mold.encode_end(self.session, self.next_sequence))

    def by_type(self) -> dict[str, int]:
        """Messages of the session so far, by ITCH type."""
        return {chr(code): count for code, count in enumerate(self._by_type) if count}

    def close(self) -> None:
        """Close the lines and the store; a store with a path becomes a complete file if the session has ended."""
        for line in self._lines:
            line.close()
        self.store.close(self.ended)

    def _begin(self, code: int, length: int) -> int:
        """Number a message; the packet in front of it leaves when the message does not fit in."""
        store = self.store
        if self.ended:
            raise ValueError(f"session {self.session!r} has ended: it takes no more messages")
        need = 2 + length
        # The slice of a packet must not be torn apart when the store starts its next buffer.
        if self._pending and (
            store.used + need - self._start > self._room
            or self._pending == _MAX_COUNT
            or store.used + need > store.capacity
        ):
            self._send_pending()
        at = store.reserve(length)
        self._buffer = store.buffer
        if self.muted:
            self._pending = 0
        else:
            if not self._pending:
                self._start = at - 2
            self._pending += 1
        self._by_type[code] += 1
        return at

    def _send_pending(self) -> None:
        store = self.store
        count = self._pending
        self._pending = 0
        if self.muted:
            return
        header = bytearray(mold.encode_heartbeat(self.session, store.count + 1 - count))
        header[18] = count >> 8
        header[19] = count & 0xFF
        self._send(bytes(header + store.buffer[self._start : store.used]))
        self.packets += 1
        self._sent = True

    def _send(self, packet: bytes) -> None:
        for line in self._lines:
            line.send(packet)
