"""The head of an audit log: how far the log goes, kept beside it, so that a missing end is noticed.

It changes in three steps around each record: the coming record is announced (`next`), the record is written, the head
moves on. So the log's last record is always the head's or the one announced; a record more or less is a change.
"""

from __future__ import annotations

import errno
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path

from store.audit.record import FIRST_PREVIOUS, AuditError


@dataclass(frozen=True, slots=True)
class Head:
    """``number``, ``hash`` of the last record, ``length`` of the log in bytes; ``next``: hash of the announced one."""

    number: int = 0
    length: int = 0
    hash: str = FIRST_PREVIOUS
    next: str = ""

    @property
    def anchor(self) -> str:
        """`NUMBER:HASH`, to be kept elsewhere: on paper, in another system."""
        return f"{self.number}:{self.hash}"


def path_of(log: Path) -> Path:
    """Where the head of a log is."""
    return log.with_name(log.name + ".head")


def read(log: Path) -> Head | None:
    """The head of a log, None when there is none; AuditError when it is damaged."""
    path = path_of(log)
    try:
        row = json.loads(path.read_bytes())
        head = Head(**row)
        types = [type(value) for value in asdict(head).values()]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise AuditError(f"cannot read {path}: {error.strerror}") from error
    except (TypeError, ValueError, RecursionError) as error:
        raise AuditError(f"{path} is no head of an audit log ({error}): it was changed; keep both files") from error
    if types != [int, int, str, str]:
        raise AuditError(f"{path} is no head of an audit log: it was changed; keep both files as evidence")
    return head


def write(log: Path, head: Head) -> None:
    """Replace the head; it is on disk when this returns. Raises OSError."""
    path = path_of(log)
    new = path.with_name(path.name + ".new")
    descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        line = (json.dumps(asdict(head), separators=(",", ":")) + "\n").encode()
        if os.write(descriptor, line) != len(line):
            # A disk that fills up takes a part; half a head would never be read again.
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(new))
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
    new.replace(path)
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
