"""BinaryFILE: messages in a file, each behind its length as u16; length 0 is the end record (§3.6).

A file without end record is incomplete, which is not an error: slices are stored so. A file that ends inside a record,
or goes on after its end record, is.
"""

from collections.abc import Iterable
from pathlib import Path
from typing import IO, Final, Self

from protocols.errors import LengthError, RangeError, TruncatedError

_BLOCK: Final = 1 << 20


class Reader:
    """Streams the messages of a file; iterate once.

    `source` is a path or a binary file object (which stays open). `complete` tells, after the last message, whether
    the end record was there; `offset` is the number of bytes consumed.
    """

    def __init__(self, source: str | Path | IO[bytes]) -> None:
        self.complete = False
        self.offset = 0
        self.messages = 0
        self._owned = isinstance(source, str | Path)
        # Closed at the end of the file, after a fault, or by `close`.
        self._file: IO[bytes] = Path(source).open("rb") if isinstance(source, str | Path) else source  # noqa: SIM115
        self._buffer = b""
        self._position = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        if self.complete:
            raise StopIteration
        header = self._take(2)
        if not header:
            self.close()
            raise StopIteration
        length = int.from_bytes(header, "big")
        if len(header) < 2:
            self._fail(TruncatedError("the file ends inside a length", self.offset + 1, 1))
        if length == 0:
            self._end()
        message = self._take(length)
        if len(message) < length:
            self._fail(
                TruncatedError(
                    f"the file ends inside message {self.messages + 1} of {length} bytes",
                    self.offset + 2 + len(message),
                    len(message),
                )
            )
        self.offset += 2 + length
        self.messages += 1
        return message

    def close(self) -> None:
        """Close the file if this reader opened it."""
        if self._owned:
            self._file.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _end(self) -> None:
        self.offset += 2
        if self._take(1):
            self._fail(LengthError("the file goes on after its end record", self.offset, 0))
        self.complete = True
        self.close()
        raise StopIteration

    def _fail(self, error: Exception) -> None:
        self.close()
        raise error

    def _take(self, size: int) -> bytes:
        """Return the next `size` bytes, fewer at the end of the file; reads in blocks, for messages are small."""
        while len(self._buffer) - self._position < size and not self._file.closed:
            block = self._file.read(_BLOCK)
            if not block:
                break
            self._buffer, self._position = self._buffer[self._position :] + block, 0
        start = self._position
        self._position = min(start + size, len(self._buffer))
        return self._buffer[start : self._position]


def read(source: str | Path | IO[bytes]) -> Reader:
    """Return an iterator over the messages of a file; its `complete` tells whether the end record was there."""
    return Reader(source)


def encode_record(message: bytes) -> bytes:
    """Encode one record; RangeError when `message` has not 1 to 65535 bytes (0 is the end record)."""
    if not 1 <= len(message) <= 0xFFFF:
        raise RangeError(f"a record holds 1 to 65535 bytes, not {len(message)}", None, len(message))
    return len(message).to_bytes(2, "big") + message


def write(path: str | Path, messages: Iterable[bytes], *, end_record: bool = True) -> int:
    """Write messages to a file, with an end record unless told otherwise; returns their number."""
    count = 0
    with Path(path).open("wb") as file:
        for message in messages:
            file.write(encode_record(message))
            count += 1
        if end_record:
            file.write(b"\0\0")
    return count
