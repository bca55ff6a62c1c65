"""What a run's folder holds for the store: its captures, the journal and the live stream as the office keeps them.

| In the folder | What |
|---|---|
| `captures/trader*.pcapng` | the trader's switch port |
| `office/SESSION/live.bin` | the live stream of a server's run (`protocols.management_files`) |
| `office/JOURNAL/journal.bin` | a server's journal |
| `report.json` | there when the run is over |
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple

from protocols.errors import ProtocolError
from protocols.management import Frame, Hello, JournalRecord, Stats
from protocols.management_files import JOURNAL_NAME, LIVE_NAME, FileError, read
from protocols.pcap_read import read as read_capture
from store.errors import StoreError

CAPTURES: Final = "captures"
PORT: Final = "trader"
_DIGITS: Final = 16
_SEGMENT_SHIFT: Final = 48
"""A folder may hold several servers' streams, each numbered from 1: numbers of the second have this bit set."""


class Segment(NamedTuple):
    """A file of the stream: its session or journal, when its first frame was made (ns), the file, what to add to its
    frames' numbers so that they are unique in the run."""

    of: int
    began: int
    path: Path
    base: int


@dataclass(frozen=True)
class RunFolder:
    """A run's folder, looked into. `run`: its name in the store; `ended`: nothing more will come."""

    path: Path
    run: str
    captures: tuple[Path, ...]
    live: tuple[Segment, ...]
    journals: tuple[Segment, ...]
    ended: bool
    names: "Names" = field(repr=False)

    def frames(self, segments: tuple[Segment, ...]) -> Iterator[tuple[int, Frame]]:
        """(number unique in the run, frame) of some segments. StoreError for a damaged file."""
        for segment in segments:
            try:
                for frame in read(segment.path):
                    yield segment.base + frame.number, frame
            except FileError as error:
                raise StoreError(str(error)) from error

    def records(self) -> Iterator[tuple[int, int, JournalRecord]]:
        """(number, time in ns, record) of the journals."""
        for number, frame in self.frames(self.journals):
            if isinstance(frame.message, JournalRecord):
                yield number, frame.time, frame.message


@dataclass(frozen=True)
class Names:
    """What numbers stand for: strategies, venues' MoldUDP64 sessions in their order, ticks of the trader's clock."""

    strategies: Mapping[int, str]
    sessions: tuple[str, ...]
    ticks_per_second: int

    def strategy(self, number: int) -> str:
        """`NUMBER:KIND` as in the report, the number alone when no name came."""
        return self.strategies.get(number, str(number))

    def nanoseconds(self, ticks: int) -> int:
        """A duration in ns, to the nearest; 0 while nothing is known of the clock."""
        rate = self.ticks_per_second
        return (2 * ticks * 1_000_000_000 + rate) // (2 * rate) if rate else 0


def look_into(path: Path, run: str = "") -> RunFolder:
    """Look into a run's folder; `run` overrides its name. StoreError when nothing of a run is there."""
    office = path / "office" if (path / "office").is_dir() else path
    live = _segments(office, LIVE_NAME)
    journals = _segments(office, JOURNAL_NAME)
    captures = captures_in(path)
    if not (live or journals or captures):
        raise StoreError(f"{path} holds no run: neither captures/{PORT}*.pcapng nor office/*/{JOURNAL_NAME} is there")
    hello, stats = _last_words(live, journals)
    name = run or _name(live or journals, captures, path)
    ended = (path / "report.json").is_file()
    return RunFolder(path, name, captures, live, journals, ended, names(hello, stats))


def captures_in(path: Path) -> tuple[Path, ...]:
    """The captures of the trader's port, in the order in which they were begun."""
    folder = path / CAPTURES if (path / CAPTURES).is_dir() else path
    found = [file for suffix in ("pcapng", "pcap") for file in folder.glob(f"{PORT}*.{suffix}") if file.stat().st_size]
    return tuple(sorted(found, key=lambda file: (capture_began(file), file.name)))


def capture_began(path: Path) -> int:
    """When a capture's first frame was taken, ns; 0 when it has none."""
    try:
        with path.open("rb") as file:
            return next((frame.time for frame in read_capture(file)), 0)
    except ProtocolError:
        return 0


def name_at(began: int, tail: str) -> str:
    """The name of a run that began then (ns UTC)."""
    return f"{datetime.fromtimestamp(began // 1_000_000_000, UTC):%Y%m%dT%H%M%S}-{tail}"


def names(hello: Hello | None, stats: Mapping[str, Any]) -> Names:
    """What a server's greeting and its figures say about numbers."""
    strategies = {}
    for label in stats.get("strategies", {}):
        number, colon, _ = label.partition(":")
        if colon and number.isdecimal():
            strategies[int(number)] = label
    feeds = stats.get("venues") or {"": stats.get("feed", {})}
    sessions = tuple(str(feed.get("session", "")) for feed in feeds.values())
    return Names(strategies, sessions, hello.ticks_per_second if hello else 0)


def last_stats(live: tuple[Segment, ...]) -> dict[str, Any]:
    """The last figures of the trader, empty when none came. StoreError for a damaged file."""
    return _last_words(live, ())[1]


def _last_words(live: tuple[Segment, ...], journals: tuple[Segment, ...]) -> tuple[Hello | None, dict[str, Any]]:
    hello: Hello | None = None
    body = b""
    try:
        for segment in live:
            for frame in read(segment.path):
                if isinstance(frame.message, Hello):
                    hello = frame.message
                elif isinstance(frame.message, Stats):
                    body = frame.message.body
        if hello is None:
            greetings = (frame.message for segment in journals for frame in read(segment.path))
            hello = next((message for message in greetings if isinstance(message, Hello)), None)
    except FileError as error:
        raise StoreError(str(error)) from error
    try:
        stats = json.loads(body) if body else {}
    except (ValueError, RecursionError):
        stats = {}
    return hello, stats if isinstance(stats, dict) else {}


def _segments(office: Path, name: str) -> tuple[Segment, ...]:
    found = []
    for path in office.glob(f"{'[0-9a-f]' * _DIGITS}/{name}"):
        try:
            began = next((frame.time for frame in read(path)), 0)
        except FileError as error:
            raise StoreError(str(error)) from error
        if began:
            found.append((began, int(path.parent.name, 16), path))
    return tuple(
        Segment(of, began, path, place << _SEGMENT_SHIFT) for place, (began, of, path) in enumerate(sorted(found))
    )


def _name(segments: tuple[Segment, ...], captures: tuple[Path, ...], path: Path) -> str:
    if segments:
        return name_at(segments[0].began, f"{segments[0].of:016x}")
    return name_at(capture_began(captures[0]), path.resolve().name)
