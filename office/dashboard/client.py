"""One browser: what it has not seen yet, and how many frames are on the way to it.

A frame is sent only when fewer than `WINDOW` are unacknowledged, so a slow browser gets fewer and fresher frames, never
a queue; one that acknowledges nothing for `STALL_NS` is given up. What it costs until then is at most `WINDOW` frames
of `FRAME_BYTES` and a dictionary of row keys.

Frame: `HEAD` (number, time in ms UTC, source rows since the start, tables), then for each table `SECTION` (table, how
many ids are gone, how many rows follow), the ids (u32), the rows.
"""

import struct
from collections.abc import Iterable, Mapping
from typing import Final

from office.dashboard.rows import Key, Rows
from office.dashboard.schema import BOOKS, LADDER, ROW_ID

HEAD: Final = struct.Struct("<IdQB")
SECTION: Final = struct.Struct("<BII")
WINDOW: Final = 4
FRAME_BYTES: Final = 256 << 10
STALL_NS: Final = 5_000_000_000


class Client:
    """A browser's view of the tables. No clock and no socket inside; times are monotonic ns."""

    def __init__(self, tables: Mapping[int, Rows], now: int) -> None:
        self.selected = 0
        self.frames = 0
        self._tables = tables
        self._pending: dict[Key, None] = {}
        for table, rows in tables.items():
            if table != LADDER.number:
                self._pending.update(dict.fromkeys((table, row) for row in rows.ids()))
        self._acknowledged = 0
        self._waiting_since = now

    def note(self, changes: Iterable[Key]) -> None:
        """Rows have changed. One that is waiting already keeps its place, so that none waits forever."""
        pending = self._pending
        for key in changes:
            if key[0] != LADDER.number or key[1] == self.selected:
                pending[key] = None

    def select(self, book: int) -> None:
        """The browser wants the levels of this book, by its id in `books`; 0 for none."""
        self.selected = book
        if (BOOKS.number, book) in self._pending or book in self._tables[LADDER.number]:
            self._pending[LADDER.number, book] = None

    def acknowledge(self, number: int, now: int) -> None:
        """The browser has drawn all frames up to a number; one that was never sent is ignored."""
        if self._acknowledged < number <= self.frames:
            self._acknowledged = number
            self._waiting_since = now

    @property
    def behind(self) -> int:
        """Frames on the way."""
        return self.frames - self._acknowledged

    def stalled(self, now: int) -> bool:
        """Whether frames were sent and none acknowledged for too long."""
        return self.behind > 0 and now - self._waiting_since > STALL_NS

    def frame(self, now: int, stamp: float, source_rows: int) -> bytes | None:
        """The next frame; None when there is nothing to send, or too much is on the way. `stamp`: ms UTC."""
        if self.behind >= WINDOW or not self._pending:
            return None
        return self._build(now, stamp, source_rows)

    def heartbeat(self, now: int, stamp: float, source_rows: int) -> bytes | None:
        """A frame even without changes, so that the browser sees that the connection lives."""
        return None if self.behind >= WINDOW else self._build(now, stamp, source_rows)

    def _build(self, now: int, stamp: float, source_rows: int) -> bytes:
        gone: dict[int, list[int]] = {}
        rows: dict[int, list[bytes]] = {}
        size = HEAD.size
        done = []
        for key in self._pending:
            table, number = key
            encoded = self._tables[table].encoded(number)
            if encoded is None:
                gone.setdefault(table, []).append(number)
                size += ROW_ID.size
            else:
                rows.setdefault(table, []).append(encoded)
                size += len(encoded)
            done.append(key)
            if size >= FRAME_BYTES:
                break
        if len(done) == len(self._pending):
            self._pending.clear()
        else:
            for key in done:
                del self._pending[key]
        return self._assemble(now, stamp, source_rows, gone, rows)

    def _assemble(
        self, now: int, stamp: float, source_rows: int, gone: dict[int, list[int]], rows: dict[int, list[bytes]]
    ) -> bytes:
        if self.behind == 0:
            self._waiting_since = now
        self.frames += 1
        tables = sorted(gone.keys() | rows.keys())
        parts = [HEAD.pack(self.frames, stamp, source_rows, len(tables))]
        for table in tables:
            ids, found = gone.get(table, ()), rows.get(table, ())
            parts.append(SECTION.pack(table, len(ids), len(found)))
            parts += map(ROW_ID.pack, ids)
            parts += found
        return b"".join(parts)
