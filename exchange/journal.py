"""The journal: every input of the exchange, in order, before anything that follows from it is seen outside.

One file of records: length u32, CRC-32 u32, then kind u8, number u32, time i64, payload; all big-endian. The first
record describes the settings of the session. A process that is killed leaves whole records and perhaps a torn one at
the end, whose effects nobody has seen: it is cut off when the journal is opened again.

`commit` hands the records to the kernel, which keeps them if the process dies; ``sync`` makes it wait for the disk as
well, against the loss of power.
"""

from __future__ import annotations

import fcntl
import json
import logging
import os
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from exchange.lines import Line

log = logging.getLogger(__name__)

_FRAME = struct.Struct(">II")
_HEAD = struct.Struct(">BIq")
_READ = 1 << 20
# An OUCH message or an operator's command is far below; a longer record can only be damage.
MAX_RECORD = 1 << 16
# But for the settings, which name every symbol: more than a command line can hold.
MAX_SETTINGS = 1 << 22

SETTINGS, MESSAGE, DISCONNECT, COMMAND, FLOW, ADVANCE, CHECKPOINT = range(1, 8)
FILE = "journal.bin"


class JournalError(ValueError):
    """A journal that cannot be used; the text names the place and the remedy."""


class JournalWriteError(RuntimeError):
    """The disk took no more: the exchange must stop, because nothing that follows could be recovered.

    No OSError: asyncio takes one that a connection raises for the end of that connection, and tells nobody.
    """


class Record(NamedTuple):
    """One input. ``number`` is an account or a count, by ``kind``; ``time`` is ns since midnight."""

    kind: int
    number: int
    time: int
    payload: bytes


class Journal:
    """Appends to the journal of a folder. Made by `open_journal`. ``failed``: what the disk refused, None so far."""

    def __init__(self, descriptor: int, sync: bool = False) -> None:
        self.records = 0
        self.failed: JournalWriteError | None = None
        self._descriptor = descriptor
        self._sync = sync
        self._pending = bytearray()

    def append(self, kind: int, number: int, time: int, payload: bytes = b"") -> None:
        """Take one record; it is safe after the next `commit`. JournalError for one that could not be read again."""
        body = _HEAD.pack(kind, number, time) + payload
        limit = MAX_SETTINGS if kind == SETTINGS else MAX_RECORD
        if len(body) > limit:
            raise JournalError(f"a record of {len(body)} bytes could not be read again: give at most {limit} bytes")
        self._pending += _FRAME.pack(len(body), zlib.crc32(body))
        self._pending += body
        self.records += 1

    def commit(self) -> None:
        """Write what was appended. JournalWriteError when the disk refuses: the exchange must not go on.

        Once it has, it always does: a second try proves nothing, as the kernel may have dropped what it could not write
        (fsync(2)).
        """
        if self.failed is not None:
            raise self.failed
        if not self._pending:
            return
        try:
            while self._pending:
                del self._pending[: os.write(self._descriptor, self._pending)]
            if self._sync:
                os.fdatasync(self._descriptor)
        except OSError as error:
            self.failed = JournalWriteError(
                f"the journal cannot be written: {error.strerror}; make room and start again with it"
            )
            raise self.failed from error

    def close(self) -> None:
        """Commit and close."""
        try:
            self.commit()
        finally:
            os.close(self._descriptor)


class CommittedLine:
    """A line whose packets leave only after the journal holds all that led to them."""

    def __init__(self, line: Line, journal: Journal) -> None:
        self._line = line
        self._journal = journal

    def send(self, packet: bytes) -> None:
        """Commit, then send."""
        self._journal.commit()
        self._line.send(packet)

    def close(self) -> None:
        """Close the line."""
        self._line.close()


def read_records(path: Path) -> Iterator[tuple[Record, int]]:
    """All whole records of a journal, each with the offset behind it; a torn end is left out.

    JournalError: a record in the middle is damaged.
    """
    size = path.stat().st_size
    with path.open("rb", buffering=_READ) as file:
        offset = 0
        while offset + _FRAME.size <= size:
            length, crc = _FRAME.unpack(file.read(_FRAME.size))
            end = offset + _FRAME.size + length
            plausible = _HEAD.size <= length <= (MAX_RECORD if offset else MAX_SETTINGS)
            body = file.read(length) if plausible else b""
            if not plausible or (end <= size and zlib.crc32(body) != crc):
                if _torn(file, end, size):
                    return
                raise JournalError(_damaged(path, offset, length))
            if end > size:
                if _holds_record(file, offset + 1, size):
                    raise JournalError(_damaged(path, offset, length))
                return
            kind, number, time = _HEAD.unpack_from(body)
            yield Record(kind, number, time, body[_HEAD.size :]), end
            offset = end


