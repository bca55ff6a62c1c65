"""The GUID partition table: reading it, and moving its second copy to the end of a disk of another size.

UEFI specification 2.10, chapter 5: the protective MBR in block 0 (§5.2.3), the header in block 1 and again in the last
block (§5.3.2), the array of entries behind the first header and before the second (§5.3.3).
"""

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID

from image.flash.errors import TableError

BLOCK = 512
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
_ENTRY = struct.Struct("<16s16sQQQ72s")
_SIGNATURE = b"EFI PART"
_CRC_AT = 16
_MOST_ENTRIES = 1024
_PROTECTIVE, _MBR_FIRST, _MBR_END = 0xEE, 446, b"\x55\xaa"
_MOST_MBR_BLOCKS = 0xFFFFFFFF

ReadAt = Callable[[int, int], bytes]
"""Offset and size in bytes to content; shorter at the end of the disk."""


class _Fields(NamedTuple):
    """The header's fields in their order (§5.3.2, table 5-5)."""

    signature: bytes
    revision: int
    size: int
    crc: int
    reserved: int
    own: int
    other: int
    first_usable: int
    last_usable: int
    disk: bytes
    entries_at: int
    entry_count: int
    entry_size: int
    entries_crc: int


@dataclass(frozen=True, slots=True)
class Partition:
    """One entry; `first` and `last` are blocks, both of the partition."""

    kind: UUID
    unique: UUID
    first: int
    last: int
    name: str

    @property
    def at(self) -> int:
        """Where it begins, in bytes."""
        return self.first * BLOCK

    @property
    def bytes(self) -> int:
        """How long it is."""
        return (self.last - self.first + 1) * BLOCK


@dataclass(frozen=True, slots=True)
class Table:
    """A valid table: the blocks at both ends as they are on the disk, and what they say."""

    mbr: bytes
    header: bytes
    entries: bytes
    blocks: int
    first_usable: int
    partitions: tuple[Partition, ...]

    @property
    def head_bytes(self) -> int:
        """Length of the first copy with the protective MBR."""
        return 2 * BLOCK + len(self.entries)

    @property
    def tail_bytes(self) -> int:
        """Length of the second copy."""
        return BLOCK + len(self.entries)

    def head(self, blocks: int) -> bytes:
        """MBR, header and entries for a disk of this many blocks. Raises TableError when a partition is beyond it."""
        self._check_room(blocks)
        return self._mbr(blocks) + self._header(blocks, first=True) + self.entries

    def tail(self, blocks: int) -> bytes:
        """Entries and header for the end of a disk of this many blocks. Raises as `head` does."""
        self._check_room(blocks)
        return self.entries + self._header(blocks, first=False)

    def _check_room(self, blocks: int) -> None:
        needed = max((part.last for part in self.partitions), default=self.first_usable) + 1
        if blocks < needed + self.tail_bytes // BLOCK:
            raise TableError(f"{blocks} blocks are too few: the partitions and the second table need more")

    def _mbr(self, blocks: int) -> bytes:
        """With the length of the protective partition, at most what 32 bits can say (§5.2.3)."""
        size = struct.pack("<I", min(blocks - 1, _MOST_MBR_BLOCKS))
        return self.mbr[: _MBR_FIRST + 12] + size + self.mbr[_MBR_FIRST + 16 :]

    def _header(self, blocks: int, first: bool) -> bytes:
        last, array = blocks - 1, len(self.entries) // BLOCK
        fields = _fields(self.header)._replace(
            crc=0,
            own=1 if first else last,
            other=last if first else 1,
            last_usable=last - array - 1,
            entries_at=2 if first else last - array,
        )
        header = bytearray(_HEADER.pack(*fields) + self.header[_HEADER.size :])
        struct.pack_into("<I", header, _CRC_AT, zlib.crc32(header[: fields.size]))
        return bytes(header)


def read(read_at: ReadAt, size: int) -> Table:
    """The table at the start of a disk of `size` bytes; both copies must be whole and agree. Raises TableError."""
    blocks = size // BLOCK
    mbr = read_at(0, BLOCK)
    if len(mbr) < BLOCK or mbr[510:] != _MBR_END or mbr[_MBR_FIRST + 4] != _PROTECTIVE:
        raise TableError("block 0 is no protective MBR")
    header, entries = _copy(read_at, 1, 2)
    fields = _fields(header)
    table = Table(mbr, header, entries, blocks, fields.first_usable, _partitions(entries, fields))
    if fields.first_usable * BLOCK < table.head_bytes:
        raise TableError(f"block {fields.first_usable} cannot be the first usable one: entries are in it")
    if fields.other != blocks - 1:
        raise TableError(f"the first header says that the disk ends with block {fields.other}, but it has {blocks}")
    second, second_entries = _copy(read_at, blocks - 1, blocks - 1 - len(entries) // BLOCK)
    if second_entries != entries or second != table._header(blocks, first=False):
        raise TableError("the two copies of the table do not agree")
    return table


def glance(read_at: ReadAt) -> tuple[Partition, ...]:
    """The partitions that the first copy lists, whatever the second one is. Raises TableError."""
    header, entries = _copy(read_at, 1, 2)
    return _partitions(entries, _fields(header))


def _fields(header: bytes) -> _Fields:
    return _Fields(*_HEADER.unpack_from(header))


def _copy(read_at: ReadAt, here: int, array: int) -> tuple[bytes, bytes]:
    """Header and entries of one copy, their checksums verified (§5.3.2)."""
    header = read_at(here * BLOCK, BLOCK)
    if len(header) < BLOCK or not header.startswith(_SIGNATURE):
        raise TableError(f"block {here} is no header of a GUID partition table")
    fields = _fields(header)
    if not _HEADER.size <= fields.size <= BLOCK:
        raise TableError(f"the header in block {here} is {fields.size} bytes long: must be {_HEADER.size} to {BLOCK}")
    if zlib.crc32(header[:_CRC_AT] + bytes(4) + header[_CRC_AT + 4 : fields.size]) != fields.crc:
        raise TableError(f"the checksum of the header in block {here} is wrong")
    if (fields.own, fields.entries_at) != (here, array):
        places = f"it is in block {fields.own}, its entries in block {fields.entries_at}"
        raise TableError(f"the header in block {here} says {places}")
    if fields.entry_size != _ENTRY.size or not 0 < fields.entry_count <= _MOST_ENTRIES:
        raise TableError(
            f"the header in block {here} has {fields.entry_count} entries of {fields.entry_size} bytes: "
            f"must be 1 to {_MOST_ENTRIES} of {_ENTRY.size}"
        )
    used = fields.entry_count * fields.entry_size
    length = -(-used // BLOCK) * BLOCK
    entries = read_at(array * BLOCK, length)
    if len(entries) < length or zlib.crc32(entries[:used]) != fields.entries_crc:
        raise TableError(f"the checksum of the entries in block {array} is wrong")
    return header, entries


def _partitions(entries: bytes, fields: _Fields) -> tuple[Partition, ...]:
    """The entries in use. Raises TableError for one outside the usable blocks."""
    found = []
    for index in range(fields.entry_count):
        kind, unique, first, last, _attributes, name = _ENTRY.unpack_from(entries, index * _ENTRY.size)
        if not any(kind):
            continue
        if not fields.first_usable <= first <= last <= fields.last_usable:
            raise TableError(f"partition {index + 1} from block {first} to {last} is outside the usable blocks")
        text = name.decode("utf-16-le", "replace").partition("\0")[0]
        found.append(Partition(UUID(bytes_le=kind), UUID(bytes_le=unique), first, last, text))
    return tuple(found)
