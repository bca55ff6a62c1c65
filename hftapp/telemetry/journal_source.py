"""What is to be sent in the stream `JOURNAL`: read back from the journal file, so nothing of it waits in memory."""

import zlib

from hftapp import journal, records
from hftapp.journal import Entry, Journal
from protocols.management import JOURNAL, JournalRecord, frame


class JournalSource:
    """The frames of a journal, from any number on. `sent`: the last that was taken."""

    def __init__(self, written: Journal) -> None:
        self.journal = written
        self.sent = 0
        self._offset = journal.START

    @property
    def waiting(self) -> bool:
        """Whether there is something behind what was taken."""
        return self.sent < self.journal.count

    def resume(self, number: int, check: int) -> bool:
        """Go on behind what the office has; False when its record `number` is not ours (`check`: its frame's CRC-32).

        Then the two have different histories: this journal lost its end in a crash, and has reused the numbers.
        """
        if number > self.journal.count:
            return False
        self.sent, self._offset = 0, journal.START
        if number == 0:
            return True
        start = self.journal.place_before(number)
        for entry in journal.read(self.journal.path, start=start):
            if entry.number == number:
                self.sent, self._offset = number, entry.end
                return zlib.crc32(encoded(entry)) == check
        return False

    def take(self, room: int) -> bytes:
        """The next frames: at least one if there is one, otherwise up to about `room` bytes."""
        if not self.waiting:
            return b""
        parts: list[bytes] = []
        for entry in journal.read(self.journal.path, start=self._offset):
            parts.append(encoded(entry))
            self.sent, self._offset = entry.number, entry.end
            room -= len(parts[-1])
            if room <= 0:
                break
        return b"".join(parts)


def encoded(entry: Entry) -> bytes:
    """The frame of a journal's record."""
    kind, venue = records.venue_of(entry.kind)
    message = JournalRecord(kind=kind, venue=venue, body=entry.payload).encode()
    return frame(JOURNAL, entry.number, entry.time, message)
