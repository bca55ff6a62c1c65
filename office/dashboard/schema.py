"""The tables of the page and the bytes of their rows: one table here, both ends read it (the browser gets it as JSON).

A row is its id (u32), its fixed columns and then its variable ones, each in the order of the table, little-endian.
"""

import struct
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple

FIXED: Final = {"u8": "B", "u32": "I", "i64": "q", "f64": "d"}
"""Kinds of fixed columns and their struct code. Times are `f64`, ms since 1970 UTC, prices `i64`, price4."""
TEXT: Final = "text"
"""u16 length and UTF-8."""
BLOB: Final = "blob"
"""u16 length and bytes."""
ROW_ID: Final = struct.Struct("<I")
_LENGTH: Final = struct.Struct("<H")
_LONGEST: Final = 0xFFFF


class Table(NamedTuple):
    """One table: number on the wire, name, columns (name, kind), and how many rows are kept (the oldest go first)."""

    number: int
    name: str
    columns: tuple[tuple[str, str], ...]
    limit: int


def _table(number: int, name: str, limit: int, columns: str) -> Table:
    """A table from its columns, `kind: name name; kind: name`."""
    pairs = []
    for group in columns.split(";"):
        kind, _, names = group.partition(":")
        pairs += [(column, kind.strip()) for column in names.split()]
    return Table(number, name, tuple(pairs), limit)


SERVERS: Final = _table(
    *(0, "servers", 64),
    "u8: open stale killed failed; f64: seen began; i64: lost damaged orders executions decisions refused;"
    "f64: ticks; text: host session journal state ended",
)
"""`seen`: when the office last heard; `lost`: numbers of the live stream that never came; `killed`: no new orders;
`failed`: it ended with another status than 0."""
BOOKS: Final = _table(
    *(1, "books", 16_384),
    "u32: server; u8: venue; i64: bid bid_shares ask ask_shares last updates; f64: t; text: symbol",
)
LADDER: Final = _table(2, "ladder", 16_384, "u8: bids asks; f64: t; blob: levels")
"""The levels of the selected book, under its id: price4 (u32) and shares (u64), big-endian, bids first."""
ORDERS: Final = _table(
    *(3, "orders", 4_000),
    "u32: server; u8: venue; u32: reference replaces; f64: t changed; i64: price shares executed leaves notional;"
    "u8: open; text: side symbol state reason tif strategy cause",
)
FILLS: Final = _table(
    *(4, "fills", 2_000),
    "u32: server; u8: venue; u32: reference; f64: t; i64: price shares match; u8: broken;"
    "text: side symbol liquidity strategy",
)
REFUSALS: Final = _table(
    *(5, "refusals", 1_000),
    "u32: server; u8: venue; i64: number; f64: t; u32: code; i64: price shares value limit;"
    "text: side symbol check strategy cause",
)
CHECKS: Final = _table(6, "checks", 256, "u32: code; i64: count; f64: last; text: check")
"""Decisions of the risk gate by code; 0 are those that passed."""
POSITIONS: Final = _table(
    *(7, "positions", 16_384),
    "u32: server; i64: shares journal exposed_buy exposed_sell open_notional mark bought sold realised total;"
    "f64: apart; text: symbol",
)
"""`shares`: by the trader; `journal`: by the executions in the journal; `apart`: since when the two differ, 0 when they
do not; `realised` and `total`: price4 times shares."""
COUNTERS: Final = _table(8, "counters", 4_096, "u32: server; i64: value; f64: rate changed; text: group name")
LATENCY: Final = _table(9, "latency", 4_200, "u32: server; f64: t; i64: count; f64: p50 p90 p99 p999 max; text: name")
"""Percentiles in ns of what was counted between two histograms of the same name."""
PNL: Final = _table(10, "pnl", 1_200, "f64: t total realised")
LOG: Final = _table(11, "log", 500, "f64: t; u32: server; text: level text")
ALERTS: Final = _table(12, "alerts", 1_000, "f64: t; text: alert rule severity text evidence state who")
TABLES: Final = (
    *(SERVERS, BOOKS, LADDER, ORDERS, FILLS, REFUSALS, CHECKS),
    *(POSITIONS, COUNTERS, LATENCY, PNL, LOG, ALERTS),
)
assert [table.number for table in TABLES] == list(range(len(TABLES)))


def described() -> list[dict[str, Any]]:
    """The tables as JSON values, for the browser."""
    return [{"name": table.name, "columns": [list(column) for column in table.columns]} for table in TABLES]


def encoder(table: Table) -> Callable[[int, Sequence[Any]], bytes]:
    """A function that encodes a row of the table from its id and its values, in the order of the columns.

    Text that is too long is cut, a number that does not fit is the nearest that does: nothing a server says may cost a
    browser its connection.
    """
    codes = [(place, FIXED[kind]) for place, (_, kind) in enumerate(table.columns) if kind in FIXED]
    places = [place for place, _ in codes]
    rest = [(place, kind) for place, (_, kind) in enumerate(table.columns) if kind not in FIXED]
    fixed = struct.Struct("<I" + "".join(code for _, code in codes))

    def encode(row: int, values: Sequence[Any]) -> bytes:
        numbers = [values[place] for place in places]
        try:
            parts = [fixed.pack(row, *numbers)]
        except struct.error:
            parts = [fixed.pack(row, *map(_nearest, numbers, (code for _, code in codes)))]
        for place, kind in rest:
            value: bytes = values[place] if kind == BLOB else values[place].encode("utf-8", "replace")
            if len(value) > _LONGEST:
                value = value[:_LONGEST].decode("utf-8", "ignore").encode() if kind == TEXT else value[:_LONGEST]
            parts += (_LENGTH.pack(len(value)), value)
        return b"".join(parts)

    return encode


def _nearest(value: float, code: str) -> float:
    """The number of the kind that is nearest to a value."""
    bits = 8 * struct.calcsize(f"<{code}")
    if code == "d":
        return value
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if code == "q" else (0, (1 << bits) - 1)
    return max(low, min(value, high))


ENCODERS: Final = tuple(encoder(table) for table in TABLES)
