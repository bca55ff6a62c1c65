"""The index beside a capture file, `trader.pcapng.index`: finds a time, a packet or a feed's message without a search.

Of every 64th packet it says where it lies, the highest time before it, and of each line of a feed the highest number
before it; the rest is a look at 64 packets. File: `HFTOSX01`, u32 length of the head, u32 CRC-32 of all that follows,
the head as JSON, then rows of little-endian i64: packet number, offset, time, and one number a line.

It is good for a file that still begins as it did and has not become shorter; what was added is not in it.
"""

import hashlib
import json
import struct
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np

from office.capture.feed import FeedPackets, Line
from office.whole_file import whole_file
from protocols.pcap_index import Int64s, PacketIndex

MAGIC: Final = b"HFTOSX01"
SUFFIX: Final = ".index"
STRIDE: Final = 64
"""Packets from row to row."""

_PREFIX: Final = struct.Struct("<8sII")
_FIXED: Final = 3
_NUMBERS: Final = ("covered", "packets", "head", "first", "last")
_SAMPLE: Final = 1 << 12
_NOTHING: Final = -(1 << 63)


class SidecarError(Exception):
    """An index that cannot be used; the text names the file and says why."""


@dataclass(frozen=True, slots=True)
class Sidecar:
    """What the index says. `covered`: bytes of the capture, `packets` in them. `head`: offset of the first packet.

    `first`, `last`: lowest and highest capture time. `rows`: int64, shape (n, 3 + lines).
    """

    covered: int
    packets: int
    head: int
    first: int
    last: int
    sample: str
    lines: tuple[Line, ...]
    rows: Int64s

    def before_time(self, time: int) -> tuple[int, int]:
        """(number, offset) of a packet with none captured at `time` or later before it, at most 64 away."""
        return self._row(int(np.searchsorted(self.rows[:, 2], time, side="left")) - 1)

    def before_packet(self, number: int) -> tuple[int, int]:
        """(number, offset) of a packet at most 64 before `number`."""
        return self._row(number // STRIDE)

    def before_sequence(self, sequence: int, session: str | None) -> tuple[int, int] | None:
        """(number, offset) of a packet before which no line has message `sequence`; None: no line can have it."""
        found = []
        for place, line in enumerate(self.lines):
            if session is None or line.session == session:
                # Numbers are those of the next message: row r is before it as long as it has at most `sequence`.
                found.append(int(np.searchsorted(self.rows[:, _FIXED + place], sequence, side="right")) - 1)
        return self._row(max(0, min(found))) if found else None

    def _row(self, place: int) -> tuple[int, int]:
        number, offset = self.rows[max(0, min(place, len(self.rows) - 1)), :2].tolist()
        return number, offset


def path_of(capture: Path) -> Path:
    """Where the index of a capture file lies."""
    return capture.with_name(capture.name + SUFFIX)


def build(part: PacketIndex, packets: FeedPackets, lines: list[Line]) -> Sidecar:
    """The index of a whole capture file. Raises SidecarError for a file with interfaces between its packets."""
    columns = part.columns
    if not len(part):
        raise SidecarError(f"{part.path} has no packet: there is nothing to index")
    between = columns.block_starts[1:] != columns.block_ends[:-1]
    if _describes_interfaces(part, np.flatnonzero(between)):
        raise SidecarError(f"{part.path} describes interfaces between its packets: it is searched from its beginning")
    marks = np.arange(0, len(part), STRIDE)
    own = [number for number in range(len(lines)) if (packets.lines == number).any()]
    rows = np.empty((len(marks), _FIXED + len(own)), "<i8")
    rows[:, 0], rows[:, 1] = marks, columns.block_starts[marks]
    rows[:, 2] = _before(columns.times, marks)
    for place, number in enumerate(own):
        nexts = np.full(len(part), _NOTHING, np.int64)
        of_line = (packets.lines == number) & (packets.messages > 0)
        nexts[packets.rows[of_line]] = (packets.sequences + packets.messages)[of_line]
        rows[:, _FIXED + place] = _before(nexts, marks)
    return Sidecar(
        covered=part.stop,
        packets=len(part),
        head=part.head,
        first=int(columns.times.min()),
        last=int(columns.times.max()),
        sample=_sample(part.path, part.stop),
        lines=tuple(lines[number] for number in own),
        rows=rows,
    )


def write(sidecar: Sidecar, path: Path) -> None:
    """Store an index. Raises OSError."""
    head = {name: getattr(sidecar, name) for name in (*_NUMBERS, "sample")}
    head["lines"] = [list(line) for line in sidecar.lines]
    head["rows"] = list(sidecar.rows.shape)
    text = json.dumps(head).encode()
    body = text + sidecar.rows.tobytes()
    with whole_file(path) as temporary:
        temporary.write_bytes(_PREFIX.pack(MAGIC, len(text), zlib.crc32(body)) + body)


def load(capture: Path) -> Sidecar | None:
    """The index of a capture file, None when there is none. Raises SidecarError for one that is damaged or not its."""
    path = path_of(capture)
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return None
    if len(data) < _PREFIX.size or data[: len(MAGIC)] != MAGIC:
        raise SidecarError(f"{path} is no index: it does not start with {MAGIC.decode()}; {_REMEDY}")
    _, length, crc = _PREFIX.unpack_from(data)
    body = data[_PREFIX.size :]
    if zlib.crc32(body) != crc:
        raise SidecarError(f"{path} is damaged: its checksum is wrong; {_REMEDY}")
    try:
        head = json.loads(body[:length])
        rows = np.frombuffer(body, "<i8", offset=length).reshape(head.pop("rows"))
        lines = tuple(Line(int(to), int(port), str(session)) for to, port, session in head.pop("lines"))
        found = Sidecar(lines=lines, rows=rows, **head)
        sane = rows.shape == (len(rows), _FIXED + len(lines)) and len(rows) > 0 and bool((rows[:, :2] >= 0).all())
        sane &= all(type(getattr(found, name)) is int for name in _NUMBERS) and min(found.covered, found.head) >= 0
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, OverflowError) as error:
        raise SidecarError(f"{path} is damaged: {error}; {_REMEDY}") from error
    if not sane:
        raise SidecarError(f"{path} is damaged: its rows are none; {_REMEDY}")
    size = capture.stat().st_size
    if size < found.covered or _sample(capture, found.covered) != found.sample:
        raise SidecarError(f"{path} is of another capture than {capture.name} is now; {_REMEDY}")
    return found


