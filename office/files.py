"""What the office has of the management stream, read from its folder (`RUN/office`, or a collector's `--dir`).

The folder holds one folder for each run of a server and for each journal, named by its number in 16 hex digits:

| File | What |
|---|---|
| `SESSION/live.bin` | the stream `LIVE` of a run |
| `SESSION/recording` | its recording, when it made one |
| `JOURNAL/journal.bin` | the stream `JOURNAL`: orders, answers, decisions, numbered from 1 without holes |
| `summary.json` | the collector's counts, renewed each second and at its end |

Everything can be read while it is still being written.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from protocols.management import CONTROL, JOURNAL, LIVE, Decision, Frame, Hello, JournalRecord
from protocols.management_files import JOURNAL_NAME, LIVE_NAME, FileError, read

__all__ = ["Entry", "FileError", "Segment", "hellos", "journal", "live", "office_of", "read", "recordings", "segments"]

_NAMES = {JOURNAL: JOURNAL_NAME, LIVE: LIVE_NAME}
_DIGITS = 16


class Segment(NamedTuple):
    """One file of the stream: `LIVE` of the session `of`, or `JOURNAL` of the journal `of`."""

    stream: int
    of: int
    path: Path


class Entry(NamedTuple):
    """A record of a journal: which journal, number in it, time in ns UTC, kind (`management.OUT`, `IN`, `DECISION`),
    venue, payload (a raw OUCH message, or an encoded `Decision`)."""

    journal: int
    number: int
    time: int
    kind: int
    venue: int
    payload: bytes

    def decision(self) -> Decision:
        """The payload of a record of the kind `DECISION`; raises a ProtocolError for others."""
        return Decision.decode(self.payload)


def office_of(folder: Path) -> Path:
    """The office's folder of a run's folder; a folder that is one already stays."""
    inner = folder / "office"
    return inner if inner.is_dir() else folder


def segments(folder: Path) -> list[Segment]:
    """All files of the stream in a run's or an office's folder, in the order in which they were begun; of one moment,
    by name."""
    found: list[Segment] = []
    for stream, name in _NAMES.items():
        paths = office_of(folder).glob(f"{'[0-9a-f]' * _DIGITS}/{name}")
        found += [Segment(stream, int(path.parent.name, 16), path) for path in paths]
    return sorted(found, key=lambda segment: (_began(segment.path), segment.of, segment.stream))


def live(folder: Path) -> Iterator[tuple[int, Frame]]:
    """(session, frame) of every run's `LIVE` stream, greetings included. Raises FileError."""
    for segment in segments(folder):
        if segment.stream == LIVE:
            for frame in read(segment.path):
                yield segment.of, frame


def journal(folder: Path) -> Iterator[Entry]:
    """Every record of every journal, journal by journal, in the order of their numbers. Raises FileError."""
    for segment in segments(folder):
        if segment.stream != JOURNAL:
            continue
        for frame in read(segment.path):
            message = frame.message
            if isinstance(message, JournalRecord):
                yield Entry(segment.of, frame.number, frame.time, message.kind, message.venue, message.body)


def hellos(folder: Path) -> dict[int, Hello]:
    """The last greeting of every session. Raises FileError."""
    return {
        frame.message.session: frame.message
        for segment in segments(folder)
        for frame in read(segment.path)
        if frame.stream == CONTROL and isinstance(frame.message, Hello)
    }


def recordings(folder: Path) -> dict[int, Path]:
    """The recordings that came, by session."""
    paths = office_of(folder).glob(f"{'[0-9a-f]' * _DIGITS}/recording")
    return {int(path.parent.name, 16): path for path in sorted(paths)}


def _began(path: Path) -> int:
    """Time of the first frame, ns; of a file without one, or one that is damaged at once, the far future."""
    try:
        for frame in read(path):
            return frame.time
    except FileError:
        pass  # whoever reads it hears of it; it must not hide the other files
    return 1 << 63
