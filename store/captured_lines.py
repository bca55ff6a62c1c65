"""Which captured streams are lines of one feed, and of which venue.

A stream is what goes to one IPv4 address and port under one MoldUDP64 session. Lines of one feed carry the same
messages under the same numbers; feeds of several venues may have the same session, but not the same messages. So
streams are compared where their numbers meet; a retransmission that meets none belongs to the first feed that lacks it.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

SAMPLES: Final = 16
"""Messages that two streams are compared by at most."""
_MULTICAST: Final = 0xE0000000

Key = tuple[bytes, int, int]
"""Session as it stands in the packets, IPv4 address and port."""


class Stream(NamedTuple):
    """A stream: its key, sequence numbers in ascending order, and the message of each number."""

    key: Key
    sequences: npt.NDArray[np.uint64]
    messages: Sequence[bytes] | Mapping[int, bytes] | Any

    def message(self, sequence: int) -> bytes:
        """The message of a number that is there."""
        place = int(np.searchsorted(self.sequences, np.uint64(sequence)))
        return bytes(self.messages[place])


class Feed(NamedTuple):
    """The streams of one feed; the first is a line, where there is one."""

    session: str
    keys: tuple[Key, ...]


def feeds(streams: Sequence[Stream]) -> list[Feed]:
    """Put streams together to feeds; lines first, by address."""
    found: list[list[Stream]] = []
    for stream in sorted(streams, key=lambda each: (each.key[1] < _MULTICAST, each.key[0], each.key[1], each.key[2])):
        own = [group for group in found if group[0].key[0] == stream.key[0]]
        same = [group for group in own if any(_same(stream, other) is True for other in group)]
        line = stream.key[1] >= _MULTICAST
        apart = [group for group in own if not any(_same(stream, other) is False for other in group)]
        # Lines that never meet are taken for two feeds; a retransmission is of some feed.
        chosen = same or ([] if line else apart)
        if chosen:
            chosen[0].append(stream)
        else:
            found.append([stream])
    return [Feed(text_of(group[0].key[0]), tuple(stream.key for stream in group)) for group in found]


def venues(found: Sequence[Feed], sessions: Sequence[str]) -> list[int]:
    """The venue of each feed. `sessions`: of the venues by number; feeds of one session get theirs in their order, and
    feeds of none the numbers that are left."""
    free = list(range(max(len(found) + len(sessions), 1)))
    numbers: list[int | None] = []
    for feed in found:
        own = [number for number in free if number < len(sessions) and sessions[number] == feed.session]
        numbers.append(own[0] if own else None)
        if own:
            free.remove(own[0])
    free = [number for number in free if number >= len(sessions) or not sessions[number]]
    return [free.pop(0) if number is None else number for number in numbers]


def text_of(session: bytes) -> str:
    """A session as text, without padding."""
    return session.decode("ascii", "replace").rstrip(" ")


def _same(one: Stream, other: Stream) -> bool | None:
    """Whether two streams carry the same messages; None where their numbers never meet."""
    common = np.intersect1d(one.sequences, other.sequences, assume_unique=True)
    if not len(common):
        return None
    places = np.unique(np.linspace(0, len(common) - 1, SAMPLES).astype(np.int64))
    return all(one.message(int(number)) == other.message(int(number)) for number in common[places])
