"""Writes and reads cpio archives in the `newc` format, the one the kernel unpacks.

The format is in the kernel's documentation, "initramfs buffer format". The same entries give the same bytes everywhere:
owners and times are zero, inode numbers count up, names are sorted with every folder before what it holds.
"""

import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from rootfs.errors import RootfsError

MAGIC = b"070701"
TRAILER = "TRAILER!!!"
HEADER_SIZE = 110
_FIELDS = 13
# The kernel looks for the next archive at a multiple of four; a sector keeps hex dumps readable.
_ARCHIVE_ALIGNMENT = 512


@dataclass(frozen=True, slots=True)
class Entry:
    """One file, folder, symbolic link or device node.

    `path` is relative and without `./`; `mode` holds type and permissions; `data` is a file's content or a link's
    target; `device` is (major, minor) of a node.
    """

    path: str
    mode: int
    data: bytes = b""
    device: tuple[int, int] = (0, 0)

    def __post_init__(self) -> None:
        parts = self.path.split("/")
        if not all(parts) or "." in parts or ".." in parts or "\0" in self.path or self.path == TRAILER:
            raise RootfsError(f"path {self.path!r} must be relative, without empty, '.' or '..' parts")


def file(path: str, data: bytes, mode: int = 0o644) -> Entry:
    """A regular file."""
    return Entry(path, stat.S_IFREG | mode, data)


def folder(path: str, mode: int = 0o755) -> Entry:
    """An empty folder."""
    return Entry(path, stat.S_IFDIR | mode)


def link(path: str, target: str) -> Entry:
    """A symbolic link."""
    return Entry(path, stat.S_IFLNK | 0o777, target.encode())


def node(path: str, major: int, minor: int, mode: int = 0o600) -> Entry:
    """A character device."""
    return Entry(path, stat.S_IFCHR | mode, device=(major, minor))


def write(entries: Iterable[Entry]) -> bytes:
    """The archive of `entries` and of the folders above them. Raises RootfsError for two entries of one path."""
    complete: dict[str, Entry] = {}
    for entry in entries:
        if entry.path in complete:
            raise RootfsError(f"two entries for {entry.path}")
        complete[entry.path] = entry
    for path in list(complete):
        parts = path.split("/")
        for depth in range(1, len(parts)):
            parent = "/".join(parts[:depth])
            above = complete.setdefault(parent, folder(parent))
            if not stat.S_ISDIR(above.mode):
                raise RootfsError(f"{path} lies below {parent}, which is no folder")
    records = [
        _record(i, complete[path]) for i, path in enumerate(sorted(complete, key=lambda p: p.split("/")), start=1)
    ]
    archive = b"".join([*records, _record(0, None)])
    return archive + bytes(-len(archive) % _ARCHIVE_ALIGNMENT)


def appended(base: bytes, entries: Iterable[Entry]) -> bytes:
    """An initramfs, compressed or not, with an archive of `entries` behind it: what has a name in both is the latter's.

    The kernel looks for a further archive at the next multiple of four.
    """
    return base + bytes(-len(base) % 4) + write(entries)


def _record(inode: int, entry: Entry | None) -> bytes:
    path = (entry.path if entry else TRAILER).encode() + b"\0"
    data = entry.data if entry else b""
    mode, device = (entry.mode, entry.device) if entry else (0, (0, 0))
    links = 2 if stat.S_ISDIR(mode) else 1
    numbers = (inode, mode, 0, 0, links, 0, len(data), 0, 0, *device, len(path), 0)
    header = MAGIC + b"".join(b"%08X" % number for number in numbers)
    head = header + path
    return head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)


def read(archive: bytes) -> Iterator[Entry]:
    """The entries of one or more concatenated archives, in order. Raises RootfsError for what is not `newc`."""
    at = 0
    while at < len(archive):
        if archive[at : at + 1] == b"\0":
            at += 1
            continue
        entry, at = _parse(archive, at)
        if entry is not None:
            yield entry


def _parse(archive: bytes, at: int) -> tuple[Entry | None, int]:
    header = archive[at : at + HEADER_SIZE]
    if header[:6] != MAGIC or len(header) < HEADER_SIZE:
        raise RootfsError(f"no newc header at offset {at}: {header[:6]!r}")
    try:
        numbers = [int(header[6 + 8 * i : 14 + 8 * i], 16) for i in range(_FIELDS)]
    except ValueError as error:
        raise RootfsError(f"newc header at offset {at}: {error}") from error
    mode, size, name_size = numbers[1], numbers[6], numbers[11]
    data_at = at + HEADER_SIZE + name_size
    data_at += -(data_at - at) % 4
    end = data_at + size
    if name_size == 0 or end > len(archive):
        raise RootfsError(f"the entry at offset {at} is truncated: it needs {end} bytes, there are {len(archive)}")
    path = archive[at + HEADER_SIZE : at + HEADER_SIZE + name_size - 1].decode("utf-8", "surrogateescape")
    if path in (TRAILER, "."):  # other programs' archives also name the folder that all is in
        return None, end + -(end - at) % 4
    entry = Entry(path.removeprefix("./"), mode, archive[data_at:end], (numbers[9], numbers[10]))
    return entry, end + -(end - at) % 4
