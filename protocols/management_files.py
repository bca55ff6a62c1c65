"""Files of the management stream, as the office keeps them: `MAGIC`, then frames exactly as they came.

There is one file of each stream: `live.bin` of a server's run, `journal.bin` of a journal. Numbers only grow, each is
there once, and those of a journal have no holes. Greetings (`Hello`) stand between them, in the stream `CONTROL`, each
in front of the first frame that came after it; they have no number.

A crash can leave the last frame incomplete, and a loss of power zeros behind the frames (the file's size was on the
device, its last blocks were not): readers end there, writers cut it off.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from protocols.errors import LengthError, ProtocolError, RangeError
from protocols.management import FRAME, FRAME_LIMIT, JOURNAL, Frame, decode

MAGIC: Final = b"HFTOSM01"
LIVE_NAME: Final = "live.bin"
JOURNAL_NAME: Final = "journal.bin"
FILES: Final = (JOURNAL_NAME, LIVE_NAME)


BLOCK: Final = 4096
"""Bytes that a file system writes at a time: after a loss of power a block may be zeros that never reached the
device."""
_CHUNK: Final = 64 << 10


class FileError(Exception):
    """A file is none of the management stream, or damaged; the text names file and offset."""


class Head(NamedTuple):
    """A frame in a file: where it starts, where it ends, stream, number, time in ns UTC. Its message starts at
    `start + FRAME.size`."""

    start: int
    end: int
    stream: int
    number: int
    time: int


def heads(data: bytes | memoryview | mmap.mmap, start: int = len(MAGIC)) -> Iterator[Head]:
    """The frames in a file's content from an offset on, without their messages; ends at a frame that is not whole, and
    at zeros with nothing behind them.

    Raises a ProtocolError for bytes that start no frame.
    """
    size = len(data)
    while size - start >= FRAME.size:
        length, stream, number, time = FRAME.unpack_from(data, start)
        if not length and written(data) <= start:
            return
        if length > FRAME_LIMIT or not length:
            raise LengthError("no frame of the management stream starts so", start, length)
        if stream > JOURNAL:
            raise RangeError("no frame of the management stream starts so", start, stream)
        end = start + FRAME.size + length
        if end > size:
            return
        yield Head(start, end, stream, number, time)
        start = end


def written(data: bytes | memoryview | mmap.mmap) -> int:
    """Where the zeros at the end of a file's content begin; its size when there are none."""
    end = len(data)
    while end:
        start = max(0, end - _CHUNK)
        found = len(bytes(data[start:end]).rstrip(b"\0"))
        if found:
            return start + found
        end = start
    return 0


def reliable(data: bytes | memoryview | mmap.mmap) -> int:
    """The end of what can be believed: all of a file's content; behind a loss of power, nothing from the first block on
    that is zeros to the end. A frame that reaches into it has lost its end, though its length says nothing of that.

    Raises a ProtocolError for bytes that start no frame, where there is such a block.
    """
    zeros = -(-written(data) // BLOCK) * BLOCK
    if zeros >= len(data):
        return len(data)
    end = max((head.end for head in heads(data)), default=len(MAGIC))
    return len(data) if end == len(data) else zeros


def read(path: str | Path, *, start: int = len(MAGIC)) -> Iterator[Frame]:
    """The frames of a file from an offset on, decoded; ends at a frame that is not whole (a crash, or still written).

    Raises FileError for another kind of file and at damage, OSError when it cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        beginning = file.read(len(MAGIC))
        if len(beginning) < len(MAGIC) and MAGIC.startswith(beginning):
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if not written(data):
                return
            if beginning != MAGIC:
                raise FileError(f"{path} is no file of the management stream: it does not start with {MAGIC.decode()}")
            try:
                limit = reliable(data)
                for head in heads(data, start):
                    if head.end > limit:
                        return
                    message = decode(data[head.start + FRAME.size : head.end])
                    yield Frame(head.stream, head.number, head.time, message)
            except ProtocolError as error:
                raise FileError(f"{path}: damaged: {error}") from error
