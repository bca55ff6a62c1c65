"""Ports in memory, for tests, replay and benchmarks: no socket, no privilege, no time.

Two of them are wired to each other by `memory_pair`. A lone one receives what is delivered to it, and keeps what it
sends. The rings are bounded like a card's: what does not fit is dropped and counted at the receiver, as hardware does.
"""

from __future__ import annotations

from typing import Final

import cython

from hftapp.nic.counted import CountedPort
from hftapp.nic.frame_ring import FrameRing
from hftapp.octets import Octets, Room

if not cython.compiled:
    from hftapp.nic.area import base

QUEUE: Final = 256
"""Frames that can be queued between two flushes."""


class MemoryPort(CountedPort):
    """One end of an in-memory wire, or a port without one; `capacity` frames fit into its ring."""

    def __init__(self, mac: bytes, capacity: int = 1024) -> None:
        super().__init__(mac)
        self._peer: MemoryPort | None = None
        self._cut = False
        self._received = FrameRing(capacity)
        self._queued = FrameRing(QUEUE)
        self._sent = FrameRing(capacity)
        self._burst = 0

    def attach(self, peer: MemoryPort) -> None:
        """Lead this port's transmitted frames to `peer` (one direction; `memory_pair` does both)."""
        self._peer = peer

    def rx_burst(self) -> int:
        """Receive up to `BURST` of the frames that have arrived."""
        if self._burst != 0:
            self._received.release(self._burst)
        self._burst = self._received.waiting
        if self._burst > 32:
            self._burst = 32
        self.rx_frames += self._burst
        for i in range(self._burst):
            self.frames[i] = self._received.frame(i)
            self.lengths[i] = self._received.length(i)
        return self._burst

    def room(self) -> Room:
        """Return where the next frame is built."""
        return self._queued.room()

    def send(self, length: int) -> bool:
        """Queue the frame in `room`; False when the wire is cut or `QUEUE` frames wait for a flush."""
        if self._cut or not self._queued.commit(length):
            self.tx_dropped += 1
            return False
        self.tx_frames += 1
        self.tx_bytes += length
        return True

    def flush(self) -> None:
        """Put what is queued into the peer's ring; without a peer, where `take_sent` finds it."""
        count = self._queued.waiting
        for i in range(count):
            if self._peer is not None:
                self._peer.arrive(self._queued.frame(i), self._queued.length(i))
            elif not self._sent.append(self._queued.frame(i), self._queued.length(i)):
                self.tx_dropped += 1
        self._queued.release(count)

    def arrive(self, frame: Octets, length: int) -> None:
        """A frame comes in from the wire; dropped when the ring is full or the frame longer than a slot."""
        if self._received.append(frame, length):
            self.rx_bytes += length
        else:
            self.rx_dropped += 1

    def deliver(self, frame: bytes) -> None:
        """Let a frame come in that no peer sent."""
        memory = bytearray(frame)
        self.arrive(base(memory), len(memory))

    def take_sent(self) -> list[bytes]:
        """Return the frames that were sent since the last call while no peer was attached, oldest first."""
        frames = [bytes(self._sent.frame(i)[: self._sent.length(i)]) for i in range(self._sent.waiting)]
        self._sent.release(len(frames))
        return frames

    def discard_sent(self) -> int:
        """Forget what `take_sent` would return, without allocating; returns how many frames that was."""
        count = self._sent.waiting
        self._sent.release(count)
        return count

    def close(self) -> None:
        """Cut the wire in both directions and forget what was not read."""
        if self._peer is not None and self._peer._peer is self:
            self._peer._peer = None
            self._peer._cut = True
        self._peer = None
        self._cut = True
        self._received.release(self._received.waiting)
        self._queued.release(self._queued.waiting)
        self._burst = 0


def memory_pair(mac_a: bytes, mac_b: bytes, capacity: int = 1024) -> tuple[MemoryPort, MemoryPort]:
    """Return two ports wired to each other; each receive ring holds `capacity` frames."""
    first = MemoryPort(mac_a, capacity)
    second = MemoryPort(mac_b, capacity)
    first.attach(second)
    second.attach(first)
    return first, second
