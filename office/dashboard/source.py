"""Where the page's frames come from: the collector's control socket, and the journals it has on disk.

The socket carries what `office.live` describes. Here frames are cut and not decoded: at a hundred thousand a second
decoding alone would take most of a CPU, and nearly all of them are overwritten before a browser sees them.
"""

import asyncio
import contextlib
import mmap
import struct
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Final, NamedTuple

from protocols.errors import ProtocolError
from protocols.management import FRAME, FRAME_LIMIT, JOURNAL
from protocols.management_files import JOURNAL_NAME, MAGIC, heads

PREFIXED: Final = struct.Struct(">QIBQq")
"""Server's session, then `management.FRAME`."""
READ_BYTES: Final = 1 << 20
_SHORT: Final = FRAME.size


class Raw(NamedTuple):
    """A frame that is not decoded: session, stream, number, time in ns UTC, message."""

    session: int
    stream: int
    number: int
    time: int
    message: bytes


class SourceError(Exception):
    """The collector cannot be watched, or sends what no collector sends; the text says why."""


class Cutter:
    """Cuts the watchers' stream into frames. A fault is final."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> list[Raw]:
        """Take the next bytes; give the frames they complete. Raises SourceError."""
        data = self._rest + data if self._rest else data
        found = []
        at, size, head = 0, len(data), PREFIXED.size
        unpack = PREFIXED.unpack_from
        while size - at >= head:
            session, length, stream, number, time = unpack(data, at)
            if length > FRAME_LIMIT or stream > JOURNAL:
                raise SourceError(f"byte {at} starts no frame: length {length}, stream {stream}")
            end = at + head + length
            if end > size:
                break
            found.append(Raw(session, stream, number, time, data[at + head : end]))
            at = end
        self._rest = data[at:]
        return found


async def watch(control: Path) -> AsyncIterator[list[Raw]]:
    """Frames as they come, as many at once as there are. Raises SourceError when the collector is not there or goes."""
    try:
        reader, writer = await asyncio.open_unix_connection(str(control), limit=READ_BYTES)
    except OSError as error:
        raise SourceError(f"no collector answers at {control}: {error.strerror or error}") from error
    cutter = Cutter()
    try:
        while data := await reader.read(READ_BYTES):
            yield cutter.feed(data)
    except OSError as error:
        raise SourceError(f"the collector at {control} is gone: {error.strerror or error}") from error
    finally:
        writer.close()
        with contextlib.suppress(OSError):
            await writer.wait_closed()
    raise SourceError(f"the collector at {control} has closed the connection")


def journal_frames(directory: Path, session: int, journal: int, after: int) -> Iterator[list[Raw]]:
    """Frames of a journal behind a number, from the office's copy, a thousand at a time; none without a copy.

    Ends at a frame that is not whole: it is being written, and comes over the socket as well.
    """
    path = directory / f"{journal:016x}" / JOURNAL_NAME
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            if data[: len(MAGIC)] != MAGIC:
                return
            batch = []
            for head in heads(data):
                if head.stream == JOURNAL and head.number > after:
                    message = data[head.start + _SHORT : head.end]
                    batch.append(Raw(session, head.stream, head.number, head.time, message))
                if len(batch) == 1000:
                    yield batch
                    batch = []
            yield batch
    except (OSError, ValueError, ProtocolError):
        return
