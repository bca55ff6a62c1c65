"""Market data to be played: datagrams with their times and lines, from captures, from files and from stored rows."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from office.capture.feed import Line
from office.capture.source import Capture
from protocols import binaryfile, mold
from protocols.itch_packets import packed, timed

SESSION: Final = "REPLAY"
"""Session of packets that are made of single messages, unless another is given."""


class Sent(NamedTuple):
    """A datagram: when it was sent (ns), the place of its line, its payload."""

    time: int
    line: int
    payload: bytes


def feed_lines(capture: Capture) -> list[Line]:
    """The lines of a capture's feeds: groups, in the order in which they appear."""
    capture.feed()
    return [line for line in capture.lines if line.multicast]


def from_capture(capture: Capture, lines: list[Line], since: int = 0, until: int = 1 << 62) -> Iterator[Sent]:
    """The packets of these lines, as they were captured: repeated, reordered and missing ones too.

    Only those captured from `since` on and before `until` (ns since 1970).
    """
    places = {capture.lines.index(line): place for place, line in enumerate(lines)}
    for part, packets in zip(capture.parts, capture.feed(), strict=True):
        times = part.columns.times[packets.rows].tolist()
        columns = (packets.lines.tolist(), packets.starts.tolist(), packets.lengths.tolist())
        for time, line, start, length in zip(times, *columns, strict=True):
            place = places.get(line)
            if place is not None and since <= time < until:
                yield Sent(time, place, part.data[start : start + length].tobytes())


def from_messages(rows: Iterable[tuple[int, bytes]], session: str = SESSION, lines: int = 1) -> Iterator[Sent]:
    """ITCH messages with their times in ns (a store's rows in the order of `sequence`), packed anew.

    Messages of one time share packets; each packet goes to all lines. The session ends with an End of Session.
    """
    packets = mold.Packetizer(session)
    time = 0
    for time, payload in packed(rows, packets):
        yield from (Sent(time, line, payload) for line in range(lines))
    yield from (Sent(time, line, packets.end_of_session()) for line in range(lines))


def from_file(path: Path, session: str = SESSION, lines: int = 1) -> Iterator[Sent]:
    """The messages of a BinaryFILE at the times that they have (ns since midnight). Raises a ProtocolError, OSError."""
    with binaryfile.read(path) as reader:
        yield from from_messages(timed(reader), session, lines)
