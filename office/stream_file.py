"""One file of the management stream as it is written (`protocols.management_files`): every frame once, in order.

Opening a file that is there goes on where it ends: what a crash left of a last frame is cut off, and numbers, holes and
places are found again. A write that the file system refuses leaves the file as it was.
"""

import mmap
import os
import zlib
from array import array
from bisect import bisect_right
from enum import Enum
from pathlib import Path

from protocols.errors import ProtocolError
from protocols.management import CONTROL, FRAME
from protocols.management_files import MAGIC, FileError, Head, heads

STEP = 256
"""The place of every so many frames is remembered."""
_BEHIND_HEAD = FRAME.size
"""A greeting is the same when only the head of its frame differs, which has the time."""
HOLES = 1_000
"""Holes that are kept; what is missing is counted in any case."""


class Taken(Enum):
    """What became of a frame."""

    NEW = "new"
    DUPLICATE = "there already"
    CONFLICT = "there already, and different"


class StreamFile:
    """`last`: the highest number, `count`: frames with a number, `missing` numbers below `last` and their first `holes`
    (first, last); `torn`: bytes cut off at the end; `synced`: the number up to which the device has it all.

    Raises FileError for a file that is something else, or damaged, OSError when it cannot be had.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last = self.count = self.missing = self.torn = self.synced = 0
        self.holes: list[tuple[int, int]] = []
        self.check = 0
        self._greeting = b""
        self._numbers = array("Q")
        self._places = array("Q")
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._end = self._recover()
            os.ftruncate(self._fd, self._end)
            self.sync()
            _sync_folder(path.parent)
        except BaseException:
            os.close(self._fd)
            raise

    def take(self, stream: int, number: int, data: bytes) -> Taken:
        """Write a frame unless it is there. Raises OSError, and then it is not there."""
        if stream == CONTROL:
            if data[_BEHIND_HEAD:] == self._greeting:
                return Taken.DUPLICATE
            self._write(data)
            self._greeting = data[_BEHIND_HEAD:]
            return Taken.NEW
        if number <= self.last:
            return self._known(number, data)
        place = self._end
        self._write(data)
        self._note(number, place)
        self.check = zlib.crc32(data)
        return Taken.NEW

    def sync(self) -> None:
        """See to it that the device has it all; may be called in another thread. Raises OSError."""
        reached = self.last
        os.fsync(self._fd)
        self.synced = max(self.synced, reached)

    def close(self) -> None:
        """Sync and close. Raises OSError."""
        try:
            self.sync()
        finally:
            os.close(self._fd)

    def content(self, number: int) -> bytes | None:
        """The frame with a number; None for one that is missing."""
        at = bisect_right(self._numbers, number) - 1
        if at < 0:
            return None
        start = self._places[at]
        end = self._places[at + 1] if at + 1 < len(self._places) else self._end
        data = os.pread(self._fd, end - start, start)
        for head in heads(data, 0):
            if head.stream != CONTROL and head.number == number:
                return data[head.start : head.end]
        return None

    def _known(self, number: int, data: bytes) -> Taken:
        """A number that is not above the last: whether this very frame is there."""
        found = self.content(number)
        return Taken.DUPLICATE if found == data else Taken.CONFLICT

    def _note(self, number: int, place: int) -> None:
        if number > self.last + 1:
            self.missing += number - self.last - 1
            if len(self.holes) < HOLES:
                self.holes.append((self.last + 1, number - 1))
        if self.count % STEP == 0:
            self._numbers.append(number)
            self._places.append(place)
        self.last = number
        self.count += 1

    def _write(self, data: bytes) -> None:
        try:
            at = self._end
            while data:
                written = os.pwrite(self._fd, data, at)
                data, at = data[written:], at + written
        except OSError:
            os.ftruncate(self._fd, self._end)
            raise
        self._end = at

    def _recover(self) -> int:
        """Find out what is there; gives the end of the last whole frame."""
        size = os.fstat(self._fd).st_size
        beginning = os.pread(self._fd, len(MAGIC), 0)
        if not MAGIC.startswith(beginning):
            raise FileError(f"{self.path} is no file of the management stream: move it away")
        if size < len(MAGIC):
            os.pwrite(self._fd, MAGIC, 0)
            return len(MAGIC)
        end = len(MAGIC)
        with mmap.mmap(self._fd, 0, access=mmap.ACCESS_READ) as data:
            last: Head | None = None
            try:
                for head in heads(data):
                    end = head.end
                    if head.stream == CONTROL:
                        self._greeting = data[head.start + _BEHIND_HEAD : head.end]
                    elif head.number <= self.last:
                        raise FileError(f"{self.path}: number {head.number} after {self.last} at {head.start}")
                    else:
                        self._note(head.number, head.start)
                        last = head
            except ProtocolError as error:
                raise FileError(f"{self.path} is damaged: {error}: move it away") from error
            self.check = zlib.crc32(data[last.start : last.end]) if last else 0
        self.torn = size - end
        return end


def _sync_folder(folder: Path) -> None:
    """A new file is there for good only when its folder is."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
