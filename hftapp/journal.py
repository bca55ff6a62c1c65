"""The append-only journal: numbered records with a checksum, a reader, and a torn tail that is found and cut off.

File: the 8 bytes `HFTOSJ01`, then records `u32 payload length, u32 CRC-32, u64 number, u64 time ns, u8 kind, payload`
(big-endian). The CRC covers everything after itself. Numbers count from 1 without holes.
"""

import os
import struct
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

MAGIC = b"HFTOSJ01"
HEAD = struct.Struct(">II")
BODY = struct.Struct(">QQB")
OVERHEAD = HEAD.size + BODY.size
MAX_PAYLOAD = 1 << 20


class JournalError(Exception):
    """The journal is damaged before its end, or is no journal; the text names file, offset and number."""


class Entry(NamedTuple):
    """One record: number from 1, time in ns, kind (`hftapp.records`), payload, and the file offset after it."""

    number: int
    time: int
    kind: int
    payload: bytes
    end: int


def read(path: str | Path, *, start: int = len(MAGIC)) -> Iterator[Entry]:
    """Records from file offset `start`; ends at the end of file or at a torn tail.

    Raises JournalError for another kind of file and for damage that has intact bytes after it.
    """
    with Path(path).open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise JournalError(f"{path} is no journal: it does not start with {MAGIC.decode()}")
        size = file.seek(0, os.SEEK_END)
        file.seek(start)
        offset = start
        expected = 0
        while True:
            head = file.read(HEAD.size)
            if len(head) < HEAD.size:
                return
            length, crc = HEAD.unpack(head)
            end = offset + OVERHEAD + length
            if end > size:
                return
            body = file.read(BODY.size + length)
            number, time, kind = BODY.unpack_from(body)
            if zlib.crc32(body) != crc or (expected and number != expected):
                if end == size:
                    return
                raise JournalError(f"{path}: record {expected or number} at offset {offset} is damaged")
            yield Entry(number, time, kind, body[BODY.size :], end)
            offset, expected = end, number + 1


class Journal:
    """Writer. Opening an existing journal cuts off a torn tail and goes on counting."""

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.count = 0
        self.torn_bytes = 0
        end = len(MAGIC)
        size = self.path.stat().st_size if self.path.exists() else 0
        if size >= len(MAGIC):
            for entry in read(self.path):
                self.count, end = entry.number, entry.end
            self.torn_bytes = size - end
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        if size < len(MAGIC):
            os.ftruncate(self._fd, 0)
            os.write(self._fd, MAGIC)
        os.ftruncate(self._fd, end)
        os.lseek(self._fd, end, os.SEEK_SET)

    def append(self, records: Iterable[tuple[int, int, bytes]]) -> int:
        """Write `(kind, time, payload)` records in one go; returns the number of the last one.

        Raises OSError when the file system refuses, ValueError for a payload over 1 MiB.
        """
        parts = []
        for kind, time, payload in records:
            if len(payload) > MAX_PAYLOAD:
                raise ValueError(f"journal record of {len(payload)} bytes; the limit is {MAX_PAYLOAD}")
            self.count += 1
            body = BODY.pack(self.count, time, kind) + payload
            parts.append(HEAD.pack(len(payload), zlib.crc32(body)) + body)
        data = b"".join(parts)
        while data:
            data = data[os.write(self._fd, data) :]
        return self.count

    def close(self) -> None:
        """Flush to the device and close."""
        os.fsync(self._fd)
        os.close(self._fd)
