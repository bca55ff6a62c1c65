"""The append-only journal: numbered records with checksums, a reader, and a torn tail that is found and cut off.

File: the 8 bytes `HFTOSJ03`, `u64` identity (random, never 0), `u32` CRC-32 of it, then records `u32 payload length,
u64 number, u64 time ns, u8 kind, u32 CRC-32 of the payload, u32 CRC-32 of all that comes before it in the record,
payload` (big-endian). Numbers count from 1, no holes.

A crash can leave the last record incomplete, and nothing else. Because the head has a checksum of its own, its length
can be believed: a record that reaches beyond the end of the file is torn, and a damaged head is damage, not an end.
"""

import os
import struct
import zlib
from array import array
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

MAGIC = b"HFTOSJ03"
IDENTITY = struct.Struct(">QI")
START = len(MAGIC) + IDENTITY.size
"""Offset of the first record."""
HEAD = struct.Struct(">IQQBI")
CHECK = struct.Struct(">I")
OVERHEAD = HEAD.size + CHECK.size
MAX_PAYLOAD = 1 << 20
PLACE_STEP = 256
"""A writer remembers where every so many records begin."""


class JournalError(Exception):
    """The journal is damaged before its end, or is no journal; the text names file, offset and number."""


class DamagedTailError(JournalError):
    """The journal is damaged at `offset`, not by a write that stopped halfway, and nothing intact comes after it."""

    def __init__(self, text: str, offset: int) -> None:
        super().__init__(text)
        self.offset = offset


class Entry(NamedTuple):
    """One record: number from 1, time in ns, kind (`hftapp.records`), payload, and the file offset after it."""

    number: int
    time: int
    kind: int
    payload: bytes
    end: int


def read(path: str | Path, *, start: int = START) -> Iterator[Entry]:
    """Records from file offset `start`; ends at the end of file or at a torn tail.

    Raises JournalError for another kind of file and for damage that has an intact record after it, DamagedTailError for
    damage that has none.
    """
    path = Path(path)
    with path.open("rb") as file:
        if file.read(len(MAGIC)) != MAGIC:
            raise JournalError(f"{path} is no journal: it does not start with {MAGIC.decode()}")
        size = file.seek(0, os.SEEK_END)
        file.seek(start)
        offset = start
        expected = 0
        while size - offset >= OVERHEAD:
            head = file.read(OVERHEAD)
            found = _head(head)
            if found is None or (expected and found.number != expected):
                raise _damage(path, offset, expected)
            end = offset + OVERHEAD + found.length
            if end > size:
                return
            payload = file.read(found.length)
            if zlib.crc32(payload) != found.crc:
                if end == size:
                    return
                raise _damage(path, offset, found.number)
            yield Entry(found.number, found.time, found.kind, payload, end)
            offset, expected = end, found.number + 1


class _Head(NamedTuple):
    length: int
    number: int
    time: int
    kind: int
    crc: int


def _head(data: bytes) -> _Head | None:
    """The fields of a record's head, None when its checksum is wrong."""
    if zlib.crc32(data[: HEAD.size]) != CHECK.unpack_from(data, HEAD.size)[0]:
        return None
    return _Head(*HEAD.unpack_from(data))


def _damage(path: Path, offset: int, number: int) -> JournalError:
    """The error for a damaged record: is there an intact one after it?"""
    text = f"{path}: record {number or '(unknown)'} at offset {offset} is damaged"
    later = _intact_after(path.read_bytes()[offset + 1 :], number)
    if later:
        return JournalError(f"{text}, and record {later} after it is intact: move the file away or restore it")
    return DamagedTailError(f"{text}, and nothing after it is intact", offset)


def _intact_after(data: bytes, number: int) -> int:
    """Number of the first intact record anywhere in `data` that is later than `number`; 0 when there is none."""
    at = -1
    # Only where the high half of a record's number is, four zero bytes, can there be a record worth a checksum.
    while (at := data.find(b"\0\0\0\0", at + 1)) >= 0:
        start = at - 4
        if start < 0 or start + OVERHEAD > len(data):
            continue
        found = _head(data[start : start + OVERHEAD])
        if found is None or found.number <= number:
            continue
        payload = data[start + OVERHEAD : start + OVERHEAD + found.length]
        if len(payload) == found.length and zlib.crc32(payload) == found.crc:
            return found.number
    return 0


