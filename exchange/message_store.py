"""All messages of a session, numbered from 1, in a file; only the newest buffer and a sparse index stay in memory.

The layout is that of MoldUDP64 message blocks (length u16, data; PROTOCOLS §2.1), so a packet is a header and a slice,
and a finished file is a BinaryFILE (§3.6). A length of 0 would end such a file, so empty messages are refused.
The module is plain Python; `message_store.pxd` types it for the compiler.
"""

from __future__ import annotations

import os
import tempfile
from array import array
from pathlib import Path
from typing import IO

from protocols.fields import Buffer

BUFFER_SIZE = 1 << 20
_MAX_MESSAGE = 0xFFFF
_INDEX_EVERY = 64
"""Every so many messages the index has an offset: 1/8 byte a message, and at most 63 lengths to walk."""


class MessageStore:
    """An append-only list of messages of 1 to 65,535 bytes.

    ``path``: the file to write, replaced if it exists; None: an unlinked temporary file in ``folder``, which is made
    when the first buffer is full. ``buffer_size``: bytes kept in memory (a longer message makes the buffer grow).
    """

    def __init__(
        self, path: str | Path | None = None, buffer_size: int = BUFFER_SIZE, folder: str | Path | None = None
    ) -> None:
        self._file: IO[bytes] | None = None
        if buffer_size < 2:
            raise ValueError(f"buffer size {buffer_size} is too small: give at least 2 bytes")
        self.buffer = bytearray(buffer_size)
        self.used: int = 0
        self.capacity: int = buffer_size
        self.count: int = 0
        self._spilled: int = 0
        self._index = array("Q")
        self._cursor_number: int = 1
        self._cursor_offset: int = 0
        self._path = path
        self._folder = folder
        if path is not None:
            self._file = Path(path).open("w+b", buffering=0)  # noqa: SIM115 - closed by `close`

    def __del__(self) -> None:
        # A temporary file holds nothing that a forgotten `close` could lose; a named one has its ResourceWarning.
        if self._file is not None and self._path is None:
            self._file.close()

    def __len__(self) -> int:
        return self.count

    @property
    def spilled(self) -> int:
        """Bytes written to the file so far."""
        return self._spilled

    def append(self, message: bytes) -> int:
        """Add one message; returns its number. ValueError: it has not 1 to 65,535 bytes. OSError: the disk."""
        length = len(message)
        start = self.reserve(length)
        self.buffer[start : start + length] = message
        return self.count

    def reserve(self, length: int) -> int:
        """Append a message whose ``length`` bytes the caller fills in at once; returns where in ``buffer``."""
        if length < 1 or length > _MAX_MESSAGE:
            raise ValueError(f"a message has 1 to {_MAX_MESSAGE} bytes, not {length}")
        if self.used + 2 + length > self.capacity:
            self.spill()
            self._grow(2 + length)
        start = self.used
        if self.count % _INDEX_EVERY == 0:
            self._index.append(self._spilled + start)
        self.buffer[start] = length >> 8
        self.buffer[start + 1] = length & 0xFF
        self.used = start + 2 + length
        self.count += 1
        return start + 2

    def spill(self) -> None:
        """Move the buffer to the file and start an empty one."""
        if not self.used:
            return
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0, dir=self._folder)  # noqa: SIM115 - closed by `close`
        written = 0
        with memoryview(self.buffer) as view:
            while written < self.used:
                written += self._write(view[written : self.used], self._spilled + written)
        self._spilled += self.used
        self.used = 0

    def blocks(self, first: int, count: int, max_bytes: int) -> tuple[int, bytes]:
        """Message blocks from number ``first`` on, lengths included, as (how many, their bytes).

        At most ``count`` messages and ``max_bytes`` bytes, but at least one message; (0, b"") beyond the end.
        """
        if first < 1:
            raise ValueError(f"messages are numbered from 1, not {first}")
        if first > self.count or count < 1:
            return 0, b""
        start = self._offset_of(first)
        count = min(count, self.count - first + 1)
        data = self._bytes_at(start, min(max(max_bytes, 2 + _MAX_MESSAGE), self._offset_bound(first + count) - start))
        taken = position = 0
        while taken < count:
            end = position + 2 + (data[position] << 8 | data[position + 1])
            if taken and end > max_bytes:
                break
            position = end
            taken += 1
        self._cursor_number = first + taken
        self._cursor_offset = start + position
        return taken, data[:position]

    def read(self, first: int, count: int, max_bytes: int = BUFFER_SIZE) -> list[bytes]:
        """The messages from number ``first`` on, limited as by `blocks`; empty beyond the end."""
        taken, data = self.blocks(first, count, max_bytes)
        messages = []
        position = 0
        for _ in range(taken):
            start = position + 2
            position = start + (data[position] << 8 | data[position + 1])
            messages.append(data[start:position])
        return messages

    def close(self, end_record: bool = False) -> None:
        """Complete a named file, with an end record if told so, and let go of it; a temporary one is gone."""
        if self._file is None:
            return
        try:
            if self._path is not None:
                self.spill()
                if end_record:
                    self._write(b"\0\0", self._spilled)
        finally:
            self._file.close()
            self._file = None

    def _grow(self, size: int) -> None:
        if size > self.capacity:
            self.buffer = bytearray(size)
            self.capacity = size

    def _write(self, data: Buffer, offset: int) -> int:
        assert self._file is not None, "there is a file by the time it is written to"
        try:
            return os.pwrite(self._file.fileno(), data, offset)
        except OSError as error:
            where = self._path or self._folder or tempfile.gettempdir()
            raise OSError(
                error.errno, f"cannot write messages: {error.strerror}; make room or give a file elsewhere", str(where)
            ) from error

    def _offset_of(self, number: int) -> int:
        """Where the block of a message begins: walks from the index or from where the last reader stopped."""
        at = (number - 1) // _INDEX_EVERY * _INDEX_EVERY + 1
        offset = self._index[(number - 1) // _INDEX_EVERY]
        if at < self._cursor_number <= number:
            at = self._cursor_number
            offset = self._cursor_offset
        if at == number:
            return offset
        data = self._bytes_at(offset, self._offset_bound(number) - offset)
        position = 0
        while at < number:
            position += 2 + (data[position] << 8 | data[position + 1])
            at += 1
        return offset + position

    def _offset_bound(self, number: int) -> int:
        """An offset that no message before ``number`` goes beyond."""
        slot = (number - 1 + _INDEX_EVERY - 1) // _INDEX_EVERY
        return self._index[slot] if slot < len(self._index) else self._spilled + self.used

    def _bytes_at(self, offset: int, size: int) -> bytes:
        """Bytes of the session from ``offset`` on, from the file, the buffer, or both."""
        head = b""
        if offset < self._spilled:
            assert self._file is not None, "bytes were spilled to a file that is closed"
            wanted = min(size, self._spilled - offset)
            head = os.pread(self._file.fileno(), wanted, offset)
            if len(head) < wanted:
                raise OSError(f"the message file ends at byte {offset + len(head)}, {self._spilled} were written")
            if wanted == size:
                return head
            offset += wanted
            size -= wanted
        start = offset - self._spilled
        return head + bytes(self.buffer[start : start + size])
