"""The exchange's own record of order entry, one JSON object a line, for order-by-order reconciliation."""

from __future__ import annotations

import fcntl
import json
import time
from pathlib import Path
from types import TracebackType
from typing import IO, Self


class OrderLog:
    """Appends ``{"t": ns since 1970, "login": …, "dir": "in"|"out", "hex": …}``; "in" comes from the client.

    Every line is in the file before the call returns. Without a path nothing is kept. BlockingIOError: another exchange
    writes this file, and so the others of its folder; nothing is changed then.
    """

    def __init__(self, path: Path | None) -> None:
        self._file: IO[str] | None = None
        if path is None:
            return
        # Emptied only once it is ours. Line buffering: a killed exchange leaves complete lines.
        file = path.open("a", buffering=1)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            file.truncate(0)
        except OSError:
            file.close()
            raise
        self._file = file

    def record(self, user: str, inbound: bool, data: bytes) -> None:
        """Write one message."""
        if self._file is None:
            return
        line = {"t": time.time_ns(), "login": user, "dir": "in" if inbound else "out", "hex": data.hex()}
        self._file.write(json.dumps(line, separators=(",", ":")) + "\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
