"""Lines A and B of a MoldUDP64 session, as one writes it in Python: the first copy of a packet wins.

Runs in a guest with nothing of this project but the job's constants.
"""

import struct
from collections.abc import Callable

_HEADER = struct.Struct("!10sQH")
_LENGTH = struct.Struct("!H")
_HELD = 64


class Arbiter:
    """Gives every message once and in order to `apply`; packets ahead of their turn wait for the other line."""

    def __init__(self, apply: Callable[[memoryview], None]) -> None:
        self.duplicates = 0
        self.malformed = 0
        self._apply = apply
        self._expected = 1
        self._held: dict[int, bytes] = {}

    def on_packet(self, data: bytes) -> None:
        """One datagram of either line."""
        if len(data) < _HEADER.size:
            self.malformed += 1
            return
        _, sequence, count = _HEADER.unpack_from(data)
        if count in (0, 0xFFFF):
            return
        if sequence + count <= self._expected:
            self.duplicates += 1
        elif sequence > self._expected:
            if len(self._held) < _HELD:
                self._held[sequence] = data
        else:
            self._pass(data, sequence, count)
            while self._held and min(self._held) <= self._expected:
                waiting = self._held.pop(min(self._held))
                _, sequence, count = _HEADER.unpack_from(waiting)
                self._pass(waiting, sequence, count)

    def _pass(self, data: bytes, sequence: int, count: int) -> None:
        view = memoryview(data)
        at = _HEADER.size
        for number in range(sequence, sequence + count):
            end = at + 2 + _LENGTH.unpack_from(data, at)[0] if at + 2 <= len(data) else len(data) + 1
            if end > len(data):
                self.malformed += 1
                return
            if number >= self._expected:
                self._apply(view[at + 2 : end])
            at = end
        self._expected = max(self._expected, sequence + count)
