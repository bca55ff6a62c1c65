"""Where market data packets go: multicast lines A and B, and the skew between them."""

from __future__ import annotations

import logging
import socket
from collections import deque
from collections.abc import Callable
from ipaddress import IPv4Address
from typing import Protocol

log = logging.getLogger(__name__)


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


class SkewedLine:
    """A line behind another one by ``delay`` ns: packets wait until `release` is called at `next_deadline` or later.

    ``clock`` gives the monotonic time (ns) of a send. ``delay`` may be changed at any time; packets never overtake
    each other. At most ``capacity`` packets wait, more are lost and counted, as in any network.
    """

    def __init__(self, line: Line, delay: int, clock: Callable[[], int], capacity: int = 1 << 16) -> None:
        if delay < 0:
            raise ValueError(f"delay {delay} ns: a line cannot be ahead of its source, delay the other one")
        self.delay = delay
        self.lost: int = 0
        self._line = line
        self._clock = clock
        self._capacity = capacity
        self._waiting: deque[tuple[int, bytes]] = deque()

    def send(self, packet: bytes) -> None:
        """Take one packet; without a delay it leaves at once."""
        if not self.delay and not self._waiting:
            self._line.send(packet)
        elif len(self._waiting) < self._capacity:
            self._waiting.append((self._clock() + self.delay, packet))
        else:
            self.lost += 1

    def release(self, now: int) -> None:
        """Send the packets whose time has come."""
        while self._waiting and self._waiting[0][0] <= now:
            self._line.send(self._waiting.popleft()[1])

    def next_deadline(self) -> int | None:
        """When the next packet is due (monotonic ns), None when none waits."""
        return self._waiting[0][0] if self._waiting else None

    def close(self) -> None:
        """Close the line; what waits is lost."""
        self._waiting.clear()
        self._line.close()
