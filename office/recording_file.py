"""A server's recording as it comes, put together from pieces (`protocols.management.Recording`)."""

import os
from pathlib import Path
from typing import Final

from office.stream_file import sync_folder
from protocols.errors import LengthError
from protocols.management import Recording

RECORDING: Final = "recording"
LIMIT: Final = 8 << 30
"""Bytes of a recording that are kept."""


class RecordingFile:
    """The file `recording` in a session's folder; open only while something is done with it."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / RECORDING
        self._written = False

    def write(self, piece: Recording) -> None:
        """Put a piece where it belongs. Raises LengthError for one beyond `LIMIT`, OSError."""
        if piece.offset + len(piece.body) > LIMIT:
            raise LengthError(f"a recording has at most {LIMIT} bytes", None, piece.offset)
        with self.path.open("r+b" if self.path.exists() else "wb") as file:
            file.seek(piece.offset)
            file.write(piece.body)
        self._written = True

    def sync(self) -> None:
        """See to it that the device has what was written so far; may be called in another thread. Raises OSError."""
        if not self._written:
            return
        self._written = False  # before: what is written from here on waits for the next time
        with self.path.open("rb") as file:
            os.fsync(file.fileno())
        sync_folder(self.path.parent)
