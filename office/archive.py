"""What the office keeps of all management streams: their files by session and by journal, and what was wrong.

The folder is described in `office.files`. Frames in, files out; of connections only their number is known, so that
files that nobody writes to are not kept open.
"""

import fcntl
import json
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from office.recording_file import RecordingFile
from office.stream_file import StreamFile, Taken
from protocols.errors import LengthError, RangeError
from protocols.management import CONTROL, JOURNAL, Frame, Hello, Recording
from protocols.management_files import JOURNAL_NAME, LIVE_NAME

SESSIONS: Final = 4_096
"""Runs of servers, and journals, that one folder takes."""
SUMMARY: Final = "summary.json"
LOCK: Final = ".lock"
_COUNTS: Final = ("duplicates", "conflicts", "faults", "connections", "refused", "starts")
_CONFLICTS_SHOWN: Final = 100


@dataclass
class Archive:
    """The files in a folder that are being written, by session and by journal.

    `counts`: frames that came again (`duplicates`), or again and different (`conflicts`), connections that broke the
    protocol (`faults`), `connections`, those `refused`, and how often a collector `starts` here. They go on from the
    summary that an earlier collector left. Raises OSError, also where another collector has the folder.
    """

    folder: Path
    counts: Counter[str] = field(default_factory=Counter)
    conflicts: list[tuple[str, int]] = field(default_factory=list)
    live: dict[int, StreamFile] = field(default_factory=dict)
    journals: dict[int, StreamFile] = field(default_factory=dict)
    recordings: dict[Path, RecordingFile] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock = _locked(self.folder / LOCK)
        self.counts.update(_left(self.folder / SUMMARY))
        self.counts["starts"] += 1
        self._resting: set[StreamFile] = set()

    def open(self, hello: Hello) -> tuple[StreamFile, StreamFile]:
        """The files of a server's session and of its journal, until `release`. Raises RangeError, FileError,
        OSError."""
        if not hello.session or not hello.journal:
            raise RangeError("a session and a journal have a number", None, 0)
        live = self._file(self.live, hello.session, LIVE_NAME)
        journal = self._file(self.journals, hello.journal, JOURNAL_NAME)
        live.users += 1
        journal.users += 1
        return live, journal

    def release(self, *files: StreamFile) -> None:
        """A connection that has these files open has ended."""
        for file in files:
            file.users -= 1
            self._resting.add(file)
        self.rest()

    def rest(self) -> None:
        """Give back the descriptors of files that nobody uses any more, as soon as the device has all of them."""
        self._resting = {file for file in self._resting if not file.users and not file.rest()}

    def take(self, file: StreamFile, frame: Frame, data: bytes) -> bool:
        """Keep a frame; False for one that is there already. Raises RangeError for a hole in a journal, OSError."""
        if frame.stream == JOURNAL and frame.number > file.last + 1:
            raise RangeError(f"record {file.last + 1} of a journal must come next", None, frame.number)
        if frame.stream != CONTROL and not frame.number:
            raise RangeError("numbers count from 1", None, 0)
        if isinstance(frame.message, Recording) and frame.number > file.last:
            # First: what a crash leaves out of the stream comes again, what it leaves out of the recording would not.
            self._recording(file.path.parent).write(frame.message)
        found = file.take(frame.stream, frame.number, data)
        if found is Taken.CONFLICT:
            self.counts["conflicts"] += 1
            if len(self.conflicts) < _CONFLICTS_SHOWN:
                self.conflicts.append((str(file.path.relative_to(self.folder)), frame.number))
        elif found is Taken.DUPLICATE:
            self.counts["duplicates"] += 1
        return found is Taken.NEW

    def sync(self) -> None:
        """Bring everything to the device. May run in another thread. Raises OSError."""
        reached = [(file, file.last) for file in self.files()]
        for recording in list(self.recordings.values()):
            recording.sync()
        for file, last in reached:
            if file.synced < last:
                file.sync(last)

    def files(self) -> list[StreamFile]:
        """All of which something came."""
        return [*self.live.values(), *self.journals.values()]

    def summary(self) -> dict[str, Any]:
        """The state in figures, as JSON types."""
        return {
            **{name: self.counts[name] for name in _COUNTS},
            "live": {_name(number): _figures(file) for number, file in self.live.items()},
            "journals": {_name(number): _figures(file) for number, file in self.journals.items()},
            "conflicting": [list(found) for found in self.conflicts],
        }

    def write_summary(self) -> dict[str, Any]:
        """Put the summary in its place, whole or not at all."""
        summary = self.summary()
        path = self.folder / SUMMARY
        new = path.with_suffix(".new")
        new.write_text(json.dumps(summary) + "\n")
        new.replace(path)
        return summary

    def close(self) -> None:
        """Sync and close all files, let go of the folder. Raises OSError."""
        try:
            self.sync()
            for file in self.files():
                file.close()
        finally:
            self.live, self.journals, self._resting = {}, {}, set()
            os.close(self._lock)

    def _file(self, files: dict[int, StreamFile], number: int, name: str) -> StreamFile:
        file = files.get(number)
        if file is None:
            if len(files) >= SESSIONS:
                raise LengthError(f"{self.folder} has {SESSIONS} sessions: use another folder", None, len(files))
            file = files[number] = StreamFile(self.folder / _name(number) / name)
            self._resting.add(file)
        return file

    def _recording(self, folder: Path) -> RecordingFile:
        """The recording of a session, by its folder."""
        found = self.recordings.get(folder)
        if found is None:
            found = self.recordings[folder] = RecordingFile(folder)
        return found


def _locked(path: Path) -> int:
    """Hold a lock that ends with this process, however it ends."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise OSError(error.errno, f"another collector keeps its files in {path.parent}") from error
    return descriptor


def _name(number: int) -> str:
    return f"{number:016x}"


def _figures(file: StreamFile) -> dict[str, Any]:
    return {
        "count": file.count,
        "last": file.last,
        "missing": file.missing,
        "holes": [list(hole) for hole in file.holes],
        "torn_bytes": file.torn,
    }


def _left(path: Path) -> dict[str, int]:
    """The counts in a summary that is there; none of one that is damaged."""
    try:
        found = json.loads(path.read_text())
        return {name: value for name in _COUNTS if isinstance(value := found.get(name), int)}
    except (OSError, ValueError, AttributeError, RecursionError):
        return {}
