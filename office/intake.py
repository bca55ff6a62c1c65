"""One trading server's connection as the office sees it, without I/O: bytes in, new frames and acknowledgements out."""

import zlib
from typing import Final

from office.archive import Archive
from office.stream_file import StreamFile
from protocols.errors import ProtocolError, RangeError
from protocols.management import (
    CONTROL,
    JOURNAL,
    LIVE,
    VERSION,
    Ack,
    Answer,
    Command,
    Connection,
    Frame,
    Frames,
    Hello,
    JournalRecord,
)

_NOT_FROM_SERVERS: Final = (Ack, Answer, Command, Connection)


class Intake:
    """`hello`: who it is, once it has said so. Errors are final: the connection is to be closed."""

    def __init__(self, archive: Archive) -> None:
        self.hello: Hello | None = None
        self._archive = archive
        self._frames = Frames()
        self._files: dict[int, StreamFile] = {}
        self._acknowledged: dict[int, int] = {}

    @property
    def session(self) -> int:
        """The server's session; 0 before its greeting."""
        return self.hello.session if self.hello else 0

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes, keep what they hold, give what is new. Raises ProtocolError, FileError, OSError."""
        return [found for found, raw in self._frames.cut(data) if self._take(found, raw)]

    def acks(self) -> list[Ack]:
        """What the device has by now and the server has not been told; both streams first, with the journal's check."""
        found = []
        for stream, file in self._files.items():
            number, told = file.synced, self._acknowledged.get(stream)
            if number == told:
                continue
            check = 0
            if told is None and stream == JOURNAL:
                check = zlib.crc32(file.content(number) or b"")
            self._acknowledged[stream] = number
            found.append(Ack(stream=stream, of=self._of(stream), number=number, check=check))
        return found

    def close(self) -> None:
        """The connection has ended; may be called again."""
        files, self._files = self._files, {}
        self._archive.release(*files.values())

    def _take(self, found: Frame, raw: bytes) -> bool:
        """Keep one frame; whether it is new."""
        message = found.message
        if isinstance(message, Hello):
            self._greeted(found, message, raw)
            return True
        if self.hello is None:
            raise ProtocolError("a server greets first", None, message.NAME)
        journal = isinstance(message, JournalRecord)
        if journal != (found.stream == JOURNAL) or found.stream == CONTROL or isinstance(message, _NOT_FROM_SERVERS):
            raise RangeError(f"{message.NAME} is none of this stream", None, found.stream)
        return self._archive.take(self._files[found.stream], found, raw)

    def _greeted(self, found: Frame, hello: Hello, raw: bytes) -> None:
        if found.stream != CONTROL or hello.version != VERSION:
            raise RangeError(f"this office speaks version {VERSION} of the management stream", None, hello.version)
        if self.hello is not None and (self.hello.session, self.hello.journal) != (hello.session, hello.journal):
            raise ProtocolError("a connection is of one session and one journal", None, hello.session)
        if self.hello is None:
            live, journal = self._archive.open(hello)
            self._files = {LIVE: live, JOURNAL: journal}
        self.hello = hello
        for file in self._files.values():
            file.take(found.stream, found.number, raw)

    def _of(self, stream: int) -> int:
        assert self.hello is not None
        return self.hello.session if stream == LIVE else self.hello.journal
