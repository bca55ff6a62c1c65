"""The rows of one table: bounded, encoded once for all browsers, and only when one asks."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

from office.dashboard.schema import ENCODERS, Table

Key = tuple[int, int]
"""A row on the wire: number of its table, its id."""


class Rows:
    """Rows by id. `changed` collects the keys of what has changed since somebody emptied it, in order.

    `content` gives the values of a row in the order of the columns; it is called when the row is encoded, so a row that
    changes a thousand times between two frames costs a thousand marks and one encoding.
    """

    def __init__(self, table: Table, changed: dict[Key, None], content: Callable[[Any], Sequence[Any]]) -> None:
        self.table = table
        self.evicted = 0
        self._changed = changed
        self._content = content
        self._encode = ENCODERS[table.number]
        self._rows: dict[int, Any] = {}
        self._encoded: dict[int, bytes] = {}
        self._next = 1

    def add(self, row: Any) -> int:
        """Keep a new row, whatever `content` understands; returns its id. The oldest goes when there are too many."""
        number = self._next
        self._next += 1
        self._rows[number] = row
        self._changed[self.table.number, number] = None
        if len(self._rows) > self.table.limit:
            self.remove(next(iter(self._rows)))
            self.evicted += 1
        return number

    def put(self, number: int, row: Any) -> None:
        """Put a row under an id of another table, or over an older one."""
        self._rows[number] = row
        self.touch(number)

    def touch(self, number: int) -> None:
        """A row has changed."""
        self._encoded.pop(number, None)
        self._changed[self.table.number, number] = None

    def remove(self, number: int) -> None:
        """A row is gone; what changes in it later is not seen."""
        if self._rows.pop(number, None) is not None:
            self.touch(number)

    def clear(self) -> None:
        """Remove everything."""
        for number in list(self._rows):
            self.remove(number)

    def forget(self, server: int) -> None:
        """Remove everything of a server; a table without the column `server` keeps what it has."""
        names = [name for name, _ in self.table.columns]
        if "server" not in names:
            return
        place = names.index("server")
        for number, row in list(self._rows.items()):
            if self._content(row)[place] == server:
                self.remove(number)

    def encoded(self, number: int) -> bytes | None:
        """The row's bytes; None when it is gone."""
        found = self._encoded.get(number)
        if found is None:
            row = self._rows.get(number)
            if row is None:
                return None
            found = self._encoded[number] = self._encode(number, self._content(row))
        return found

    def __getitem__(self, number: int) -> Any:
        return self._rows[number]

    def __contains__(self, number: int) -> bool:
        return number in self._rows

    def __iter__(self) -> Iterator[Any]:
        return iter(self._rows.values())

    def __len__(self) -> int:
        return len(self._rows)

    def ids(self) -> Iterator[int]:
        """The ids of all rows, oldest first."""
        return iter(self._rows)
