"""Inserts that may be repeated: rows whose key is there are left out, so a load can be broken off and done again.

What is in the table is what was done; there is no mark of progress beside it that could say something else. Before a
batch is inserted, the keys of its range are looked up, which finds nothing and costs little for a run that is new. One
process loads a run at a time: an embedded store has one process. A server remembers the tokens of inserts: one that the
client sends again, because a connection broke before its answer, is not done twice.
"""

import uuid
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc

from store.errors import StoreError
from store.schema import DATABASE, quoted
from store.tables import Table

if TYPE_CHECKING:
    from store.client import Store

BATCH = 1 << 20
"""Most rows of one insert; it becomes one part, so it is there whole or not at all."""


class Inserted(NamedTuple):
    """Rows inserted, and rows left out because they were there."""

    new: int
    known: int


def insert(store: "Store", table: Table, batch: pa.Table) -> Inserted:
    """Insert the rows of one run (of `audit`: one log) that are not there yet, in the order given.

    The first of a key in the batch counts. StoreError for rows of several runs, and with ClickHouse's reason.
    """
    new = known = 0
    for start in range(0, batch.num_rows, BATCH):
        piece = batch.slice(start, BATCH).combine_chunks()
        fresh = _unknown(store, table, piece)
        for part in _by_month(fresh):
            store.put(table.name, part, uuid.uuid4().hex)
        new += fresh.num_rows
        known += piece.num_rows - fresh.num_rows
    return Inserted(new, known)


def _unknown(store: "Store", table: Table, piece: pa.Table) -> pa.Table:
    owners = pc.unique(piece.column(table.owner).cast(pa.string())).to_pylist()
    if len(owners) != 1:
        raise StoreError(f"table {table.name}: a batch is of one {table.owner}, not of {len(owners)}")
    bounds = pc.min_max(piece.column(table.counter)).as_py()
    sql = (
        f"SELECT {', '.join(quoted(name) for name in table.key[1:])} FROM {DATABASE}.{table.name} "
        f"WHERE {table.owner} = {{owner:String}} AND {quoted(table.counter)} BETWEEN {{low:UInt64}} AND {{high:UInt64}}"
    )
    there = store.frame(sql, {"owner": owners[0], "low": bounds["min"], "high": bounds["max"]})
    if not there.height and _ascending(table, piece):
        return piece
    keys = _keys(table, piece)
    fresh = keys.with_row_index("place").unique(list(table.key[1:]), keep="first", maintain_order=True)
    if there.height:
        fresh = fresh.join(there.cast(keys.schema), on=list(table.key[1:]), how="anti", maintain_order="left")
    return piece if fresh.height == piece.num_rows else piece.take(fresh["place"].to_arrow())


def _ascending(table: Table, piece: pa.Table) -> bool:
    """Whether the counts alone show that no key is in the batch twice."""
    counts = piece.column(table.counter).to_numpy()
    return bool(np.all(counts[1:] > counts[:-1]))


def _keys(table: Table, piece: pa.Table) -> pl.DataFrame:
    """The key's columns but the first, texts as strings."""
    columns = {}
    for name in table.key[1:]:
        column = piece.column(name)
        columns[name] = column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column
    found = pl.from_arrow(pa.table(columns))
    assert isinstance(found, pl.DataFrame)
    return found


def _by_month(piece: pa.Table) -> list[pa.Table]:
    """The rows of each month apart: partitions are months, and an insert into two would be two parts."""
    if not piece.num_rows:
        return []
    bounds = pc.min_max(piece.column("t")).as_py()
    first, last = bounds["min"], bounds["max"]
    if (first.year, first.month) == (last.year, last.month):
        return [piece]
    months = pc.add(pc.multiply(pc.year(piece.column("t")), 12), pc.month(piece.column("t")))
    return [piece.filter(pc.equal(months, month)) for month in sorted(pc.unique(months).to_pylist())]
