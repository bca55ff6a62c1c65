"""What the recovery client tells its owner: messages to apply, things to do."""

from collections.abc import Sequence
from typing import NamedTuple


class Reset(NamedTuple):
    """Forget all books: a snapshot replaces them. ``reason`` says why one is needed."""

    reason: str


class SnapshotMessages(NamedTuple):
    """ITCH messages of the snapshot; they have no numbers."""

    messages: Sequence[bytes]


class FeedMessages(NamedTuple):
    """Messages of the feed, ``first`` is the number of the first; each number comes once, in order."""

    first: int
    messages: Sequence[bytes]


class SendRequest(NamedTuple):
    """Send this datagram to the re-request server."""

    data: bytes


class OpenGlimpse(NamedTuple):
    """Connect to the GLIMPSE server; then call `glimpse_connected` or `glimpse_closed`."""


class SendGlimpse(NamedTuple):
    """Send these bytes on the GLIMPSE connection."""

    data: bytes


class CloseGlimpse(NamedTuple):
    """Close the GLIMPSE connection (or give up connecting)."""

    reason: str


class SessionEnded(NamedTuple):
    """The session is over and every message was delivered; ``next`` is the number after the last."""

    next: int


Event = Reset | SnapshotMessages | FeedMessages | SendRequest | OpenGlimpse | SendGlimpse | CloseGlimpse | SessionEnded
