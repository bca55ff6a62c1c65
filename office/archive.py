"""What the office keeps of a management stream, without I/O: lines in, records to store out.

The stream is one JSON object a line (at most `LINE_LIMIT` bytes). Journal records are numbered from 1 without holes;
a server that reconnects sends its journal again from the start, so a number seen before is a duplicate if its
content is the same and a conflict if not. A stream may be cut anywhere; hostile bytes are counted, never raised.
"""

import json
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

LINE_LIMIT = 4 << 20
RECORDING_LIMIT = 1 << 30
"""Bytes of a recording that are kept."""

Record = dict[str, Any]
"""A decoded line: `kind` says what it is."""


class Place(Enum):
    """Where a record is stored."""

    JOURNAL = "journal"
    TELEMETRY = "telemetry"
    RECORDING = "recording"


class LineSplitter:
    """Cuts one connection's bytes into lines; a line over the limit is skipped to its end and counted."""

    def __init__(self, limit: int = LINE_LIMIT) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._skipping = False
        self.oversized = 0

    def feed(self, data: bytes) -> list[bytes]:
        """Take the next bytes; give the lines they complete, without their newlines."""
        *lines, rest = (bytes(self._buffer) + data).split(b"\n")
        self._buffer = bytearray(rest)
        if lines and self._skipping:
            del lines[0]
            self._skipping = False
        kept = [line for line in lines if len(line) <= self._limit]
        self.oversized += len(lines) - len(kept)
        if self._skipping or len(self._buffer) > self._limit:
            self.oversized += not self._skipping
            self._skipping = True
            self._buffer.clear()
        return kept


@dataclass
class Archive:
    """The state of the office's copy: the latest of every kind, the journal's numbers, what was wrong."""

    latest: dict[str, Record] = field(default_factory=dict)
    books: dict[str, Record] = field(default_factory=dict)
    journal: dict[int, tuple[str, str]] = field(default_factory=dict)
    duplicates: int = 0
    conflicts: list[int] = field(default_factory=list)
    malformed: int = 0
    records: int = 0

    def take(self, line: bytes) -> tuple[Place, Record] | None:
        """Take one line; give the record and where to store it, or None: nothing new, or malformed (counted)."""
        record = _decoded(line)
        if record is None:
            self.malformed += 1
            return None
        self.records += 1
        kind = record["kind"]
        if kind == "journal":
            return self._journal(record)
        if kind == "recording":
            return self._recording(record)
        self.latest[kind] = record
        if kind == "book" and isinstance(record.get("symbol"), str):
            self.books[record["symbol"]] = record
        return Place.TELEMETRY, record

    def holes(self) -> list[tuple[int, int]]:
        """Ranges (first, last) of journal numbers that are missing below the highest one seen."""
        found: list[tuple[int, int]] = []
        expected = 1
        for number in sorted(self.journal):
            if number > expected:
                found.append((expected, number - 1))
            expected = number + 1
        return found

    def summary(self) -> Record:
        """The state in figures, as JSON types."""
        return {
            "records": self.records,
            "malformed": self.malformed,
            "journal": {
                "count": len(self.journal),
                "last": max(self.journal, default=0),
                "holes": [list(hole) for hole in self.holes()],
                "duplicates": self.duplicates,
                "conflicts": self.conflicts,
            },
            "books": len(self.books),
        }

    def _recording(self, record: Record) -> tuple[Place, Record] | None:
        """A piece of a server's recording: `offset` in bytes and `data` in base64."""
        offset, data = record.get("offset"), record.get("data")
        if not isinstance(offset, int) or not 0 <= offset <= RECORDING_LIMIT or not isinstance(data, str):
            self.malformed += 1
            return None
        return Place.RECORDING, record

    def _journal(self, record: Record) -> tuple[Place, Record] | None:
        number, direction, content = record.get("n"), record.get("dir"), record.get("hex")
        if not isinstance(number, int) or number < 1 or direction not in ("in", "out") or not isinstance(content, str):
            self.malformed += 1
            return None
        known = self.journal.get(number)
        if known is None:
            self.journal[number] = (direction, content)
            return Place.JOURNAL, record
        if known == (direction, content):
            self.duplicates += 1
        else:
            self.conflicts.append(number)
        return None


def _decoded(line: bytes) -> Record | None:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        return None
    return record if isinstance(record, dict) and isinstance(record.get("kind"), str) else None
