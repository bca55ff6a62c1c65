"""Loads an audit log, if it is as it was written.

The store is another place than the log's own, so the last record it has is an anchor: a log that was made anew together
with its head, with right hashes, is refused too (`store.audit.verify`). A log is called by the hash of its first
record; one that was made anew from there on is another log, and refused where the store knows one of the same path.
"""

import json
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

from store import rows
from store.audit import AuditError, AuditRecord
from store.audit import head as heads
from store.audit.verify import records, verify
from store.client import Store
from store.errors import StoreError
from store.inserter import Inserted
from store.schema import DATABASE
from store.tables import AUDIT

BATCH: Final = 1 << 14
_SAME: Final = ("number", "who", "role", "action", "subject", "previous", "hash")
"""Columns that are a record's fields as they are."""


class LoadedLog(NamedTuple):
    """What a load did: the log, called by the hash of its first record ("" when it has none), its records, the rows."""

    log: str
    records: int
    inserted: Inserted


def looks_like_log(path: Path) -> bool:
    """Whether a path names an audit log: it has a head, or begins as JSON does. Raises OSError."""
    if heads.path_of(path).is_file():
        return True
    with path.open("rb") as file:
        return file.read(1) == b"{"


def load(store: Store, path: Path, *, new_log: bool = False) -> LoadedLog:
    """Load a log. StoreError: it cannot be read, or names the first thing that is wrong with it; then no row is added.

    `new_log`: it may be another one than the store has of this path.

    Every record's key is looked up, not only those after the last: a load that was broken off between two months may
    have left earlier ones out.
    """
    try:
        first = next(records(path), None) if path.exists() else None
        log = "" if first is None else first.hash
        anchor = _anchor(store, log)
        verdict = verify(path, anchor)
        if not verdict.ok:
            fault = verdict.faults[0]
            raise StoreError(
                f"{path} is not as it was written, nothing of it was loaded: {fault.kind} at byte {fault.offset}: "
                f"{fault.text}; see `hftos audit verify --log {path}`"
            )
        if anchor is None and not new_log:
            _refuse_another(store, path, log)
        found = islice(records(path), verdict.records)
        new = known = 0
        while batch := list(islice(found, BATCH)):
            done = store.insert(AUDIT.name, rows.from_rows(AUDIT, log, [_row(record, path) for record in batch]))
            new, known = new + done.new, known + done.known
    except AuditError as error:
        raise StoreError(str(error)) from error
    return LoadedLog(log, verdict.records, Inserted(new, known))


def _anchor(store: Store, log: str) -> tuple[int, str] | None:
    """Number and hash of the last record that the store has of a log."""
    sql = f"SELECT number, hash FROM {DATABASE}.{AUDIT.name} WHERE log = {{log:String}} ORDER BY number DESC LIMIT 1"
    there = store.rows(sql, {"log": log})
    return (int(there[0][0]), str(there[0][1])) if there else None


def _refuse_another(store: Store, path: Path, log: str) -> None:
    """StoreError when the store has a log of this path, and it is not this one."""
    of_path = f"FROM {DATABASE}.{AUDIT.name} WHERE path = {{path:String}}"
    sql = f"SELECT log, max(number) {of_path} GROUP BY log ORDER BY max(t)"
    there = store.rows(sql, {"path": str(path.resolve())})
    if not there:
        return
    known, number = there[-1]
    begins = f"begins with the hash {log[:16]}…" if log else "has no record"
    raise StoreError(
        f"{path} is another log than the store has of this path, nothing of it was loaded: it {begins}, the store's "
        f"with {known[:16]}… and has {number} records. Whoever began a new log there says so with --new-log; if nobody "
        "did, it was made anew"
    )


def _row(record: AuditRecord, path: Path) -> dict[str, Any]:
    row = {name: getattr(record, name) for name in _SAME} | {"path": str(path.resolve())}
    return row | {"t": record.time, "detail": json.dumps(record.detail, ensure_ascii=False, separators=(",", ":"))}
