"""The knobs of a running or finished guest, from what the office's collector has kept of it.

The trading server sends its boot record in its greeting (`protocols.management.Hello`) at every connection, and again
when there is more to say, so that the last greeting of a run has all of it.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab.errors import LabError
from protocols.management import Exit, Hello
from protocols.management_files import LIVE_NAME, FileError, read


class NoRecordError(LabError):
    """A folder that holds no boot record."""


@dataclass(frozen=True, slots=True)
class BootRecord:
    """A guest's last greeting. `ended`: its exit status and reason; empty while it runs, or when it died."""

    host: str
    session: str
    boot: dict[str, Any]
    ended: str = ""

    @property
    def knobs(self) -> list[dict[str, Any]]:
        """Rows of name, layer, requested, effective, ok, reason."""
        return list(self.boot.get("knobs", []))

    @property
    def failed(self) -> list[dict[str, Any]]:
        """The rows that have not taken effect."""
        return [row for row in self.knobs if not row.get("ok")]


def find(folder: Path) -> BootRecord:
    """The boot record of the last guest of a run's folder. Raises NoRecordError, which says how to get one."""
    office = folder / "office" if (folder / "office").is_dir() else folder
    files = sorted(office.glob(f"*/{LIVE_NAME}"), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    for path in files:
        found = _last(path)
        if found is not None:
            return found
    remedy = "start one with `hftos run`, or name the folder of another with --run"
    raise NoRecordError(f"{folder} has no boot record of a guest; {remedy}")


def _last(path: Path) -> BootRecord | None:
    hello: Hello | None = None
    ended = ""
    try:
        for frame in read(path):
            match frame.message:
                case Hello():
                    hello = frame.message
                case Exit(status=status, body=body):
                    ended = f"exit status {status}: {body.decode('utf-8', 'replace')}"
        boot = json.loads(hello.body) if hello is not None else None
    except (FileError, OSError, ValueError) as error:
        raise NoRecordError(f"{path} cannot be read: {error}; name another run's folder with --run") from error
    if hello is None or not isinstance(boot, dict) or not boot:
        return None
    return BootRecord(hello.host, path.parent.name, boot, ended)
