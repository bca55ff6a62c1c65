"""What will be on the disk, byte by byte: the image, its partition table fitted to the disk's length, zeros.

Zeros take the place of the image's own second table, of what lay behind the image, and of the disk's end, where older
tables, arrays and pools have their marks. What is farther behind the image stays: no table leads there.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from image.flash import gpt
from image.flash.source import Source
from image.flash.units import MIB

CHUNK = MIB
WIPED = 2 * MIB


@dataclass(frozen=True, slots=True)
class Overlay:
    """Bytes that replace what the image has at this place."""

    at: int
    content: bytes

    @property
    def end(self) -> int:
        """The first byte behind it."""
        return self.at + len(self.content)


class Layout:
    """The content of a disk of `size` bytes that `source` is flashed to. Raises TableError when it does not fit."""

    def __init__(self, source: Source, size: int) -> None:
        self._source = source
        self.size = size
        table = source.table
        blocks = size // gpt.BLOCK
        self.head = Overlay(0, table.head(blocks))
        self.tail = Overlay(blocks * gpt.BLOCK - table.tail_bytes, table.tail(blocks))
        self._old = Overlay(source.size - table.tail_bytes, bytes(table.tail_bytes))
        self._no_head = Overlay(0, bytes(len(self.head.content)))
        self._no_tail = Overlay(self.tail.at, bytes(len(self.tail.content)))

    def chunks(self) -> Iterator[tuple[int, int]]:
        """Offset and length of every piece that is written and compared, in order."""
        behind = min(self.size, self._source.size + WIPED)
        last = max(behind, self.size - WIPED)
        for first, end in ((0, behind), (last, self.size)):
            for at in range(first, end, CHUNK):
                yield at, min(CHUNK, end - at)

    def table_chunks(self) -> Iterator[tuple[int, int]]:
        """Those of `chunks` that hold a part of either table."""
        for at, length in self.chunks():
            if any(at < table.end and table.at < at + length for table in (self.head, self.tail)):
                yield at, length

    @property
    def total(self) -> int:
        """Bytes of all chunks."""
        return sum(length for _, length in self.chunks())

    def check_source(self) -> None:
        """Raises SourceError when the image is not what it was when it was opened."""
        self._source.check_unchanged()

    def body(self, at: int, length: int) -> bytes:
        """The content before the tables are written: zeros are in their places, so that nothing boots."""
        return self._content(at, length, (self._old, self._no_head, self._no_tail))

    def final(self, at: int, length: int) -> bytes:
        """The content at the end."""
        return self._content(at, length, (self._old, self.head, self.tail))

    def _content(self, at: int, length: int, overlays: tuple[Overlay, ...]) -> bytes:
        content = self._source.read(at, length)
        for overlay in overlays:
            first = max(at, overlay.at)
            end = min(at + length, overlay.end)
            if first < end:
                piece = overlay.content[first - overlay.at : end - overlay.at]
                content = content[: first - at] + piece + content[end - at :]
        return content
