"""Whoever watches the streams as they come (`office.live`): gets the latest of everything, then all that is new.

None of them holds up the collector or another one: what is known already is handed out as fast as it is read, and who
does not read what comes is dropped.
"""

import asyncio
import contextlib
import time
from collections.abc import Callable, Iterator
from typing import Final

from office.latest import Latest
from office.live import PREFIX
from protocols.errors import ProtocolError
from protocols.management import CONTROL, Frame, Frames, ManagementMessage

WATCHERS: Final = 64
UNREAD_BYTES: Final = 8 << 20
"""A watcher that has so much unread is dropped: it may connect again, and gets the latest of everything."""
_COMMAND_BYTES: Final = 4 << 10
_READ_BYTES: Final = 1 << 16


class Watchers:
    """The connections of the control socket. `answer`: what the office says to a message of theirs."""

    def __init__(self, answer: Callable[[ManagementMessage], ManagementMessage]) -> None:
        self._answer = answer
        self._latest = Latest()
        self._writers: set[asyncio.StreamWriter] = set()

    @property
    def writers(self) -> list[asyncio.StreamWriter]:
        """All that are connected."""
        return list(self._writers)

    def publish(self, session: int, frame: Frame) -> None:
        """Hand a frame of a server to all of them."""
        self._latest.take(session, frame)
        if not self._writers:
            return
        data = _encoded(session, frame)
        for writer in self.writers:
            if writer.transport.get_write_buffer_size() > UNREAD_BYTES:
                self._writers.discard(writer)
                writer.transport.abort()
            else:
                writer.write(data)

    def join(self, writer: asyncio.StreamWriter) -> Iterator[tuple[int, Frame]] | None:
        """A new one, which gets everything from here on; what it has to be told of before (`serve`). None: no room."""
        if len(self._writers) >= WATCHERS:
            return None
        for session, frame in self._latest.greetings():
            writer.write(_encoded(session, frame))
        self._writers.add(writer)
        return self._latest.frames()

    async def serve(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, latest: Iterator[tuple[int, Frame]]
    ) -> None:
        """One connection to its end: tells the latest and answers, neither waits for the other."""
        frames = Frames(_COMMAND_BYTES)
        telling = asyncio.create_task(_tell(writer, latest))
        try:
            while data := await reader.read(_READ_BYTES):
                for frame in frames.feed(data):
                    writer.write(_encoded(0, word(self._answer(frame.message))))
        except (ConnectionError, ProtocolError):
            pass  # a watcher may go as it likes, and one that makes no sense has to
        finally:
            telling.cancel()
            self._writers.discard(writer)
            writer.close()


def word(message: ManagementMessage) -> Frame:
    """The office's own word, now."""
    return Frame(CONTROL, 0, time.time_ns(), message)


async def _tell(writer: asyncio.StreamWriter, latest: Iterator[tuple[int, Frame]]) -> None:
    """Hand out what is known as the watcher takes it."""
    with contextlib.suppress(ConnectionError):
        for session, frame in latest:
            writer.write(_encoded(session, frame))
            await writer.drain()


def _encoded(session: int, frame: Frame) -> bytes:
    return PREFIX.pack(session) + frame.encode()
