"""The market data publisher: ITCH messages in MoldUDP64 packets on lines A and B.

Sans-I/O but for `MulticastLine`: the publisher is given messages and the time, and hands packets to its lines.
Both lines carry the same packets; which of them arrive is the network's business.
"""

from __future__ import annotations

import logging
import socket
from collections import Counter
from collections.abc import Sequence
from ipaddress import IPv4Address
from typing import Protocol

from exchange.clock import SECOND
from protocols import mold

log = logging.getLogger(__name__)

HEARTBEAT_EVERY = SECOND
END_EVERY = SECOND // 2


class Line(Protocol):
    """Where packets go: one multicast line, or a list in a test."""

    def send(self, packet: bytes) -> None:
        """Send one packet; a packet that cannot be sent is lost, as on any line."""

    def close(self) -> None:
        """Release what the line holds."""


class MulticastLine:
    """UDP multicast from an ordinary socket, bound to one interface by its address (RFC 1112 §6)."""

    def __init__(self, group: IPv4Address, port: int, interface: IPv4Address) -> None:
        self.group = str(group)
        self.port = port
        self.interface = str(interface)
        self.lost: int = 0
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        try:
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, interface.packed)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 1)
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
            self._socket.bind((self.interface, 0))
            self._socket.setblocking(False)
        except OSError:
            self._socket.close()
            raise

    def send(self, packet: bytes) -> None:
        """Send one packet; a full or failing socket loses it, which is counted and logged once."""
        try:
            self._socket.sendto(packet, (self.group, self.port))
        except OSError as error:
            if not self.lost:
                log.warning("line %s:%d lost a packet: %s", self.group, self.port, error)
            self.lost += 1

    def close(self) -> None:
        """Close the socket."""
        self._socket.close()


class Publisher:
    """One MoldUDP64 session. ``messages`` keeps all of it, so that any part can be sent again."""

    def __init__(self, session: str, lines: Sequence[Line], max_payload: int = mold.MAX_PAYLOAD) -> None:
        self.session = session
        self.messages: list[bytes] = []
        self.packets: int = 0
        self.heartbeats: int = 0
        self.ended: bool = False
        self._by_type: Counter[int] = Counter()
        self._lines = lines
        self._packets = mold.Packetizer(session, max_payload=max_payload)
        self._sent: bool = False
        self._last_sent: int | None = None

    @property
    def next_sequence(self) -> int:
        """Number of the next message; the first of the session is 1."""
        return len(self.messages) + 1

    def publish(self, message: bytes) -> None:
        """Append one message to the session; a full packet leaves at once, others with `flush`."""
        self.messages.append(message)
        self._by_type[message[0]] += 1
        self._send_data(self._packets.add(message))

    def flush(self, now: int) -> None:
        """Send what is pending; packets sent since the last flush restart the heartbeat timer at ``now``."""
        self._send_data(self._packets.flush())
        if self._sent:
            self._last_sent = now
            self._sent = False

    def tick(self, now: int) -> None:
        """Send the heartbeat (or, after the end, the end-of-session packet) that is due."""
        if now < self.next_deadline():
            return
        if self.ended:
            self._send(self._packets.end_of_session())
        else:
            self._send(self._packets.heartbeat())
            self.heartbeats += 1
        self._last_sent = now

    def next_deadline(self) -> int:
        """Monotonic time of the next heartbeat or end-of-session packet."""
        if self._last_sent is None:
            return 0
        return self._last_sent + (END_EVERY if self.ended else HEARTBEAT_EVERY)

    def end(self, now: int) -> None:
        """End the session: what is pending goes out, then the first end-of-session packet."""
        self.flush(now)
        self.ended = True
        self._send(self._packets.end_of_session())
        self._last_sent = now

    def by_type(self) -> dict[str, int]:
        """Messages of the session so far, by ITCH type."""
        return {chr(code): count for code, count in sorted(self._by_type.items())}

    def close(self) -> None:
        """Close the lines."""
        for line in self._lines:
            line.close()

    def _send_data(self, packet: bytes | None) -> None:
        if packet is None:
            return
        self._send(packet)
        self.packets += 1
        self._sent = True

    def _send(self, packet: bytes) -> None:
        for line in self._lines:
            line.send(packet)