_REMEDY: Final = "make it anew with `hftos capture index`"


def _before(values: Int64s, marks: Int64s) -> Int64s:
    """The highest value in front of each mark."""
    highest = np.concatenate([np.full(1, _NOTHING, np.int64), np.maximum.accumulate(values)])
    return highest[marks]


def _describes_interfaces(part: PacketIndex, rows: Int64s) -> bool:
    """Whether there is an interface or a section among the blocks behind these packets."""
    for row in rows.tolist():
        between = part.data[int(part.columns.block_ends[row]) : int(part.columns.block_starts[row + 1])].tobytes()
        order = "little" if part.data[8:12].tobytes() == b"\x4d\x3c\x2b\x1a" else "big"
        at = 0
        while at + 8 <= len(between):
            kind, length = (int.from_bytes(between[at + n : at + n + 4], order) for n in (0, 4))  # type: ignore[arg-type]
            if kind in (1, 0x0A0D0D0A):
                return True
            at += max(12, length)
    return False


def _sample(capture: Path, covered: int) -> str:
    """SHA-256 of the beginning of what is covered, and of its end: tells one capture from another."""
    with capture.open("rb") as file:
        digest = hashlib.sha256(file.read(min(_SAMPLE, covered)))
        file.seek(max(0, covered - _SAMPLE))
        digest.update(file.read(min(_SAMPLE, covered)))
    return digest.hexdigest()
