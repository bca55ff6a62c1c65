"""One record of the audit log, and the bytes it is kept in.

A record is one line of JSON in one canonical form: keys in the order of the class, no spaces, UTF-8, `detail` with its
keys sorted. Its hash is SHA-256 over the hash of the record before and the line without `hash`; so each record vouches
for all before it (the hash chain of Haber and Stornetta, "How to time-stamp a digital document", 1991).
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final

FIRST_PREVIOUS: Final = "0" * 64
"""What the first record has for the hash of the one before."""
MAX_RECORD: Final = 1 << 16
"""Longest line, in bytes."""
LIMIT: Final = 1 << 63
"""Numbers and times are smaller, and not negative."""


class AuditError(ValueError):
    """The log cannot be read or written; the text names what is wrong and the remedy."""


@dataclass(frozen=True, slots=True)
class AuditRecord:
    """``time``: ns since 1970 UTC. ``who`` in the role ``role`` did ``action`` to ``subject``; ``detail``: JSON data.

    ``number`` counts from 1. ``previous`` and ``hash`` are 64 hex digits.
    """

    number: int
    time: int
    who: str
    role: str
    action: str
    subject: str
    detail: dict[str, Any]
    previous: str
    hash: str

    def line(self) -> bytes:
        """The record as its line, with the line feed."""
        return self._canonical(self.hash) + b"\n"

    def as_json(self) -> dict[str, Any]:
        """All fields by name."""
        return {name: getattr(self, name) for name in self.__slots__}

    def digest(self) -> str:
        """The hash that belongs to this content."""
        return hashlib.sha256(bytes.fromhex(self.previous) + self._canonical(None)).hexdigest()

    def _canonical(self, digest: str | None) -> bytes:
        row = self.as_json()
        del row["hash"]
        row["detail"] = _sorted(self.detail)
        if digest is not None:
            row["hash"] = digest
        return json.dumps(row, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def make(
    number: int, time: int, who: str, role: str, action: str, subject: str, detail: dict[str, Any], previous: str
) -> AuditRecord:
    """A record with its hash; AuditError when it has no canonical form or is too long."""
    for name, value in (("who", who), ("role", role), ("action", action), ("subject", subject)):
        if not isinstance(value, str):
            raise AuditError(f"{name}={value!r} is no text: give one")
        if not value.strip() and name in ("who", "action"):
            raise AuditError(f"{name}={value!r} names nobody and nothing: say who did what")
    if not isinstance(detail, dict):
        raise AuditError(f"detail={detail!r} is no object: give names with values")
    if not (0 <= time < LIMIT and number < LIMIT):
        raise AuditError(f"time={time}, number={number}: give numbers from 0 to 2^63; set the clock right")
    try:
        # Through JSON and back: what is kept is what a reader will see, whatever the caller does with its objects.
        kept = json.loads(json.dumps(detail, allow_nan=False))
        bare = AuditRecord(number, time, who, role, action, subject, kept, previous, "")
        record = AuditRecord(number, time, who, role, action, subject, kept, previous, bare.digest())
        size = len(record.line())
    except (TypeError, ValueError, RecursionError) as error:
        raise AuditError(
            f"{action} by {who!r} cannot be recorded: {error}; give plain JSON data and valid text"
        ) from None
    if size > MAX_RECORD:
        raise AuditError(f"{action} by {who!r} takes {size} bytes; a record has at most {MAX_RECORD}: shorten detail")
    return record


def parse(line: bytes) -> AuditRecord | None:
    """The record of a line without its line feed; None when it is not exactly what `AuditRecord.line` would write."""
    if len(line) >= MAX_RECORD:
        return None
    try:
        row = json.loads(line)
        record = AuditRecord(**row)
        same = record.line() == line + b"\n" and record.digest() == record.hash
    except (TypeError, ValueError, RecursionError, AttributeError):
        return None
    return record if same and _is_well_formed(record) else None


def _is_well_formed(record: AuditRecord) -> bool:
    """Whether each field is what `make` would have put there: who can write to the file can hash anything."""
    texts = (record.who, record.role, record.action, record.subject, record.previous, record.hash)
    numbers = (record.number, record.time)
    return (
        all(type(text) is str for text in texts)
        and all(type(number) is int and 0 <= number < LIMIT for number in numbers)
        and type(record.detail) is dict
    )


def _sorted(value: Any) -> Any:
    """The same data with the keys of all objects in order."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value
