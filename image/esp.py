"""Files on an EFI system partition: of a disk or a disk image through mtools, or in the folder where it is mounted.

Paths are relative to the root of the partition, with `/`. FAT has no atomic replacement. Whoever changes something
writes it under a new name first: `write` returns when the content is on the disk and has been read back.
"""

import contextlib
import errno
import fcntl
import os
import stat
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Protocol

from image.buildroot import BuildRoot
from image.errors import CommandFailedError, ImageError
from image.flash import device, gpt
from image.flash.errors import TableError

NAME = "hftos.toml.cred"
LAST_GOOD = "hftos.last-good.toml.cred"
"""Credentials (systemd-stub(7)): the configuration, and the valid one before it."""
CREDENTIALS = ".extra/credentials"
"""Where the stub puts them in the initramfs when they lie beside the unified kernel image, in `NAME.efi.extra.d`."""
GLOBAL_CREDENTIALS = ".extra/global_credentials"
"""The same for those of the folder `loader/credentials`."""
CONFIGURATION = f"{CREDENTIALS}/{NAME}"

KIND = "c12a7328-f81f-11d2-ba4b-00a0c93ec93b"
"""The partition's type (UEFI specification 2.10, table 5.7)."""
_FLUSH_BUFFERS = 0x1261  # BLKFLSBUF: what is read afterwards comes from the medium
_BOOT_SECTOR = 512


class EspError(ImageError):
    """There is no EFI system partition, it is in use, or it does not take or keep what is written."""


class Esp(Protocol):
    """The files of one partition. Everything raises EspError."""

    label: str

    def files(self) -> list[str]:
        """Every file there is."""

    def read(self, path: str) -> bytes:
        """Content of a file."""

    def write(self, path: str, data: bytes) -> None:
        """Write a file, and the folders above it, through to the disk; then compare."""

    def rename(self, old: str, new: str) -> None:
        """Give a file another name, which nothing may have."""

    def remove(self, path: str) -> None:
        """Remove a file."""


class FatEsp:
    """A FAT file system in a file or block device, from a byte offset on. mtools of the build root do the work."""

    def __init__(self, root: BuildRoot, path: Path, offset: int) -> None:
        self.label = str(path)
        self._root = root
        self._path = path
        self._target = ("-i", f"/mnt/disk@@{offset}")

    def files(self) -> list[str]:
        """See `Esp`."""
        listed = self._run(["mdir", *self._target, "-/", "-a", "-b", "::"]).splitlines()
        return [line.removeprefix("::/") for line in listed if line.startswith("::/") and not line.endswith("/")]

    def read(self, path: str) -> bytes:
        """See `Esp`."""
        with tempfile.TemporaryDirectory() as scratch:
            self._run(["mcopy", *self._target, f"::/{path}", "/mnt/work/file"], Path(scratch))
            return (Path(scratch) / "file").read_bytes()

    def write(self, path: str, data: bytes) -> None:
        """See `Esp`."""
        check_unused(self._path)
        for folder in self._missing(path):
            self._run(["mmd", *self._target, f"::/{folder}"])
        with tempfile.TemporaryDirectory() as scratch:
            (Path(scratch) / "file").write_bytes(data)
            self._run(["mcopy", *self._target, "-o", "/mnt/work/file", f"::/{path}"], Path(scratch))
        self._flush()
        if self.read(path) != data:
            raise EspError(f"{self.label}: what was read back from {path} is not what was written: replace the disk")

    def rename(self, old: str, new: str) -> None:
        """See `Esp`."""
        check_unused(self._path)
        self._run(["mren", *self._target, f"::/{old}", f"::/{new}"])
        self._flush()

    def remove(self, path: str) -> None:
        """See `Esp`."""
        check_unused(self._path)
        self._run(["mdel", *self._target, f"::/{path}"])
        self._flush()

    def _missing(self, path: str) -> list[str]:
        """The folders above a path that are not there, from the top."""
        parts = path.split("/")
        above = ["/".join(parts[:depth]) for depth in range(1, len(parts))]
        listed = self._run(["mdir", *self._target, "-/", "-a", "-b", "::"]).splitlines()
        there = {line.removeprefix("::/").rstrip("/").lower() for line in listed}
        return [folder for folder in above if not any(f"{one}/".startswith(f"{folder.lower()}/") for one in there)]

    def _run(self, command: Sequence[str], work: Path | None = None) -> str:
        binds = {"disk": self._path} | ({"work": work} if work is not None else {})
        # A change has the date of the change, unlike what a build puts there.
        environment = {"SOURCE_DATE_EPOCH": str(int(time.time())), "MTOOLS_SKIP_CHECK": "1"}
        try:
            return self._root.run(command, binds=binds, environment=environment)
        except CommandFailedError as error:
            raise EspError(f"{self.label}: {error}") from error

    def _flush(self) -> None:
        with self._path.open("rb") as stream:
            os.fsync(stream.fileno())
            os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            if stat.S_ISBLK(os.fstat(stream.fileno()).st_mode):
                with contextlib.suppress(PermissionError):  # a member of the group disk may write, but not do this
                    fcntl.ioctl(stream.fileno(), _FLUSH_BUFFERS)


