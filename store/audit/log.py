"""The writer: appends one record at a time, each on disk before `append` returns.

Several processes may write to one log (the dashboard, a command): each takes the file's lock for the length of one
record, so there is one writer at any moment. Who finds a torn line, left by a crash before its record was acknowledged,
takes it off and records that it did.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from store.audit import head as heads
from store.audit import lock
from store.audit.head import Head
from store.audit.record import MAX_RECORD, AuditError, AuditRecord, make, parse

RECOVERED: Final = "audit.recovered"


class AuditLog:
    """The log at ``path``, made with its folder when it is not there. ``clock`` gives ns since 1970 UTC.

    AuditError: it cannot be opened, or its end is not the one that its head names.
    """

    def __init__(self, path: Path, clock: Callable[[], int] = time.time_ns) -> None:
        self.path = path
        self._clock = clock
        self._mutex = threading.Lock()
        with _refusals(path):
            self._file = _opened(path)
        try:
            with self._locked():
                self._settle()
        except BaseException:
            os.close(self._file)
            raise

    def append(
        self, *, who: str, role: str, action: str, subject: str = "", detail: dict[str, Any] | None = None
    ) -> AuditRecord:
        """Record that somebody did something; on disk when this returns. AuditError: it could not be kept."""
        with self._locked():
            return self._append(self._settle(), who, role, action, subject, detail or {})

    @property
    def anchor(self) -> str:
        """`NUMBER:HASH` of the last record."""
        with self._locked():
            return self._settle().anchor

    def close(self) -> None:
        """Close the file."""
        with self._mutex:
            if self._file >= 0:
                os.close(self._file)
                self._file = -1

    def __enter__(self) -> AuditLog:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with self._mutex, _refusals(self.path):
            if self._file < 0:
                raise AuditError(f"{self.path} was closed: open it again")
            lock.take(self._file, self.path)
            try:
                while not self._is_in_place():
                    # It was moved away or deleted: what is written to it now nobody would find.
                    found = _opened(self.path)
                    os.close(self._file)
                    self._file = found
                    lock.take(self._file, self.path)
                yield
            finally:
                lock.release(self._file)

    def _is_in_place(self) -> bool:
        """Whether the path still names the file that is open."""
        try:
            return os.path.samestat(os.fstat(self._file), self.path.stat())
        except FileNotFoundError:
            return False

    def _append(
        self, head: Head, who: str, role: str, action: str, subject: str, detail: dict[str, Any]
    ) -> AuditRecord:
        record = make(head.number + 1, self._clock(), who, role, action, subject, detail, head.hash)
        line = record.line()
        heads.write(self.path, Head(head.number, head.length, head.hash, record.hash))
        written = os.write(self._file, line)
        if written != len(line):
            raise AuditError(f"{self.path} took {written} of {len(line)} bytes: make room on its disk")
        os.fsync(self._file)
        heads.write(self.path, Head(record.number, head.length + len(line), record.hash))
        return record

    def _settle(self) -> Head:
        """The head as the log has it; finishes what a crash left half done. AuditError: the two do not agree."""
        head = heads.read(self.path)
        size = os.fstat(self._file).st_size
        if head is None:
            if size:
                raise self._disagrees(f"it has {size} bytes and no head")
            heads.write(self.path, head := Head())
        if size < head.length:
            raise self._disagrees(f"it has {size} bytes, its head names {head.length}")
        if head.length and not self._ends_in(head):
            raise self._disagrees(f"its record {head.number} is not the one that its head names")
        return head if size == head.length else self._finish(head, size)

    def _ends_in(self, head: Head) -> bool:
        start = max(0, head.length - MAX_RECORD - 1)
        data = os.pread(self._file, head.length - start, start)
        record = parse(data[:-1].rpartition(b"\n")[2]) if data.endswith(b"\n") else None
        return record is not None and (record.number, record.hash) == (head.number, head.hash)

    def _finish(self, head: Head, size: int) -> Head:
        """Take up the announced record, or take a torn one off."""
        rest = os.pread(self._file, size - head.length, head.length) if size - head.length <= MAX_RECORD else b""
        record = parse(rest[:-1]) if rest.endswith(b"\n") else None
        if record is not None and record.hash == head.next and record.previous == head.hash:
            done = Head(record.number, size, record.hash)
            heads.write(self.path, done)
            return done
        if not rest or not head.next or b"\n" in rest:
            raise self._disagrees(f"{size - head.length} bytes follow the record {head.number} that its head names")
        os.ftruncate(self._file, head.length)
        os.fsync(self._file)
        detail = {"bytes": len(rest), "sha256": hashlib.sha256(rest).hexdigest()}
        self._append(head, "audit log", "system", RECOVERED, self.path.name, detail)
        settled = heads.read(self.path)
        assert settled is not None
        return settled

    def _disagrees(self, what: str) -> AuditError:
        return AuditError(
            f"the audit log {self.path} was changed: {what}; see `hftos audit verify`, keep both files as evidence, "
            "move them away to begin a new log"
        )


def _opened(path: Path) -> int:
    """Open the log, or make it; raises OSError."""
    path.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    try:
        heads.sync_folder(path.parent)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextlib.contextmanager
def _refusals(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise AuditError(f"cannot write the audit log {path}: {error.strerror}; give another path") from error
