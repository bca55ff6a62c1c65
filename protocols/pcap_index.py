"""A capture as columns: where each packet lies in the mapped file, and when it was captured. Nothing is copied.

So tools pick packets by time or number with NumPy and look at their bytes where they are.
"""

import mmap
from pathlib import Path
from types import TracebackType
from typing import Final, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from protocols.errors import ProtocolError, TruncatedError
from protocols.pcap_scan import Scanner

Int64s = npt.NDArray[np.int64]

_BATCH: Final = 1 << 16
_COLUMNS: Final = ("times", "starts", "lengths", "originals", "links", "directions", "block_starts", "block_ends")


class PacketColumns(NamedTuple):
    """One row a packet, in the file's order; all int64.

    `times`: ns since 1970, 0 where the file has none. `starts`: file offset of the packet's bytes, `lengths` of which
    were captured of `originals` on the wire. `links`: LINKTYPE_ number. `directions`: 1 in, 2 out, 0 unknown.
    `block_starts`, `block_ends`: file offsets of the record or block around it.
    """

    times: Int64s
    starts: Int64s
    lengths: Int64s
    originals: Int64s
    links: Int64s
    directions: Int64s
    block_starts: Int64s
    block_ends: Int64s

    def at(self, rows: slice | npt.NDArray[np.bool_] | Int64s) -> "PacketColumns":
        """The same columns of some rows."""
        return PacketColumns(*(column[rows] for column in self))


class PacketIndex:
    """The packets of one capture file, mapped. Use as a context, or `close` it.

    `columns`: what is known of each packet. `data`: the file's bytes, `size` of them. `head`: offset where the first
    packet's block begins, `stop` when there is none. `fault`: what is wrong behind the last packet:
    None, a TruncatedError for a file that ends inside a block (its writer was killed, or still writes), or another
    ProtocolError for damage. `stop`: up to where the file is whole.
    Raises OSError, and ProtocolError for a file that does not begin as a capture.

    `window` gives only some packets: (offset where the file's first packet begins, offset of the first one wanted, how
    many). Interfaces described between the two are unknown then.
    """

    def __init__(self, path: Path, window: tuple[int, int, int] | None = None) -> None:
        self.path = path
        with path.open("rb") as file:
            self.size = file.seek(0, 2)
            if not self.size:
                raise TruncatedError("the capture ends inside the file header", 0, 0)
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        try:
            self._scan(window)
        except BaseException:
            self._map.close()
            raise

    def _scan(self, window: tuple[int, int, int] | None) -> None:
        # A view of the size at the beginning: a file that grows is read as it was then.
        view = memoryview(self._map)
        try:
            head, at, left = window or (0, 0, self.size)
            scanner = Scanner(max(1, min(_BATCH, left)))
            if window is not None:
                scanner.scan(view[:head], 0, 0)
            parts: list[list[Int64s]] = [[] for _ in _COLUMNS]
            while left > 0 and (count := scanner.scan(view, at, 0)):
                left -= count
                at = scanner.at
                for name, part in zip(_COLUMNS, parts, strict=True):
                    part.append(np.frombuffer(getattr(scanner, name), np.int64)[:count].copy())
            self.stop = scanner.at
            self.fault: ProtocolError | None = scanner.error
            if self.fault is None and left > 0 and self.stop < self.size:
                self.fault = scanner.truncated(self.size)
        finally:
            view.release()
        if self.stop == 0 and self.fault is not None:
            raise self.fault
        empty = np.empty(0, np.int64)
        self.columns = PacketColumns(*(np.concatenate(part) if part else empty for part in parts))
        self.head = int(self.columns.block_starts[0]) if len(self) else self.stop
        self.data: npt.NDArray[np.uint8] = np.frombuffer(self._map, np.uint8)

    def __len__(self) -> int:
        return len(self.columns.times)

    def frame(self, number: int) -> bytes:
        """The bytes of a packet, by its row. IndexError when there is none."""
        start = int(self.columns.starts[number])
        return self._map[start : start + int(self.columns.lengths[number])]

    def row_at(self, time: int) -> int:
        """The first row captured at `time` (ns since 1970) or later, the number of packets when there is none.

        Captures are in the order of time, but for clocks that were set back: then it is the first such row.
        """
        times = self.columns.times
        ordered = np.maximum.accumulate(times) if len(times) else times
        return int(np.searchsorted(ordered, time, side="left"))

    def close(self) -> None:
        """Give the file back. Arrays of `data` that are still in use keep it mapped."""
        self.data = np.empty(0, np.uint8)
        try:
            self._map.close()
        except BufferError:
            pass  # a slice of `data` lives on, and with it the map

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
