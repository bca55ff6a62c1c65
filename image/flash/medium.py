"""The target, opened for nobody else: reads and writes that reach the medium and not the kernel's cache.

Block devices are opened with O_DIRECT and O_EXCL (open(2)): the kernel refuses while any part of the disk is mounted,
swapped to or held, in whatever namespace, and lets nobody mount it meanwhile. A file is locked, and dropped from the
cache before it is read.
"""

import contextlib
import errno
import fcntl
import mmap
import os
import struct
from collections.abc import Iterator
from pathlib import Path

from image.flash.blocks import number_of
from image.flash.device import FILE, Device
from image.flash.errors import TargetChangedError
from image.flash.layout import CHUNK

BLKRRPART, BLKZEROOUT = 0x125F, 0x127F  # linux/fs.h


class Medium:
    """An open target of `size` bytes."""

    def __init__(self, descriptor: int, size: int, device: bool) -> None:
        self.size = size
        self._descriptor = descriptor
        self._device = device
        self._buffer = mmap.mmap(-1, CHUNK)  # direct transfers need whole pages

    def write(self, at: int, content: bytes) -> None:
        """Write all of it, at most `CHUNK` bytes. Raises OSError."""
        self._buffer[: len(content)] = content
        done = 0
        while done < len(content):
            with memoryview(self._buffer) as view, view[done : len(content)] as rest:
                done += os.pwritev(self._descriptor, [rest], at + done)

    def zero(self, at: int, length: int) -> None:
        """Write zeros, by the disk's own command if it has one. Raises OSError."""
        if self._device:
            fcntl.ioctl(self._descriptor, BLKZEROOUT, struct.pack("QQ", at, length))
            return
        for start in range(at, at + length, CHUNK):
            self.write(start, bytes(min(CHUNK, at + length - start)))

    def sync(self) -> None:
        """Wait until all is on the medium, the disk's own cache included. Raises OSError."""
        os.fsync(self._descriptor)
        if not self._device:
            os.posix_fadvise(self._descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def read(self, at: int, length: int) -> bytes:
        """At most `CHUNK` bytes, as the medium has them; shorter at its end. Raises OSError."""
        done = 0
        while done < length:
            with memoryview(self._buffer) as view, view[done:length] as rest:
                count = os.preadv(self._descriptor, [rest], at + done)
            if not count:
                break
            done += count
        return self._buffer[:done]

    def announce(self) -> bool:
        """Let the kernel read the new partition table; False when it does not."""
        if not self._device:
            return True
        try:
            fcntl.ioctl(self._descriptor, BLKRRPART)
        except OSError as error:
            return error.errno == errno.EINVAL  # a device that is never divided, as most loop devices
        return True

    def close(self) -> None:
        """Give the target back."""
        self._buffer.close()
        os.close(self._descriptor)


@contextlib.contextmanager
def opened(device: Device) -> Iterator[Medium]:
    """The device that was inspected, for this process alone.

    Raises TargetChangedError when something else is there now, or somebody has it. Nothing has been written then.
    """
    is_file = device.kind == FILE
    flags = os.O_RDWR | os.O_CLOEXEC | (0 if is_file else os.O_EXCL | os.O_DIRECT)
    try:
        descriptor = os.open(device.path, flags)
    except OSError as error:
        why = f"{device.label} cannot be opened alone ({error.strerror})"
        raise TargetChangedError(f"{why}; somebody uses it, or it was removed: nothing was written") from error
    with contextlib.ExitStack() as stack:
        stack.callback(os.close, descriptor)
        _check_same(device, descriptor)
        if is_file:
            _lock(device.path, descriptor)
        stack.pop_all()
    medium = Medium(descriptor, device.bytes, not is_file)
    try:
        yield medium
    finally:
        medium.close()


def _check_same(device: Device, descriptor: int) -> None:
    status = os.fstat(descriptor)
    file = f"{number_of(status.st_dev)}/{status.st_ino}"
    number = file if device.kind == FILE else number_of(status.st_rdev)
    size = os.lseek(descriptor, 0, os.SEEK_END)
    if (number, size) != (device.number, device.bytes):
        raise TargetChangedError(
            f"{device.path} is now {number} with {size} bytes, and was {device.number} with {device.bytes}: "
            "nothing was written; look again what it is"
        )


def _lock(path: Path, descriptor: int) -> None:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise TargetChangedError(f"{path} is locked by another program: nothing was written; end it first") from error
