"""Reading an audit log back: every record, and every way in which the file is not what was written."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from store.audit import head as heads
from store.audit import lock
from store.audit.head import Head
from store.audit.record import FIRST_PREVIOUS, MAX_RECORD, AuditError, AuditRecord, parse

MAX_FAULTS: Final = 100
"""So many faults are told; a file that is none of ours has one a line."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong, from which byte on; ``number`` is that of the record which should stand there."""

    kind: str
    number: int
    offset: int
    text: str


@dataclass(slots=True)
class Verdict:
    """What a log holds. ``pending``: its last record was written and not yet noted in the head (a crash)."""

    path: str
    records: int = 0
    length: int = 0
    hash: str = FIRST_PREVIOUS
    pending: bool = False
    faults: list[Fault] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether the log is as it was written."""
        return not self.faults

    @property
    def anchor(self) -> str:
        """`NUMBER:HASH` of the last good record."""
        return f"{self.records}:{self.hash}"

    def as_json(self) -> dict[str, Any]:
        """All of it as plain data."""
        faults = [
            {"kind": one.kind, "number": one.number, "offset": one.offset, "text": one.text} for one in self.faults
        ]
        return {
            "path": self.path,
            "ok": self.ok,
            "records": self.records,
            "length": self.length,
            "anchor": self.anchor,
            "pending": self.pending,
            "faults": faults,
        }


def lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Byte offset and bytes of each line, with its line feed where it has one. AuditError: the file cannot be read."""
    offset = 0
    try:
        with path.open("rb") as file:
            while line := file.readline(MAX_RECORD + 1):
                yield offset, line
                offset += len(line)
    except FileNotFoundError:
        raise AuditError(f"there is no audit log {path}: give the path of one") from None
    except OSError as error:
        raise AuditError(f"cannot read {path}: {error.strerror}; give the path of an audit log") from error


def records(path: Path) -> Iterator[AuditRecord]:
    """All records that are sound by themselves, in the order of the file; `verify` tells whether that is the order."""
    for _, line in lines(path):
        if line.endswith(b"\n") and (record := parse(line[:-1])) is not None:
            yield record


def verify(path: Path, anchor: tuple[int, str] | None = None) -> Verdict:
    """Check the chain, the end against the head, and a record against an anchor kept elsewhere.

    Writers wait meanwhile. AuditError: there is neither a log nor a head, or a writer does not let go of it.
    """
    with _still(path):
        return _verify(path, anchor)


@contextlib.contextmanager
def _still(path: Path) -> Iterator[None]:
    """Keep writers out, so that log and head belong together."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        yield  # it is not there, or not to be read: what follows says so
        return
    try:
        lock.take(descriptor, path, shared=True)
        yield
    finally:
        os.close(descriptor)


def _verify(path: Path, anchor: tuple[int, str] | None) -> Verdict:
    verdict = Verdict(str(path))
    head = _head(path, verdict)
    if not path.exists() and head is None:
        raise AuditError(f"there is no audit log {path}: give the path of one")
    anchored = anchor is None or anchor == (0, FIRST_PREVIOUS)
    marks = {0: (0, FIRST_PREVIOUS)}
    for offset, line in lines(path) if path.exists() else ():
        record = parse(line[:-1]) if line.endswith(b"\n") else None
        fault = _fault(verdict, offset, line, record)
        if fault is not None:
            _tell(verdict, *fault, offset)
        if record is not None:
            verdict.records, verdict.hash = record.number, record.hash
            anchored = anchored or anchor == (record.number, record.hash)
            if head is not None and head.number <= record.number <= head.number + 1:
                marks[record.number] = (offset + len(line), record.hash)
        verdict.length = offset + len(line)
    if head is not None:
        _check_end(verdict, head, marks)
    if anchor is not None and not anchored:
        _tell(verdict, "anchor", f"no record {anchor[0]} with the hash {anchor[1][:16]}… of the anchor", verdict.length)
    return verdict


def _head(path: Path, verdict: Verdict) -> Head | None:
    try:
        head = heads.read(path)
    except AuditError as error:
        _tell(verdict, "head", str(error), 0)
        return None
    if head is None and path.exists():
        _tell(verdict, "head", f"{heads.path_of(path)} is missing: whether the end is missing too cannot be told", 0)
    return head


def _fault(verdict: Verdict, offset: int, line: bytes, record: AuditRecord | None) -> tuple[str, str] | None:
    wanted = verdict.records + 1
    if record is None:
        if not line.endswith(b"\n"):
            return "torn", f"{len(line)} bytes without an end follow record {verdict.records}"
        return "changed", f"the line at byte {offset} is not a record as it was written"
    if record.number == wanted and record.previous == verdict.hash:
        return None
    if record.number > wanted:
        return "removed", f"records {wanted} to {record.number - 1} are missing before record {record.number}"
    if record.number < wanted:
        return "inserted", f"record {record.number} stands where record {wanted} should"
    return "changed", f"record {record.number} does not follow from the one before it"


def _check_end(verdict: Verdict, head: Head, marks: dict[int, tuple[int, str]]) -> None:
    """The log ends in the head's record, or in the one it announced."""
    at_head = marks.get(head.number)
    if verdict.records == head.number and (verdict.length, verdict.hash) == (head.length, head.hash):
        return
    announced = head.next != "" and verdict.records == head.number + 1 and verdict.hash == head.next
    if announced and at_head == (head.length, head.hash):
        verdict.pending = True
    elif verdict.records < head.number or verdict.length < head.length:
        text = f"the log ends in record {verdict.records} ({verdict.length} bytes), its head names {head.number}"
        _tell(verdict, "truncated", f"{text} ({head.length} bytes)", verdict.length)
    elif not any(fault.kind == "torn" for fault in verdict.faults) or at_head != (head.length, head.hash):
        text = f"the log's record {verdict.records} is not the end that its head names ({head.anchor})"
        _tell(verdict, "end", text, verdict.length)


def _tell(verdict: Verdict, kind: str, text: str, offset: int) -> None:
    if len(verdict.faults) < MAX_FAULTS:
        verdict.faults.append(Fault(kind, verdict.records + 1, offset, text))
