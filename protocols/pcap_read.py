"""Reads packet captures as a stream: classic pcap (µs and ns) and pcapng, both byte orders.

Frames with their capture time and link type, one after the other, from any binary file. `protocols.pcap_index` gives
the same as columns over a mapped file. Formats: `protocols.pcap_scan`.
"""

from collections.abc import Iterator
from typing import IO, Final, NamedTuple

from protocols.errors import UnknownTypeError
from protocols.pcap_scan import MAX_BLOCK, Scanner, is_capture

__all__ = ["MAX_BLOCK", "CapturedFrame", "is_capture", "read"]

_PIECE: Final = 1 << 18
_AT_ONCE: Final = 256
"""Frames that are made together: few enough to stay in the processor's cache."""


class CapturedFrame(NamedTuple):
    """One frame: capture time in ns since 1970 (0 when the file has none), link type (LINKTYPE_ number), bytes."""

    time: int
    link_type: int
    frame: bytes


def read(file: IO[bytes]) -> Iterator[CapturedFrame]:
    """Iterate over the frames of a capture; a fault is a ProtocolError with the file offset, after the good frames.

    A file that does not begin as a capture is refused at once.
    """
    head = file.read(4)
    if len(head) < 4:
        raise Scanner(1).truncated(len(head))
    if not is_capture(head):
        raise UnknownTypeError("not a pcap or pcapng file", 0, head)
    return _frames(file, Scanner(_AT_ONCE), head)


def _frames(file: IO[bytes], scanner: Scanner, data: bytes) -> Iterator[CapturedFrame]:
    """The frames of a capture whose first bytes are `data`."""
    base = at = 0
    wanted = 0
    while True:
        # What is left of the last piece goes in front of the next one; a block may be larger than a piece.
        more = file.read(max(_PIECE, wanted))
        base, data, at = base + at, data[at:] + more, 0
        while count := scanner.scan(data, at, base):
            at = scanner.at
            yield from scanner.frames(data, count, CapturedFrame)
        at = scanner.at
        if scanner.error is not None:
            raise scanner.error
        if not more:
            if at < len(data):
                raise scanner.truncated(base + len(data))
            return
        wanted = scanner.need - (len(data) - at)
