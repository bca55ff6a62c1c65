"""What is on a disk, in words, so that a person recognises it before it is gone.

Signatures of file systems are libblkid's business: `blkid` of util-linux, which every distribution has.
"""

import shutil
import struct
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

from image.flash import gpt, units
from image.flash.errors import TableError

_PATIENCE = 20.0  # seconds; a disk that takes longer to read a few blocks is broken
_HELD = {  # `blkid -p` names a USAGE for what is no file system
    "raid": "part of an array or a pool",
    "crypto": "encrypted",
}
_MBR_ENTRY = struct.Struct("<B3xB3xII")
_KINDS = {
    UUID("c12a7328-f81f-11d2-ba4b-00a0c93ec93b"): "EFI system partition",
    UUID("0fc63daf-8483-4772-8e79-3d69d8477de4"): "Linux data",
    UUID("4f68bce3-e8cd-4db1-96e7-fbcaf984b709"): "Linux root",
    UUID("933ac7e1-2eb4-4f13-b844-0e14e2aef915"): "Linux home",
    UUID("0657fd6d-a4ab-43c4-84e5-0933c84b4f4f"): "Linux swap",
    UUID("e6d6d379-f507-44c2-a23c-238f2a3df928"): "LVM",
    UUID("a19d880f-05fc-4d3b-a006-743f0f84911e"): "RAID",
    UUID("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7"): "Windows data",
    UUID("21686148-6449-6e6f-744e-656564454649"): "BIOS boot",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A region of the disk and what is in it."""

    name: str
    bytes: int
    what: str

    def __str__(self) -> str:
        return f"{self.name}: {units.size(self.bytes)}, {self.what}"


def describe(path: Path, size: int) -> tuple[Part, ...]:
    """The partitions, or what fills the whole disk; empty when nothing is known of it.

    Raises OSError for a disk that cannot be read.
    """
    with path.open("rb", buffering=0) as disk:

        def read_at(at: int, count: int) -> bytes:
            disk.seek(at)
            return disk.read(count) or b""

        try:
            parts = gpt.glance(read_at)
        except TableError:
            parts = ()
        mbr = read_at(0, gpt.BLOCK)
    if parts:
        return tuple(Part(_title(part), part.bytes, _partition(path, part)) for part in parts)
    if found := tuple(_mbr_partitions(path, mbr)):
        return found
    what = _probe(path, 0, size)
    return (Part("whole disk", size, what),) if what else ()


def _title(part: gpt.Partition) -> str:
    return f"partition {units.printable(part.name)}".rstrip()


def _partition(path: Path, part: gpt.Partition) -> str:
    kind = _KINDS.get(part.kind, f"type {part.kind}")
    found = _probe(path, part.at, part.bytes)
    return f"{kind}, {found}" if found else kind


def _mbr_partitions(path: Path, mbr: bytes) -> Iterator[Part]:
    """The four primary entries of a master boot record; none when it is a file system's boot sector."""
    if len(mbr) < gpt.BLOCK or mbr[510:] != b"\x55\xaa":
        return
    entries = [_MBR_ENTRY.unpack_from(mbr, 446 + 16 * index) for index in range(4)]
    if any(status not in (0, 0x80) for status, *_ in entries):
        return
    for index, (_status, kind, first, count) in enumerate(entries):
        if kind and count:
            found = _probe(path, first * gpt.BLOCK, count * gpt.BLOCK)
            yield Part(f"partition {index + 1}", count * gpt.BLOCK, found or f"type 0x{kind:02x}")


def _probe(path: Path, at: int, size: int) -> str:
    """What libblkid finds there: `ext4 "trading-data"`; empty for nothing, or without blkid."""
    program = shutil.which("blkid", path="/usr/sbin:/sbin:/usr/bin:/bin")
    if program is None:
        return ""
    command = [program, "-p", "-o", "export", "-O", str(at), "-S", str(size), str(path)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    except subprocess.TimeoutExpired:
        return ""
    found = dict(line.split("=", 1) for line in done.stdout.splitlines() if "=" in line)
    label = f'"{found["LABEL"]}"' if found.get("LABEL") else ""
    words = [found.get("TYPE", ""), label, _HELD.get(found.get("USAGE", ""), "")]
    return units.printable(" ".join(word for word in words if word))
