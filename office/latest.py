"""The latest of everything that every server says, for whoever begins to watch: one frame stands for all before it.

What a server may have remembered is bounded, whatever names it thinks up, and so is what all of them have.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final

from protocols.management import (
    Book,
    Counters,
    Decision,
    Frame,
    Gap,
    Hello,
    JournalRecord,
    Latency,
    ManagementMessage,
    Position,
    Recording,
    TopOfBook,
)

SESSIONS: Final = 64
"""Servers that are remembered; the one that spoke least recently is forgotten."""
SERVER_BYTES: Final = 96 << 20
"""Memory for the frames of one server: some 60,000 instruments with their books and positions."""
ALL_BYTES: Final = 256 << 20
"""Memory for those of all; beyond it, too, the server that spoke least recently is forgotten."""
FRAME_BYTES: Final = 800
"""Memory that a frame takes besides its message's body, at most."""
_PASSING: Final = (JournalRecord, Decision, Recording, Book)
"""What has no latest: the office's files have it all."""


class _Known:
    """The frames of one server by what they are about; `size`: bytes of memory."""

    def __init__(self) -> None:
        self.frames: dict[object, Frame] = {}
        self.size = 0

    def take(self, frame: Frame) -> None:
        """Remember a frame, and forget the one about the same; one for which there is no room is not remembered."""
        key = about(frame.message)
        before = self.frames.get(key)
        room = SERVER_BYTES - self.size + (_size(before) if before is not None else 0)
        if _size(frame) <= room:
            self.frames[key] = frame
            self.size = SERVER_BYTES - room + _size(frame)
        elif before is not None:
            del self.frames[key]  # it is not true any more
            self.size = SERVER_BYTES - room


class Latest:
    """Frames by session and by what they are about. `size`: bytes of memory, about."""

    def __init__(self) -> None:
        self.size = 0
        self._sessions: OrderedDict[int, _Known] = OrderedDict()

    def take(self, session: int, frame: Frame) -> None:
        """Remember a frame."""
        if isinstance(frame.message, _PASSING):
            return
        known = self._sessions.setdefault(session, _Known())
        self._sessions.move_to_end(session)
        before = known.size
        known.take(frame)
        self.size += known.size - before
        while len(self._sessions) > SESSIONS or self.size > ALL_BYTES:
            self.size -= self._sessions.popitem(last=False)[1].size

    def greetings(self) -> Iterator[tuple[int, Frame]]:
        """(session, frame) of what each server greeted with, the last that spoke at the end."""
        for session, known in self._sessions.items():
            if (frame := known.frames.get(Hello.TYPE)) is not None:
                yield session, frame

    def frames(self) -> Iterator[tuple[int, Frame]]:
        """(session, frame) of all that is known now besides, session by session, the last that spoke at the end.

        What is replaced while this is gone through is left out: whoever takes time over it gets that from elsewhere.
        """
        found = [(session, known, *item) for session, known in self._sessions.items() for item in known.frames.items()]
        return (
            (session, frame)
            for session, known, key, frame in found
            if key != Hello.TYPE and known.frames.get(key) is frame
        )


def _size(frame: Frame) -> int:
    return FRAME_BYTES + len(frame.message.body)


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