def _damaged(path: Path, offset: int, length: int) -> str:
    return (
        f"{path}: the record at byte {offset} is damaged (length {length}); "
        "restore the file from a copy, or start a new day in another folder"
    )


def _holds_record(file: BinaryIO, begin: int, size: int) -> bool:
    """Whether a whole record stands somewhere behind: then a length before it is damaged, and nothing is torn."""
    file.seek(begin)
    rest = file.read()
    for at in range(size - begin - _FRAME.size - _HEAD.size + 1):
        length, crc = _FRAME.unpack_from(rest, at)
        body = rest[at + _FRAME.size : at + _FRAME.size + length]
        if _HEAD.size <= length <= MAX_RECORD and len(body) == length and zlib.crc32(body) == crc:
            return True
    return False


def _torn(file: BinaryIO, end: int, size: int) -> bool:
    """Whether a damaged record is the last one, or nothing but the zeros of a lost page follow it."""
    return end == size or not any(file.read())


def session_of(folder: Path) -> str | None:
    """The session's name in the journal of a folder, None where there is none yet. JournalError for a damaged one."""
    path = folder / FILE
    if not path.is_file():
        return None
    first = next(read_records(path), None)
    if first is None or first[0].kind != SETTINGS:
        return None
    return str(json.loads(first[0].payload).get("session"))


def open_journal(folder: Path, settings: dict[str, Any], sync: bool = False) -> tuple[Journal, Iterator[Record]]:
    """Open the journal in a folder, or begin one; returns it with the inputs it holds.

    Read all of them before the first `append`: what follows the last whole record is cut off then. JournalError: the
    folder holds the journal of a session with other settings, or a damaged one, or another process has it open.
    """
    path = folder / FILE
    try:
        folder.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise JournalError(f"cannot write to --journal {folder}: {error.strerror}; give another folder") from error
    try:
        # Not lockf: its locks end when any descriptor of the file is closed, as the reader's is.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        os.close(descriptor)
        raise JournalError(f"{path} is in use by another exchange; stop it, or give another --journal") from error
    journal = Journal(descriptor, sync)
    try:
        return journal, _resume(journal, descriptor, path, settings)
    except BaseException:
        os.close(descriptor)
        raise


def _resume(journal: Journal, descriptor: int, path: Path, settings: dict[str, Any]) -> Iterator[Record]:
    text = json.dumps(settings, sort_keys=True)
    records = read_records(path)
    first = next(records, None)
    if first is None:
        os.ftruncate(descriptor, 0)
        journal.append(SETTINGS, 0, 0, text.encode())
        journal.commit()
        return iter(())
    record, end = first
    if record.kind != SETTINGS:
        raise JournalError(f"{path} is not a journal of this exchange; give another --journal")
    _compare(path, json.loads(record.payload), json.loads(text))
    return _inputs(journal, descriptor, path, records, end)


def _inputs(
    journal: Journal, descriptor: int, path: Path, records: Iterator[tuple[Record, int]], end: int
) -> Iterator[Record]:
    journal.records = 1
    for record, behind in records:
        journal.records += 1
        end = behind
        yield record
    torn = os.fstat(descriptor).st_size - end
    if torn:
        # Kept all the same: it is what was in flight when the process died.
        with path.with_suffix(".torn").open("ab") as aside:
            aside.write(os.pread(descriptor, torn, end))
        log.warning("%s: %d bytes of a torn record were cut off; they are in %s", path, torn, aside.name)
    os.ftruncate(descriptor, end)
    os.lseek(descriptor, end, os.SEEK_SET)


def _compare(path: Path, old: dict[str, Any], new: dict[str, Any]) -> None:
    for key in sorted(old.keys() | new.keys()):
        if old.get(key) != new.get(key):
            raise JournalError(
                f"{path} belongs to a session with {key} = {old.get(key)!r}, not {new.get(key)!r}; "
                "start with the same settings, or give another --journal"
            )
