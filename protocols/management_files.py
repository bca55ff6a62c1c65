"""Files of the management stream, as the office keeps them: `MAGIC`, then frames exactly as they came.

There is one file of each stream: `live.bin` of a server's run, `journal.bin` of a journal. Numbers only grow, each is
there once, and those of a journal have no holes. Greetings (`Hello`) stand between them, in the stream `CONTROL`, each
in front of the first frame that came after it; they have no number.

A crash can leave the last frame incomplete, and nothing else: readers end there, writers cut it off.
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
    """The frames in a file's content from an offset on, without their messages; ends at a frame that is not whole.

    Raises a ProtocolError for bytes that start no frame.
    """
    size = len(data)
    while size - start >= FRAME.size:
        length, stream, number, time = FRAME.unpack_from(data, start)
        if length > FRAME_LIMIT or not length:
            raise LengthError("no frame of the management stream starts so", start, length)
        if stream > JOURNAL:
            raise RangeError("no frame of the management stream starts so", start, stream)
        end = start + FRAME.size + length
        if end > size:
            return
        yield Head(start, end, stream, number, time)
        start = end


def read(path: str | Path, *, start: int = len(MAGIC)) -> Iterator[Frame]:
    """The frames of a file from an offset on, decoded; ends at a frame that is not whole (a crash, or still written).

    Raises FileError for another kind of file and at damage, OSError when it cannot be read.
    """
    path = Path(path)
    with path.open("rb") as file:
        beginning = file.read(len(MAGIC))
        if len(beginning) < len(MAGIC) and MAGIC.startswith(beginning):
            return
        if beginning != MAGIC:
            raise FileError(f"{path} is no file of the management stream: it does not start with {MAGIC.decode()}")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            try:
                for head in heads(data, start):
                    message = decode(data[head.start + FRAME.size : head.end])
                    yield Frame(head.stream, head.number, head.time, message)
            except ProtocolError as error:
                raise FileError(f"{path}: damaged: {error}") from error
