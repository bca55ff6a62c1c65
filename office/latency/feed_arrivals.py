"""When each message of a feed first came to a port, on whichever line (MoldUDP64 1.00 §2).

Only heads of packets are kept, so a whole day fits: first number, count, time.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from office.latency.buckets import Int64s

NEVER: Final = (1 << 63) - 1
"""Arrival of a message that did not come."""

_Columns = tuple[Int64s, Int64s, Int64s]


class FeedArrivals:
    """Packets with messages, by session."""

    def __init__(self) -> None:
        self._packets: dict[str, list[_Columns]] = {}

    def add(self, session: str, times: Int64s, firsts: Int64s, counts: Int64s) -> None:
        """Note packets of a session: when each came (ns), the number of its first message, how many it has."""
        self._packets.setdefault(session, []).append((times, firsts, counts))

    def sessions(self) -> list[str]:
        """The sessions seen, in their order."""
        return list(self._packets)

    def packets(self, session: str) -> int:
        """How many packets with messages a session had."""
        return sum(len(times) for times, _, _ in self._packets.get(session, ()))

    def arrivals(self, session: str, sequences: Sequence[int] | Int64s) -> Int64s:
        """When each of these messages first came, ns; `NEVER` for those that did not."""
        wanted = np.asarray(sequences, dtype=np.int64)
        distinct, back = np.unique(wanted, return_inverse=True)
        earliest = np.full(len(distinct), NEVER, dtype=np.int64)
        for times, firsts, counts in self._packets.get(session, ()):
            low = np.searchsorted(distinct, firsts)
            high = np.searchsorted(distinct, firsts + counts)
            held = high - low
            # One row for each wanted message of each packet: its place among the wanted ones, when the packet came.
            before = np.repeat(np.cumsum(held) - held, held)
            places = np.repeat(low, held) + np.arange(len(before)) - before
            np.minimum.at(earliest, places, np.repeat(times, held))
        return earliest[back]