class Journal:
    """Writer. Opening an existing journal cuts off a torn last record and goes on counting.

    `identity` stays with the file; one whose head is damaged, and every new file, gets another.

    Damage at the end that no torn write explains is kept: the whole file moves to the name `set_aside`, and the intact
    records are written anew. Raises JournalError for damage with intact records after it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.count = 0
        self.torn_bytes = 0
        self._places = array("Q")
        self.set_aside: Path | None = None
        size = self.path.stat().st_size if self.path.exists() else 0
        start = self._beginning()
        if not MAGIC.startswith(start[: len(MAGIC)]):
            raise JournalError(f"{self.path} is no journal: it does not start with {MAGIC.decode()}")
        self._end = self._last_end() if size >= START else START
        if self.set_aside is None:
            self.torn_bytes = max(0, size - self._end)
        self._fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self.identity = _identity(start)
        if not self.identity:
            self.renew()
        self._cut()

    def place_before(self, number: int) -> int:
        """An offset to `read` from: that of record `number`, or of one a little before it."""
        at = (number - 1) // PLACE_STEP
        return self._places[at] if 0 <= at < len(self._places) else START

    def _note(self, number: int, offset: int) -> None:
        if number % PLACE_STEP == 1:
            self._places.append(offset)

    def renew(self) -> None:
        """Take a new identity: this file and a copy of it made under the old one have different histories."""
        self.identity = int.from_bytes(os.urandom(8), "big") or 1
        number = self.identity.to_bytes(8, "big")
        with self.path.open("r+b") as file:
            file.write(MAGIC + IDENTITY.pack(self.identity, zlib.crc32(number)))

    def _beginning(self) -> bytes:
        """The head of the file as it is; empty where there is none."""
        try:
            with self.path.open("rb") as file:
                return file.read(START)
        except FileNotFoundError:
            return b""

    def _last_end(self) -> int:
        """Find the end of the last intact record; damage after it is set aside."""
        end = START
        try:
            for entry in read(self.path):
                self._note(entry.number, end)
                self.count, end = entry.number, entry.end
        except DamagedTailError as error:
            self.set_aside = _free_name(self.path)
            self.path.rename(self.set_aside)
            self.path.write_bytes(self.set_aside.read_bytes()[: error.offset])
        return end

    def _cut(self) -> None:
        os.ftruncate(self._fd, self._end)
        os.lseek(self._fd, self._end, os.SEEK_SET)

    def append(self, records: Iterable[tuple[int, int, bytes]]) -> int:
        """Write `(kind, time, payload)` records in one go; returns the number of the last one.

        All of them or none: raises OSError when the file system refuses, ValueError for a payload over 1 MiB.
        """
        parts = []
        count = self.count
        at = self._end
        places = []
        for kind, time, payload in records:
            if len(payload) > MAX_PAYLOAD:
                raise ValueError(f"journal record of {len(payload)} bytes; the limit is {MAX_PAYLOAD}")
            count += 1
            head = HEAD.pack(len(payload), count, time, kind, zlib.crc32(payload))
            parts.append(head + CHECK.pack(zlib.crc32(head)) + payload)
            places.append((count, at))
            at += len(parts[-1])
        data = b"".join(parts)
        end = self._end + len(data)
        try:
            while data:
                data = data[os.write(self._fd, data) :]
        except OSError:
            self._cut()  # or what comes next would stand behind half a record
            raise
        self.count, self._end = count, end
        for number, place in places:
            self._note(number, place)
        return count

    def close(self) -> None:
        """Flush to the device and close; raises OSError when the device refuses."""
        try:
            os.fsync(self._fd)
        finally:
            os.close(self._fd)


def _identity(start: bytes) -> int:
    """The identity in the head of a file; 0 where it is incomplete or damaged."""
    if len(start) < START:
        return 0
    identity, check = IDENTITY.unpack_from(start, len(MAGIC))
    return int(identity) if zlib.crc32(start[len(MAGIC) : len(MAGIC) + 8]) == check else 0


def _free_name(path: Path) -> Path:
    """`path` with the suffix `.damaged-N`, N the first number that is not taken."""
    number = 1
    while (name := path.with_name(f"{path.name}.damaged-{number}")).exists():
        number += 1
    return name
