"""The store of early datagrams: copies in slots made beforehand, in the order of their sequence numbers."""

from __future__ import annotations

from array import array

import cython

from hftapp.book import memory

if not cython.compiled:
    from hftapp.octets import Octets, copy
    from hftapp.shared import octets_of


@cython.final
@cython.cclass
class HoldBack:
    """Room for `capacity` datagrams of at most `slot_size` bytes, each with another sequence number.

    `count`: how many are held; place 0 is the one with the lowest number. `room`: the memory they are in.
    """

    def __init__(self, capacity: int, slot_size: int) -> None:
        self.capacity = capacity
        self.slot_size = slot_size
        self.count = 0
        self._store = memory.words(-(-capacity * slot_size // 8)).cast("B")
        self.room = octets_of(self._store)
        # Places to slots: the first `count` are taken, the rest are free.
        self._order = array("i", range(capacity))
        self._sequence = array("q", bytes(8 * capacity))
        self._messages = array("q", bytes(8 * capacity))
        self._since = array("q", bytes(8 * capacity))

    def sequence(self, i: int) -> int:
        """Return the number of the first message of the datagram at a place."""
        return self._sequence[self._order[i]]

    def messages(self, i: int) -> int:
        """Return how many messages the datagram at a place has."""
        return self._messages[self._order[i]]

    def offset(self, i: int) -> int:
        """Return where in `room` the datagram at a place begins."""
        return self._order[i] * self.slot_size

    def oldest(self) -> int:
        """Return when the one that is held longest came; there must be one."""
        found = self._since[self._order[0]]
        for i in range(1, self.count):
            if self._since[self._order[i]] < found:
                found = self._since[self._order[i]]
        return found

    def find(self, sequence: int) -> int:
        """Return the place of a sequence number, -1 when it is not held."""
        i = self._behind(sequence)
        return i - 1 if i > 0 and self._sequence[self._order[i - 1]] == sequence else -1

    def put(self, data: Octets, at: int, length: int, sequence: int, messages: int, now: int) -> None:
        """Keep a datagram that fits and whose number is not held; there must be a free slot."""
        slot = self._order[self.count]
        copy(self.room, slot * self.slot_size, data, at, length)
        self._sequence[slot] = sequence
        self._messages[slot] = messages
        self._since[slot] = now
        place = self._behind(sequence)
        i = self.count
        while i > place:
            self._order[i] = self._order[i - 1]
            i -= 1
        self._order[place] = slot
        self.count += 1

    def exchange(self, i: int, data: Octets, at: int, length: int, messages: int) -> None:
        """Put a longer datagram of the same number in a place; since when it is held stays."""
        slot = self._order[i]
        copy(self.room, slot * self.slot_size, data, at, length)
        self._messages[slot] = messages

    def drop_first(self) -> None:
        """Give up place 0."""
        slot = self._order[0]
        self.count -= 1
        for i in range(self.count):  # at most a few thousand, and only behind a gap
            self._order[i] = self._order[i + 1]
        self._order[self.count] = slot

    def _behind(self, sequence: int) -> int:
        """Return the place behind the last number that is not higher; most come in ascending order."""
        i = self.count
        while i > 0 and self._sequence[self._order[i - 1]] > sequence:
            i -= 1
        return i
