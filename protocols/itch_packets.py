"""ITCH messages of a file or a store as a feed's packets: those of one time share packets (MoldUDP64 1.00 §2)."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from protocols import mold
from protocols.errors import TruncatedError

_STAMP: Final = slice(5, 11)
"""Where every message has its time (ITCH 5.0 §4): ns since midnight."""


def timed(messages: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Each message with the time that it has itself. Raises TruncatedError for one that is too short to have any."""
    for number, raw in enumerate(messages, 1):
        if len(raw) < _STAMP.stop:
            raise TruncatedError(f"message {number} has no time stamp", len(raw), len(raw))
        yield int.from_bytes(raw[_STAMP], "big"), raw


def packed(rows: Iterable[tuple[int, bytes]], packets: mold.Packetizer) -> Iterator[tuple[int, bytes]]:
    """The packets that hold these messages, given with their times, each with the time of its messages."""
    for time, group in groupby(rows, key=lambda row: row[0]):
        for payload in packets.add_all(message for _, message in group):
            yield time, payload
        last = packets.flush()
        if last is not None:
            yield time, last
