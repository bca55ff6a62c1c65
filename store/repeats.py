"""What the exchange says again to a trader that starts again: it wants its login's messages from the first one on, and
journals them in the journal of its new run (`docs/server.md`)."""

from collections import Counter

from store.segments import FILE_SHIFT, login_of

Said = tuple[int, int, bytes]


class Repeats:
    """Takes the messages received, journal by journal, and tells those that an earlier journal of their login has.

    Messages of the same bytes may be several in one journal (two orders that were prevented from matching one of ours
    at one moment): as many of them are new as no earlier journal has.
    """

    def __init__(self) -> None:
        self._file = 0
        self._before: Counter[Said] = Counter()
        self._here: Counter[Said] = Counter()

    def again(self, number: int, venue: int, message: bytes) -> bool:
        """Whether a message is a repetition. `number`: that of its row, which says journal and login."""
        if number >> FILE_SHIFT != self._file:
            self._file = number >> FILE_SHIFT
            self._before |= self._here
            self._here.clear()
        said = (login_of(number), venue, message)
        self._here[said] += 1
        return self._here[said] <= self._before[said]
