"""Packets that came before their turn, kept by sequence number in bounded memory."""

from bisect import bisect_left
from collections.abc import Sequence

MESSAGE_OVERHEAD = 64
"""Bytes that a message costs in memory besides its own."""


class HeldPackets:
    """Runs of messages by the number of their first. At most about ``capacity`` bytes: a full store keeps the lowest.

    `dropped` counts the packets it had no room for; they are as good as lost on the way.
    """

    def __init__(self, capacity: int) -> None:
        self.dropped = 0
        self._capacity = capacity
        self._size = 0
        self._keys: list[int] = []
        self._runs: dict[int, tuple[int, int, Sequence[bytes]]] = {}

    def __len__(self) -> int:
        return len(self._keys)

    @property
    def end(self) -> int:
        """The number after the last run, 0 when nothing is held."""
        return self._keys[-1] + len(self._runs[self._keys[-1]][2]) if self._keys else 0

    @property
    def since(self) -> int | None:
        """When the packet that is held longest arrived."""
        return next(iter(self._runs.values()))[0] if self._runs else None

    def add(self, sequence: int, messages: Sequence[bytes], now: int) -> bool:
        """Keep a packet as far as there is room; False when it was known."""
        known = self._runs.get(sequence)
        if known is not None:
            if len(messages) <= len(known[2]):
                return False
            self._remove(bisect_left(self._keys, sequence))
        size = sum(map(len, messages)) + MESSAGE_OVERHEAD * (1 + len(messages))
        while self._size + size > self._capacity:
            self.dropped += 1
            if not self._keys or self._keys[-1] < sequence:
                return True
            self._remove(len(self._keys) - 1)
        if not self._keys or self._keys[-1] < sequence:
            self._keys.append(sequence)
        else:
            self._keys.insert(bisect_left(self._keys, sequence), sequence)
        self._runs[sequence] = (now, size, messages)
        self._size += size
        return True

    def take(self, expected: int) -> list[bytes]:
        """Remove and return the messages from number ``expected`` on that follow without a gap."""
        messages: list[bytes] = []
        taken = 0
        for sequence in self._keys:
            if sequence > expected:
                break
            _, size, run = self._runs.pop(sequence)
            self._size -= size
            taken += 1
            if sequence + len(run) > expected:
                messages += run[expected - sequence :]
                expected = sequence + len(run)
        del self._keys[:taken]
        return messages

    def gaps(self, expected: int, end: int, limit: int) -> list[tuple[int, int]]:
        """The first ``limit`` runs of missing numbers (first, last) from ``expected`` on, below ``end`` at the tail."""
        found = []
        for sequence in self._keys:
            if sequence > expected:
                found.append((expected, sequence - 1))
                if len(found) == limit:
                    return found
            expected = max(expected, sequence + len(self._runs[sequence][2]))
        if expected < end:
            found.append((expected, end - 1))
        return found

    def drop_from(self, number: int) -> int:
        """Forget the runs that begin at ``number`` or later; returns how many."""
        index = bisect_left(self._keys, number)
        dropped = len(self._keys) - index
        while len(self._keys) > index:
            self._remove(len(self._keys) - 1)
        return dropped

    def clear(self) -> None:
        """Forget everything."""
        self._keys.clear()
        self._runs.clear()
        self._size = 0

    def _remove(self, index: int) -> None:
        self._size -= self._runs.pop(self._keys.pop(index))[1]
