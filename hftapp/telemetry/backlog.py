"""What is to be sent in the stream `LIVE`: encoded frames by number, kept until room is needed.

Frames that the office has acknowledged stay as long as there is room: a new office gets them too. When there is none,
the oldest go, acknowledged or not; those that were not are lost to the office, which sees the hole in the numbers.
"""

from protocols.management import LIVE, frame

LIMIT = 16 << 20
"""Bytes of frames that are kept."""


class Backlog:
    """Numbers count from 1. `last`: the newest, `acknowledged`: what the office has stored, `dropped`: frames that went
    before it did, `size`: bytes kept."""

    def __init__(self, limit: int = LIMIT) -> None:
        self.last = 0
        self.acknowledged = 0
        self.dropped = 0
        self.size = 0
        self._limit = limit
        self._first = 1
        self._frames: dict[int, bytes] = {}

    @property
    def unacknowledged(self) -> int:
        """Frames that the office has not acknowledged, those that are gone not counted."""
        return self.last - max(self.acknowledged, self._first - 1)

    def roomy(self) -> bool:
        """Whether as much again can be added before something unacknowledged goes."""
        return self.unacknowledged == 0 or self.size < self._limit // 2

    def add(self, time: int, message: bytes) -> int:
        """Append an encoded message; returns its number. Raises LengthError for one that is too long."""
        data = frame(LIVE, self.last + 1, time, message)
        self.last += 1
        self._frames[self.last] = data
        self.size += len(data)
        while self.size > self._limit and self._first < self.last:
            self.size -= len(self._frames.pop(self._first))
            self.dropped += self._first > self.acknowledged
            self._first += 1
        return self.last

    def acknowledge(self, number: int) -> bool:
        """The office has everything up to a number; False for one that was never sent."""
        if number > self.last:
            return False
        self.acknowledged = max(self.acknowledged, number)
        return True

    def take(self, after: int, room: int) -> tuple[bytes, int]:
        """Frames behind number `after`, at least one if there is one, no more than `room` bytes otherwise; and the
        number of the last of them, `after` when there is none."""
        number = max(after, self._first - 1)
        parts: list[bytes] = []
        while number < self.last and (room > 0 or not parts):
            following = self._frames[number + 1]
            if parts and len(following) > room:
                break
            parts.append(following)
            room -= len(following)
            number += 1
        return b"".join(parts), number if parts else after
