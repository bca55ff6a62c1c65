"""Reads the page's frames into tables of dictionaries: what the browser does, for programs."""

import struct
from typing import Any, Final, NamedTuple

from office.dashboard.client import HEAD, SECTION
from office.dashboard.schema import BLOB, FIXED, ROW_ID, TABLES, Table

_LENGTH: Final = struct.Struct("<H")


class Read(NamedTuple):
    """What one frame was: number, time in ms UTC, source rows since the start, rows in it."""

    number: int
    time: float
    source_rows: int
    rows: int


class Reader:
    """`tables` holds the rows by table and id, each a dictionary of its columns."""

    def __init__(self) -> None:
        self.tables: dict[str, dict[int, dict[str, Any]]] = {table.name: {} for table in TABLES}

    def apply(self, frame: bytes) -> Read:
        """Take one frame. Raises struct.error, IndexError or UnicodeDecodeError for bytes that are none."""
        number, time, source_rows, sections = HEAD.unpack_from(frame)
        at, total = HEAD.size, 0
        for _ in range(sections):
            place, gone, count = SECTION.unpack_from(frame, at)
            at += SECTION.size
            table = TABLES[place]
            rows = self.tables[table.name]
            for _ in range(gone):
                rows.pop(ROW_ID.unpack_from(frame, at)[0], None)
                at += ROW_ID.size
            for _ in range(count):
                at = _row(table, rows, frame, at)
            total += count
        if at != len(frame):
            raise IndexError(f"a frame of {len(frame)} bytes ends at {at}")
        return Read(number, time, source_rows, total)


def _row(table: Table, rows: dict[int, dict[str, Any]], frame: bytes, at: int) -> int:
    fixed = [name for name, kind in table.columns if kind in FIXED]
    rest = [(name, kind) for name, kind in table.columns if kind not in FIXED]
    layout = struct.Struct("<I" + "".join(FIXED[kind] for _, kind in table.columns if kind in FIXED))
    number, *values = layout.unpack_from(frame, at)
    at += layout.size
    row: dict[str, Any] = dict(zip(fixed, values, strict=True))
    for name, kind in rest:
        (length,) = _LENGTH.unpack_from(frame, at)
        at += _LENGTH.size
        value = frame[at : at + length]
        row[name] = value if kind == BLOB else value.decode()
        at += length
    rows[number] = row
    return at
