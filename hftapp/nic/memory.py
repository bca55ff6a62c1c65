"""Two ports wired to each other in memory, for tests and replay: no socket, no privilege, no time.

The rings are bounded like a card's: what does not fit is dropped and counted at the receiver, as hardware does.
"""

from collections import deque
from collections.abc import Sequence

from hftapp.nic.port import BURST, PortStats

NO_FRAMES: tuple[bytes, ...] = ()


class MemoryPort:
    """One end of an in-memory wire; made in pairs by `memory_pair`."""

    def __init__(self, mac: bytes, capacity: int = 1024) -> None:
        if len(mac) != 6:
            raise ValueError(f"an Ethernet address has 6 bytes, not {len(mac)}: {mac.hex(':')}")
        if capacity < 1:
            raise ValueError(f"a ring holds at least 1 frame, not {capacity}")
        self.mac = mac
        self._capacity = capacity
        self._ring: deque[bytes] = deque()
        self._peer: MemoryPort | None = None
        self._rx_frames = 0
        self._tx_frames = 0
        self._rx_bytes = 0
        self._tx_bytes = 0
        self._rx_dropped = 0
        self._tx_dropped = 0

    def attach(self, peer: "MemoryPort") -> None:
        """Lead this port's transmitted frames to `peer` (one direction; `memory_pair` does both)."""
        self._peer = peer

    def rx_burst(self) -> Sequence[bytes]:
        """Return up to `BURST` frames that the peer sent, oldest first."""
        ring = self._ring
        if not ring:
            return NO_FRAMES
        frames = [ring.popleft() for _ in range(min(BURST, len(ring)))]
        self._rx_frames += len(frames)
        self._rx_bytes += sum(map(len, frames))
        return frames

    def tx_burst(self, frames: Sequence[bytes]) -> int:
        """Put frames on the wire; with no peer attached (or a closed one) they count as dropped."""
        peer = self._peer
        if peer is None:
            self._tx_dropped += len(frames)
            return 0
        for frame in frames:
            peer.deliver(frame)
            self._tx_bytes += len(frame)
        self._tx_frames += len(frames)
        return len(frames)

    def deliver(self, frame: bytes) -> None:
        """Receive one frame into the ring (from the peer, or from a replayed capture); a full ring drops it."""
        if len(self._ring) >= self._capacity:
            self._rx_dropped += 1
        else:
            self._ring.append(frame)

    def stats(self) -> PortStats:
        """Return the totals since the port was made."""
        return PortStats(
            self._rx_frames, self._tx_frames, self._rx_bytes, self._tx_bytes, self._rx_dropped, self._tx_dropped
        )

    def close(self) -> None:
        """Cut the wire in both directions and forget what was not read."""
        if self._peer is not None and self._peer._peer is self:
            self._peer._peer = None
        self._peer = None
        self._ring.clear()


def memory_pair(mac_a: bytes, mac_b: bytes, capacity: int = 1024) -> tuple[MemoryPort, MemoryPort]:
    """Return two ports wired to each other; each receive ring holds `capacity` frames."""
    first = MemoryPort(mac_a, capacity)
    second = MemoryPort(mac_b, capacity)
    first.attach(second)
    second.attach(first)
    return first, second
