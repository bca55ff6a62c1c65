"""The latest of everything that every server says, for whoever begins to watch: one frame stands for all before it."""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from protocols.management import (
    Book,
    Counters,
    Decision,
    Frame,
    Gap,
    JournalRecord,
    Latency,
    ManagementMessage,
    Position,
    Recording,
    TopOfBook,
)

SESSIONS: Final = 64
"""Servers that are remembered; the one that spoke least recently is forgotten."""
KINDS: Final = 1 << 17
"""Frames that are remembered of one server."""
_PASSING: Final = (JournalRecord, Decision, Recording, Book)
"""What has no latest: the office's files have it all."""


class Latest:
    """Frames by session and by what they are about."""

    def __init__(self) -> None:
        self._sessions: OrderedDict[int, dict[object, Frame]] = OrderedDict()

    def take(self, session: int, frame: Frame) -> None:
        """Remember a frame."""
        if isinstance(frame.message, _PASSING):
            return
        known = self._sessions.setdefault(session, {})
        self._sessions.move_to_end(session)
        key = about(frame.message)
        if key in known or len(known) < KINDS:
            known[key] = frame
        while len(self._sessions) > SESSIONS:
            self._sessions.popitem(last=False)

    def frames(self) -> Iterator[tuple[int, Frame]]:
        """(session, frame) of everything, session by session, the last that spoke at the end."""
        for session, known in list(self._sessions.items()):
            for frame in list(known.values()):
                yield session, frame


def about(message: ManagementMessage) -> object:
    """What a message is about: another about the same replaces it."""
    match message:
        case TopOfBook():
            return message.TYPE, message.venue, message.symbol
        case Position():
            return message.TYPE, message.symbol
        case Latency():
            return message.TYPE, message.name
        case Counters():
            return message.TYPE, message.group
        case Gap():
            return message.TYPE, message.venue, message.first
        case _:
            return message.TYPE
