"""The operations that every matching engine gets: a file of fixed rows, made once from a seed. Standard library only.

A row is one operation on an order that is there at that moment. Orders are numbered in the order they are entered, a
replace takes a new number. Prices are cents, so that engines with ticks of a cent can take them; quantities shares.
"""

from __future__ import annotations

import array
import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

ADD, CANCEL, REPLACE, TAKE = range(4)
KINDS = ("add", "cancel", "replace", "marketable")
COLUMNS = ("kind", "symbol", "order", "target", "buy", "price", "shares")

_HEADER = struct.Struct("<8sQQQQQ")
_MAGIC = b"HFTOPS01"


@dataclass(slots=True)
class Operations:
    """`rows` has the columns of COLUMNS, row after row, 64 bits each.

    The first `warm_up` rows fill the books and are not measured. `traded` shares are what all rows together trade by
    price-time priority, `orders` how many order numbers there are.
    """

    symbols: int
    warm_up: int
    orders: int = 0
    traded: int = 0
    rows: array.array[int] = field(default_factory=lambda: array.array("q"))

    def __len__(self) -> int:
        return len(self.rows) // len(COLUMNS)

    def __iter__(self) -> Iterator[tuple[int, ...]]:
        width = len(COLUMNS)
        return (tuple(self.rows[at : at + width]) for at in range(0, len(self.rows), width))

    def append(self, *row: int) -> None:
        """Add a row, in the order of COLUMNS."""
        if len(row) != len(COLUMNS):
            raise ValueError(f"a row has {len(COLUMNS)} columns ({', '.join(COLUMNS)}), not {len(row)}: {row}")
        self.rows.extend(row)

    def mix(self) -> dict[str, float]:
        """The share of each kind among the measured rows."""
        kinds = self.rows[self.warm_up * len(COLUMNS) :: len(COLUMNS)]
        return {name: round(kinds.count(kind) / max(1, len(kinds)), 4) for kind, name in enumerate(KINDS)}

    def write(self, path: Path) -> None:
        """Store as a file, little-endian."""
        header = _HEADER.pack(_MAGIC, self.symbols, self.warm_up, self.orders, self.traded, len(self))
        path.write_bytes(header + self.rows.tobytes())


def read(path: Path) -> Operations:
    """What `Operations.write` stored. Raises ValueError for another file."""
    data = path.read_bytes()
    if data[:8] != _MAGIC or len(data) < _HEADER.size:
        raise ValueError(f"{path} holds no operations: it starts with {data[:8]!r}")
    _, symbols, warm_up, orders, traded, count = _HEADER.unpack_from(data)
    found = Operations(symbols, warm_up, orders, traded)
    found.rows.frombytes(data[_HEADER.size :])
    if len(found) != count:
        raise ValueError(f"{path} is truncated: {len(found)} of {count} rows; delete it, it is made again")
    return found
