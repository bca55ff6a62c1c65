"""Numbered records of one size, in a temporary file; only the newest ones stay in memory."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import IO

IN_MEMORY = 4096
"""Records in memory, by default."""


class RecordSpool:
    """An append-only list of records of ``size`` bytes, counted from 0, each of which can be overwritten.

    The file is an unlinked one in ``folder`` (None: the system's), made when the first records leave memory, where
    ``in_memory`` of them have room.
    """

    def __init__(self, size: int, folder: str | Path | None = None, in_memory: int = IN_MEMORY) -> None:
        self.count = 0
        self._in_memory = in_memory
        self._size = size
        self._folder = folder
        self._first = 0
        self._newest = bytearray()
        self._file: IO[bytes] | None = None

    def append(self, record: bytes) -> int:
        """Add a record; returns its number."""
        assert len(record) == self._size, f"{len(record)} bytes are no record of {self._size}"
        if self.count - self._first == self._in_memory:
            self._spill()
        self._newest += record
        self.count += 1
        return self.count - 1

    def read(self, number: int) -> bytes:
        """One record; IndexError when there is none of that number."""
        self._check(number)
        if number >= self._first:
            at = (number - self._first) * self._size
            return bytes(self._newest[at : at + self._size])
        assert self._file is not None, "what is not in memory is in the file"
        return os.pread(self._file.fileno(), self._size, number * self._size)

    def overwrite(self, number: int, record: bytes) -> None:
        """Put another record in the place of one; IndexError when there is none of that number."""
        self._check(number)
        if number >= self._first:
            at = (number - self._first) * self._size
            self._newest[at : at + self._size] = record
        else:
            assert self._file is not None, "what is not in memory is in the file"
            os.pwrite(self._file.fileno(), record, number * self._size)

    def close(self) -> None:
        """Let go of the file; its records are lost."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __del__(self) -> None:
        self.close()

    def _check(self, number: int) -> None:
        if not 0 <= number < self.count:
            raise IndexError(f"record {number} of {self.count}")

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0, dir=self._folder)  # noqa: SIM115 - closed by `close`
        written = 0
        while written < len(self._newest):
            written += os.pwrite(self._file.fileno(), self._newest[written:], self._first * self._size + written)
        self._newest.clear()
        self._first = self.count
