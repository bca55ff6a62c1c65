"""Reads packet captures as a stream: classic pcap (µs and ns) and pcapng, both byte orders.

Frames with their capture time and link type, one after the other, from any binary file. `protocols.pcap_index` gives
the same as columns over a mapped file. Formats: `protocols.pcap_scan`.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple, Protocol

from protocols.errors import UnknownTypeError
from protocols.pcap_scan import MAX_BLOCK, Scanner, is_capture

__all__ = ["MAX_BLOCK", "CapturedFrame", "is_capture", "read"]

_PIECE: Final = 1 << 20
"""Bytes that are read at a time, into the same room: new memory for each piece would cost more than what is in it."""
_AT_ONCE: Final = 256
"""Frames that are made together: few enough to stay in the processor's cache."""


class CapturedFrame(NamedTuple):
    """One frame: capture time in ns since 1970 (0 when the file has none), link type (LINKTYPE_ number), bytes."""

    time: int
    link_type: int
    frame: bytes


class Readable(Protocol):
    """A binary file, as far as it is needed here (`io.BufferedIOBase`)."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes; fewer only at the end."""

    def readinto(self, room: memoryview, /) -> int:
        """Fill `room`; gives how many bytes came, 0 at the end."""


def read(file: Readable) -> Iterator[CapturedFrame]:
    """Iterate over the frames of a capture; a fault is a ProtocolError with the file offset, after the good frames.

    A file that does not begin as a capture is refused at once.
    """
    head = file.read(4)
    if len(head) < 4:
        raise Scanner(1).truncated(len(head))
    if not is_capture(head):
        raise UnknownTypeError("not a pcap or pcapng file", 0, head)
    return _frames(file, Scanner(_AT_ONCE), head)


def _frames(file: Readable, scanner: Scanner, head: bytes) -> Iterator[CapturedFrame]:
    """The frames of a capture whose first bytes are `head`."""
    room = bytearray(_PIECE)
    room[: len(head)] = head
    base = at = 0
    end = len(head)
    while True:
        # What is left of the last piece moves to the front; a block may be larger than the room.
        left = end - at
        room[:left] = room[at:end]
        base, at = base + at, 0
        if scanner.need > len(room):
            room.extend(bytes(scanner.need - len(room)))
        with memoryview(room) as whole:
            more = file.readinto(whole[left:])
            end = left + more
            data = whole[:end]
            while count := scanner.scan(data, at, base):
                at = scanner.at
                yield from scanner.frames(data, count, CapturedFrame)
            at = scanner.at
            data.release()
        if scanner.error is not None:
            raise scanner.error
        if not more:
            if at < end:
                raise scanner.truncated(base + end)
            return
