"""What a run's folder holds for the store: its captures, the journal and the live stream as the office keeps them.

| In the folder | What |
|---|---|
| `captures/trader*.pcapng` | the trader's switch port |
| `office/SESSION/live.bin` | the live stream of a server's run (`protocols.management_files`) |
| `office/JOURNAL/journal.bin` | a server's journal |
| `report.json` | there when the run is over |
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from protocols.errors import ProtocolError
from protocols.management import Frame, JournalRecord
from protocols.management_files import JOURNAL_NAME
from protocols.pcap_read import read as read_capture
from store import run_names, segments
from store.errors import StoreError
from store.run_names import Names
from store.segments import FILE_SHIFT, Segment

CAPTURES: Final = "captures"
PORT: Final = "trader"


@dataclass(frozen=True)
class RunFolder:
    """A run's folder, looked into. `run`: its name in the store; `ended`: nothing more will come; `names`: those of the
    server's last run, `journal_names` those of each journal by its base."""

    path: Path
    run: str
    captures: tuple[Path, ...]
    live: tuple[Segment, ...]
    journals: tuple[Segment, ...]
    ended: bool
    names: Names = field(repr=False)
    journal_names: Mapping[int, Names] = field(repr=False)

    def frames(self, files: tuple[Segment, ...]) -> Iterator[tuple[int, Frame]]:
        """(number unique in the run, frame) of some files. StoreError for a damaged one."""
        for segment in files:
            for frame in segment.frames():
                yield segment.base + frame.number, frame

    def records(self) -> Iterator[tuple[int, int, JournalRecord]]:
        """(number, time in ns, record) of the journals."""
        for number, frame in self.frames(self.journals):
            if isinstance(frame.message, JournalRecord):
                yield number, frame.time, frame.message

    def names_at(self, number: int) -> Names:
        """What the numbers in a journal's record stand for."""
        return self.journal_names[number >> FILE_SHIFT << FILE_SHIFT]

    @property
    def logins(self) -> int:
        """How many logins the journals are of."""
        return len({segments.login_of(segment.base) for segment in self.journals})


def look_into(path: Path, run: str = "", *, final: bool = False) -> RunFolder:
    """Look into a run's folder; `run` overrides its name, `final`: it is over. StoreError when it holds nothing."""
    office = path / "office" if (path / "office").is_dir() else path
    ended = final or (path / "report.json").is_file()
    live, journals = segments.live(office), segments.journals(office, ended)
    captures = captures_in(path)
    if not (live or journals or captures):
        raise StoreError(f"{path} holds no run: neither captures/{PORT}*.pcapng nor office/*/{JOURNAL_NAME} is there")
    said = run_names.of_live(live)
    by_journal = run_names.of_journals(journals, said)
    run_names.only_host([*said.values(), *by_journal.values()])
    last = run_names.last_of(said or by_journal)
    names = {base: words.names() for base, words in by_journal.items()}
    name = run or _name(live or journals, captures, path)
    return RunFolder(path, name, captures, live, journals, ended, last.names(), names)


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


def last_stats(live: tuple[Segment, ...]) -> Mapping[str, Any]:
    """The last figures of the trader, empty when none came. StoreError for a damaged file."""
    return run_names.last_of(run_names.of_live(live)).stats or {}


def _name(files: tuple[Segment, ...], captures: tuple[Path, ...], path: Path) -> str:
    if files:
        first = min(files, key=lambda segment: (segment.began, segment.of))
        return name_at(first.began, f"{first.of:016x}")
    return name_at(capture_began(captures[0]), path.resolve().name)
