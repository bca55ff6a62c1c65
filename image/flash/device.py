"""A device that was named as the target, and everything about it that decides whether it may be erased."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from image.flash import blocks, contents, identity, users
from image.flash.blocks import Block
from image.flash.contents import Part
from image.flash.host import Host
from image.flash.identity import Identity
from image.flash.users import Users

FILE = "file"
# Devices that are whole disks, by the kernel's name. What is not here is not written to: arrays and mapped devices
# (whose members are), memory, floppies, optical and network disks, an eMMC's boot areas.
KINDS = (
    ("NVMe disk", re.compile(r"nvme\d+n\d+")),
    ("SCSI, SATA or USB disk", re.compile(r"sd[a-z]+")),
    ("virtio disk", re.compile(r"vd[a-z]+")),
    ("Xen disk", re.compile(r"xvd[a-z]+")),
    ("eMMC or SD card", re.compile(r"mmcblk\d+")),
    ("loop device", re.compile(r"loop\d+")),
)
_OTHER = (
    (stat.S_ISDIR, "directory"),
    (stat.S_ISCHR, "character device"),
    (stat.S_ISFIFO, "pipe"),
    (stat.S_ISSOCK, "socket"),
)


@dataclass(frozen=True, slots=True)
class Device:
    """What was found at the path `typed`, which leads to `path`.

    `kind` is one of `KINDS`, `FILE`, or what it is instead of a disk: "missing", "directory", "partition", "unknown", …
    `number` is that of a device, or device and inode of a file; `sequence` grows with each disk or medium that takes a
    name; `whole` is the disk a partition is of; `files` has the numbers of the files that a loop device shows, itself
    or through others; `unreadable` says why nothing can be read.
    """

    typed: str
    path: Path
    kind: str
    name: str = ""
    number: str = ""
    sequence: str = ""
    bytes: int = 0
    sector: int = 512
    read_only: bool = False
    writable: bool = False
    whole: str = ""
    files: tuple[str, ...] = ()
    unreadable: str = ""
    identity: Identity = field(default_factory=Identity)
    parts: tuple[Part, ...] = ()
    users: Users = field(default_factory=Users)

    @property
    def usable(self) -> bool:
        """Whether it is of a kind that is written to at all."""
        return self.kind == FILE or any(self.kind == kind for kind, _ in KINDS)

    @property
    def confirmation(self) -> str:
        """What is to be typed: its serial number; name and size for one that has none."""
        return self.identity.serial or f"{self.name}-{self.bytes}"

    @property
    def label(self) -> str:
        """The path with the model, for messages."""
        return f"{self.path} ({self.identity.model})" if self.identity.model else str(self.path)

    def as_dict(self) -> dict[str, Any]:
        """JSON types."""
        return asdict(self) | {"path": str(self.path), "confirmation": self.confirmation}


def inspect(typed: str, host: Host | None = None) -> Device:
    """All that can be found out about a path without writing to it. Links are followed."""
    host = host or Host()
    path = Path(typed)
    if not typed:
        return Device(typed, path, "missing")
    try:
        path = path.resolve()
        status = path.stat()
    except (OSError, ValueError, RuntimeError):  # also a loop of links, or a name that can be none
        return Device(typed, path, "missing")
    for is_it, kind in _OTHER:
        if is_it(status.st_mode):
            return Device(typed, path, kind, path.name)
    if stat.S_ISREG(status.st_mode):
        return _file(typed, path, status, host)
    number = blocks.number_of(status.st_rdev)
    block = blocks.find(host, number)
    if block is None:
        return Device(typed, path, "missing", path.name, number)
    return _block(typed, path, block, host)


def file_number(status: os.stat_result) -> str:
    """`Device.number` of a regular file."""
    return f"{blocks.number_of(status.st_dev)}/{status.st_ino}"


def _file(typed: str, path: Path, status: os.stat_result, host: Host) -> Device:
    parts, unreadable = _parts(path, status.st_size)
    return Device(
        typed,
        path,
        FILE,
        name=path.name,
        number=file_number(status),
        bytes=status.st_size,
        read_only=bool(os.statvfs(path).f_flag & os.ST_RDONLY),
        writable=os.access(path, os.R_OK | os.W_OK),
        parts=parts,
        unreadable=unreadable,
        users=users.of_file(host, status),
    )


def _block(typed: str, path: Path, block: Block, host: Host) -> Device:
    if block.is_partition:
        return Device(typed, path, "partition", block.name, block.number, whole=f"/dev/{block.disk().name}")
    kind = next((kind for kind, name in KINDS if name.fullmatch(block.name)), "")
    if not kind:
        return Device(typed, path, "unknown", block.name, block.number, bytes=block.bytes)
    parts, unreadable = _parts(path, block.bytes)
    return Device(
        typed,
        path,
        kind,
        name=block.name,
        number=block.number,
        sequence=block.attribute("diskseq"),
        bytes=block.bytes,
        sector=int(block.attribute("queue/logical_block_size") or 512),
        read_only=block.attribute("ro") == "1",
        writable=os.access(path, os.R_OK | os.W_OK),
        files=tuple(sorted(_files(block, host))),
        identity=identity.identify(host, block),
        parts=parts,
        unreadable=unreadable,
        users=users.of_disk(host, block),
    )


def _files(block: Block, host: Host) -> Iterator[str]:
    for under in blocks.foundations(host, block).values():
        file = blocks.backing_file(under)
        if file is not None:
            yield file_number(file)


def _parts(path: Path, size: int) -> tuple[tuple[Part, ...], str]:
    """What is on it, or why it cannot be read."""
    try:
        return (contents.describe(path, size) if size else ()), ""
    except OSError as error:
        return (), error.strerror or str(error)
