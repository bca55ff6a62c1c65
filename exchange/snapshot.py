"""A snapshot of the books as GLIMPSE sends it: ITCH messages in SoupBinTCP packets, ready to be written to sockets.

The module is plain Python; `snapshot.pxd` types it for the compiler.
"""

from __future__ import annotations

from typing import Protocol

from exchange.itch_writer import ItchWriter
from protocols.glimpse import encode_end_of_snapshot

CHUNK_SIZE = 1 << 18


class SnapshotSource(Protocol):
    """What can describe its present state: a venue."""

    def snapshot_into(self, writer: ItchWriter) -> int:
        """Write `S`, `R`, `H`, `Y` (`h`, `L` if any), then `A`/`F` of every displayed order in queue order.

        Returns the number of the next message of the feed. No message may be published in the meantime.
        """


class SnapshotWriter(ItchWriter):
    """Collects a snapshot in pieces of about ``chunk_size`` bytes; `finish` returns them."""

    def __init__(self, chunk_size: int = CHUNK_SIZE) -> None:
        super().__init__(bytearray(chunk_size))
        self.messages: int = 0
        self._capacity: int = chunk_size
        self._used: int = 0
        self._chunks: list[bytes] = []

    def finish(self, sequence: int) -> tuple[bytes, ...]:
        """Add End of Snapshot with the number of the next live message; returns all bytes, in pieces."""
        self.publish(encode_end_of_snapshot(sequence))
        self._cut()
        return tuple(self._chunks)

    def _begin(self, code: int, length: int) -> int:  # noqa: ARG002 - only the feed counts types
        if self._used + 3 + length > self._capacity:
            self._cut()
            if 3 + length > self._capacity:
                self._capacity = 3 + length
                self._buffer = bytearray(self._capacity)
        at = self._used
        buffer = self._buffer
        buffer[at] = (length + 1) >> 8
        buffer[at + 1] = (length + 1) & 0xFF
        buffer[at + 2] = 83  # S, Sequenced Data
        self._used = at + 3 + length
        self.messages += 1
        return at + 3

    def _cut(self) -> None:
        if self._used:
            self._chunks.append(bytes(self._buffer[: self._used]))
            self._used = 0


def take_snapshot(source: SnapshotSource) -> tuple[bytes, ...]:
    """The snapshot of ``source`` at this moment, in pieces."""
    writer = SnapshotWriter()
    return writer.finish(source.snapshot_into(writer))
