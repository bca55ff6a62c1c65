"""An account's stream of outbound OUCH messages, of which only the newest part is in memory.

Each stream has a spool file of its own, an unlinked temporary one made when the first buffer is full: offsets stay
those of one session, nothing is shared between accounts, and an account that says little needs no file at all.
"""

from __future__ import annotations

from pathlib import Path

from exchange.message_store import BUFFER_SIZE, MessageStore
from protocols.soup_server import SequencedStream

SPOOL_BUFFER = 16 << 10
"""Bytes in memory per stream: about 200 OUCH messages."""


class SpooledStream(SequencedStream):
    """A `SequencedStream` of any length in bounded memory. ``folder``: where its file is made, None: the system's."""

    __slots__ = ("_store",)

    def __init__(
        self, session: str, exclusive: bool = True, buffer_size: int = SPOOL_BUFFER, folder: str | Path | None = None
    ) -> None:
        super().__init__(session, exclusive)
        self._store = MessageStore(buffer_size=buffer_size, folder=folder)

    @property
    def next_sequence(self) -> int:
        """The number that the next message will have."""
        return self._store.count + 1

    def append(self, payload: bytes) -> int:
        """Add a message of 1 to 65,535 bytes; returns its number. ValueError after `end`."""
        if self.ended:
            raise ValueError(f"session {self.session!r} has ended")
        return self._store.append(payload)

    def read(self, first: int, count: int | None = None) -> list[bytes]:
        """Messages from number `first` (>= 1) on, at most `count` (None: all there are); empty beyond the end."""
        if count is not None:
            return self._store.read(first, count)
        messages = self._store.read(first, self._store.count)
        while messages and first + len(messages) <= self._store.count:
            messages += self._store.read(first + len(messages), self._store.count, BUFFER_SIZE)
        return messages

    def close(self) -> None:
        """Let go of the file; what was spilled cannot be read any more."""
        self._store.close()
