"""One file of the management stream as it is written (`protocols.management_files`): every frame once, in order.

Opening a file that is there goes on where it ends: what a crash left of a last frame is cut off, and numbers, holes and
places are found again. A write that the file system refuses leaves the file as it was. A file that nobody writes to
`rests`: it keeps what it knows and gives its descriptor back until it is written or read again.
"""

import mmap
import os
import threading
import zlib
from array import array
from bisect import bisect_right
from enum import Enum
from pathlib import Path

from protocols.errors import ProtocolError
from protocols.management import CONTROL, FRAME
from protocols.management_files import MAGIC, FileError, Head, heads, reliable, written

STEP = 256
"""The place of every so many frames is remembered."""
STEP_BYTES = 64 << 10
"""And that of the first frame behind so many bytes."""
_BEHIND_HEAD = FRAME.size
"""A greeting is the same when only the head of its frame differs, which has the time."""
HOLES = 1_000
"""Holes that are kept; what is missing is counted in any case."""
_CLOSED = -1


class Taken(Enum):
    """What became of a frame."""

    NEW = "new"
    DUPLICATE = "there already"
    CONFLICT = "there already, and different"


class StreamFile:
    """`last`: the highest number, `count`: frames with a number, `missing` numbers below `last` and their first `holes`
    (first, last); `torn`: bytes cut off at the end; `synced`: the number up to which the device has it all; `users`:
    whoever uses it counts itself here.

    Raises FileError for a file that is something else, or damaged, OSError when it cannot be had.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.last = self.count = self.missing = self.torn = self.synced = self.users = 0
        self.holes: list[tuple[int, int]] = []
        self.check = 0
        self._greeting = b""
        self._numbers = array("Q")
        self._places = array("Q")
        self._found = (0, 0)
        self._mutex = threading.Lock()
        path.parent.mkdir(parents=True, exist_ok=True)
        self._fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            self._end = self._recover()
            os.ftruncate(self._fd, self._end)
            self.sync()
            sync_folder(path.parent)
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

    def sync(self, number: int | None = None) -> None:
        """See to it that the device has all up to a number (None: the last). May be called in another thread than the
        rest. Raises OSError."""
        reached = self.last if number is None else number
        with self._mutex:
            if self._fd == _CLOSED:
                return  # it rests, so the device has it
            descriptor = os.dup(self._fd)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        self.synced = max(self.synced, reached)

    def rest(self) -> bool:
        """Give the descriptor back, unless somebody uses the file or the device does not have all of it; whether it is
        back."""
        if self.users or self.synced < self.last:
            return False
        self._shut()
        return True

    def close(self) -> None:
        """Sync and close. Raises OSError."""
        try:
            self.sync()
        finally:
            self._shut()

    def content(self, number: int) -> bytes | None:
        """The frame with a number; None for one that is missing."""
        found = self._find(number)
        return None if found is None else os.pread(self._descriptor(), found[1] - found[0], found[0])

    def _known(self, number: int, data: bytes) -> Taken:
        """A number that is not above the last: whether this very frame is there."""
        found = self._find(number)
        if found is None or found[1] - found[0] != len(data):
            return Taken.CONFLICT
        there = os.pread(self._descriptor(), len(data), found[0])
        return Taken.DUPLICATE if there == data else Taken.CONFLICT

    def _find(self, number: int) -> tuple[int, int] | None:
        """Where the frame with a number starts and ends. Looks at heads only, from the next known place on; frames that
        come again do so in order, and each is found right behind the one before."""
        at = bisect_right(self._numbers, number) - 1
        if at < 0:
            return None
        before, behind = self._found
        place = behind if self._numbers[at] <= before < number else self._places[at]
        descriptor = self._descriptor()
        while place < self._end:
            length, stream, found, _ = FRAME.unpack(os.pread(descriptor, FRAME.size, place))
            end = place + FRAME.size + length
            if stream != CONTROL and found >= number:
                if found > number:
                    return None
                self._found = number, end
                return place, end
            place = end
        return None

    def _note(self, number: int, place: int) -> None:
        if number > self.last + 1:
            self.missing += number - self.last - 1
            if len(self.holes) < HOLES:
                self.holes.append((self.last + 1, number - 1))
        if self.count % STEP == 0 or place - self._places[-1] >= STEP_BYTES:
            self._numbers.append(number)
            self._places.append(place)
        self.last = number
        self.count += 1

    def _write(self, data: bytes) -> None:
        descriptor = self._descriptor()
        try:
            at = self._end
            while data:
                written = os.pwrite(descriptor, data, at)
                data, at = data[written:], at + written
        except OSError:
            os.ftruncate(descriptor, self._end)
            raise
        self._end = at

    def _descriptor(self) -> int:
        """The descriptor, opened again after a rest; raises FileError when somebody has changed the file."""
        if self._fd == _CLOSED:
            descriptor = os.open(self.path, os.O_RDWR | os.O_CLOEXEC)
            if (size := os.fstat(descriptor).st_size) != self._end:
                os.close(descriptor)
                raise FileError(f"{self.path} has {size} bytes and was left with {self._end}: start the office again")
            self._fd = descriptor
        return self._fd

    def _shut(self) -> None:
        with self._mutex:
            descriptor, self._fd = self._fd, _CLOSED
        if descriptor != _CLOSED:
            os.close(descriptor)

    def _recover(self) -> int:
        """Find out what is there; gives the end of the last whole frame."""
        size = os.fstat(self._fd).st_size
        if not size:
            os.pwrite(self._fd, MAGIC, 0)
            return len(MAGIC)
        with mmap.mmap(self._fd, 0, access=mmap.ACCESS_READ) as data:
            if not written(data) or (size < len(MAGIC) and MAGIC.startswith(data[:])):
                os.pwrite(self._fd, MAGIC, 0)
                self.torn = size
                return len(MAGIC)
            if data[: len(MAGIC)] != MAGIC:
                raise FileError(f"{self.path} is no file of the management stream: move it away")
            end = len(MAGIC)
            last: Head | None = None
            try:
                limit = reliable(data)
                for head in heads(data):
                    if head.end > limit:
                        break
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


def sync_folder(folder: Path) -> None:
    """A new file is there for good only when its folder is. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
