"""A capture as its reader wants it: a file, or the files that a rotating writer left, as one row of packets.

A run's folder stands for the capture at its trader's switch port.
"""

from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

import numpy as np

from office.capture.feed import FeedPackets, Line, feed_packets
from protocols import pcap_rotate
from protocols.errors import ProtocolError
from protocols.pcap_index import Int64s, PacketIndex

PORTS_FOLDER: Final = "captures"
TRADER: Final = "trader"
SUFFIX: Final = ".pcapng"


class CaptureError(Exception):
    """A capture that cannot be used; the text names file, value and remedy."""


class Place(NamedTuple):
    """Where a packet is: its number in the capture (from 0), the place of its file, its row there."""

    number: int
    file: int
    row: int


class Capture:
    """The packets of a capture, mapped. Use as a context, or `close` it.

    `parts`: its files. `bases`: the number of each file's first packet. Raises CaptureError.
    """

    def __init__(self, path: Path) -> None:
        self.paths = paths_of(path)
        self.parts: list[PacketIndex] = []
        self.lines: list[Line] = []
        self._feed: list[FeedPackets] | None = None
        try:
            for each in self.paths:
                self.parts.append(PacketIndex(each))
        except (OSError, ProtocolError) as error:
            self.close()
            raise CaptureError(_refused(each, error)) from error
        sizes = [len(part) for part in self.parts]
        self.bases = [sum(sizes[:number]) for number in range(len(sizes))]
        self.count = sum(sizes)

    def faults(self) -> list[tuple[Path, ProtocolError]]:
        """What is wrong behind the last good packet of each file."""
        return [(part.path, part.fault) for part in self.parts if part.fault is not None]

    def notes(self) -> list[str]:
        """The same in words, for whoever goes on with what is good."""
        return [f"{path}: {fault}; what came before is used" for path, fault in self.faults()]

    @property
    def times(self) -> Int64s:
        """Capture time of every packet, ns since 1970."""
        return np.concatenate([part.columns.times for part in self.parts])

    def feed(self) -> list[FeedPackets]:
        """The MoldUDP64 packets of each file; their lines are in `lines`. Looked for once."""
        if self._feed is None:
            self._feed = [feed_packets(part.data, part.columns, self.lines) for part in self.parts]
        return self._feed

    def sessions(self) -> list[str]:
        """The MoldUDP64 sessions of its feeds, in the order in which they appear."""
        self.feed()
        return list(dict.fromkeys(line.session for line in self.lines if line.multicast))

    def place(self, number: int) -> Place:
        """Where packet `number` is. Raises IndexError when the capture has fewer."""
        if not 0 <= number < self.count:
            raise IndexError(number)
        file = int(np.searchsorted(self.bases, number, side="right")) - 1
        while not len(self.parts[file]):
            file -= 1
        return Place(number, file, number - self.bases[file])

    def carriers(self, sequence: int, session: str | None = None) -> list[int]:
        """Numbers of the packets that carry message `sequence` of a feed (of `session` only), in order."""
        found: list[int] = []
        for packets, base in zip(self.feed(), self.bases, strict=True):
            holds = (packets.sequences <= sequence) & (sequence < packets.sequences + packets.messages)
            if session is not None:
                wanted = [number for number, line in enumerate(self.lines) if line.session == session]
                holds &= np.isin(packets.lines, wanted)
            found += (packets.rows[holds] + base).tolist()
        return found

    def close(self) -> None:
        """Give the files back."""
        for part in self.parts:
            part.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def paths_of(path: Path) -> list[Path]:
    """The files of a capture: of a file, of the first of several, or of a run's folder. Raises CaptureError."""
    if path.is_dir():
        inner = path / PORTS_FOLDER / f"{TRADER}{SUFFIX}"
        if not (found := pcap_rotate.files(inner)):
            raise CaptureError(f"{path} is no run: it has no {inner.relative_to(path)}; name a capture file or a run")
        return found
    if not path.is_file():
        what = "it is no file" if path.exists() else "no such file"
        raise CaptureError(f"{path}: {what}; name a pcap or pcapng file, or the folder of a run")
    return pcap_rotate.files(path)


def refuse_overwriting(paths: Iterable[Path], out: Path) -> None:
    """Raise CaptureError when `out` is one of the files that are read: they are mapped, and would be lost."""
    if out.exists() and any(path.exists() and out.samefile(path) for path in paths):
        raise CaptureError(f"{out} is the capture itself: give another name")


def _refused(path: Path, error: OSError | ProtocolError) -> str:
    if isinstance(error, OSError):
        return f"{path}: {error.strerror or error}"
    return f"{path}: {error}; name a pcap or pcapng file"