class FolderEsp:
    """A folder: where the partition is mounted, or one that stands for it."""

    def __init__(self, folder: Path, parts: Sequence[str] = ("",)) -> None:
        """`parts`: the files, and the folders with all in them, that `files` knows of; by default all there is."""
        self.label = str(folder)
        self._folder = folder
        self._parts = parts

    def files(self) -> list[str]:
        """See `Esp`."""
        found = [part for part in self._parts if (self._folder / part).is_file()]
        for part in self._parts:
            for above, _, names in os.walk(self._folder / part):
                found += [(Path(above) / name).relative_to(self._folder).as_posix() for name in names]
        return sorted(found)

    def read(self, path: str) -> bytes:
        """See `Esp`."""
        try:
            return (self._folder / path).read_bytes()
        except OSError as error:
            raise self._failed(path, error) from error

    def write(self, path: str, data: bytes) -> None:
        """See `Esp`."""
        target = self._folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with target.open("wb") as stream:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
                os.posix_fadvise(stream.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            self._flush(target.parent)
        except OSError as error:
            raise self._failed(path, error) from error
        if self.read(path) != data:
            raise EspError(f"{self.label}: what was read back from {path} is not what was written: replace the disk")

    def rename(self, old: str, new: str) -> None:
        """See `Esp`."""
        try:
            (self._folder / old).rename(self._folder / new)
            self._flush((self._folder / new).parent)
        except OSError as error:
            raise self._failed(old, error) from error

    def remove(self, path: str) -> None:
        """See `Esp`."""
        try:
            (self._folder / path).unlink()
            self._flush((self._folder / path).parent)
        except OSError as error:
            raise self._failed(path, error) from error

    def _failed(self, path: str, error: OSError) -> EspError:
        return EspError(f"{self._folder / path}: {error.strerror or error}")

    def _flush(self, folder: Path) -> None:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def offset_in(path: Path) -> int:
    """Where the partition begins in a disk, a disk image, or a partition of its own (0). Raises EspError."""
    with path.open("rb") as stream:

        def read_at(at: int, size: int) -> bytes:
            stream.seek(at)
            return stream.read(size)

        try:
            partitions = gpt.glance(read_at)
        except TableError as error:
            if _is_fat(read_at(0, _BOOT_SECTOR)):
                return 0
            raise EspError(f"{path} has no partition table and no FAT file system: {error}; flash it again") from error
    found = [part.at for part in partitions if str(part.kind) == KIND]
    if not found:
        raise EspError(f"{path}: none of its {len(partitions)} partitions is an EFI system partition: flash it again")
    return found[0]


@contextlib.contextmanager
def alone(path: Path) -> Iterator[None]:
    """Keeps a disk for this process: until the end nobody mounts it or a part of it. Files and folders are let be.

    The kernel grants the exclusive open of a whole disk (open(2), O_EXCL) while nothing of it is mounted, swapped to or
    held, in whatever namespace, and mounts nothing of it meanwhile. An open of its partition would do so for that one
    only. Opens that are not exclusive, as those of mtools, go on. Raises EspError for a disk that is in use.
    """
    if not _is_disk(path):
        yield
        return
    check_unused(path)  # it knows who has the disk, the kernel says only that somebody does
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_EXCL | os.O_CLOEXEC)
    except OSError as error:
        if error.errno == errno.EBUSY:
            text = f"{path} is in use by something that is not seen from here, such as a container: end that"
            raise EspError(f"{text}; nothing was changed") from error
        raise EspError(f"{path} cannot be written to ({error.strerror or error}); nothing was changed") from error
    try:
        yield
    finally:
        os.close(descriptor)


def check_unused(path: Path) -> None:
    """Raises EspError for a disk that is mounted, swapped to or open: two writers would destroy the file system."""
    found = device.inspect(str(path))
    users = found.users
    places = (*users.system, *users.mounted)
    if places:
        raise EspError(f"{path} is mounted at {', '.join(places)}: unmount it, or give the folder of its ESP instead")
    if users.swaps:
        raise EspError(f"{path} is swapped to ({', '.join(users.swaps)}): end that with swapoff")
    if users.holders or users.writers:
        used = ", ".join((*users.holders, *users.writers))
        raise EspError(f"{path} is in use by {used}: end that, or give that device instead")
    if found.kind == "partition":
        raise EspError(f"{path} is a partition: give the whole disk, {found.whole}")
    if found.read_only or not os.access(path, os.W_OK):
        raise EspError(f"{path} cannot be written to: make it writable, or run as root")


def _is_disk(path: Path) -> bool:
    try:
        return stat.S_ISBLK(path.stat().st_mode)
    except OSError:
        return False  # whoever opens it next says why


def _is_fat(sector: bytes) -> bool:
    """By the end and by the names that mkfs.fat writes (the FAT specification: BS_FilSysType)."""
    named = sector[54:57] == b"FAT" or sector[82:87] == b"FAT32"
    return named and sector[510:512] == b"\x55\xaa"
