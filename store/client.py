"""One interface to the store, whether ClickHouse is in this process or a server: the same client, the same SQL.

`connect` takes `chdb:///absolute/path`, `chdb:relative/path` or a plain path (default `build/store`), or
`clickhouse://USER:PASSWORD@HOST:PORT`.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import polars as pl
import pyarrow as pa
from clickhouse_connect.driver.client import Client
from clickhouse_connect.driver.exceptions import ClickHouseError

from store import embedded, rows, schema, server
from store.errors import StoreError
from store.inserter import Inserted, insert
from store.tables import RUN_TABLES, TABLES
from store.views import VIEWS

DEFAULT: Final = "chdb:build/store"
"""Where the store is unless told otherwise."""
SETTINGS: Final[Mapping[str, str]] = {
    "join_use_nulls": "1",
    "output_format_arrow_string_as_string": "0",
    "output_format_arrow_compression_method": "none",
    "max_insert_block_size": "4194304",
    "min_insert_block_size_rows": "4194304",
    "lightweight_deletes_sync": "2",
}
"""Of every connection. Rows without partner in a join are NULL, never 0; a batch is one block, so one part."""

Parameters = Mapping[str, Any]


class Store:
    """An open store. Use it as a context, or `close` it."""

    def __init__(self, client: Client, folder: Path | None = None) -> None:
        self._client = client
        self._folder = folder

    def arrow(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """A query's answer as Arrow columns; `{name:Type}` in `sql` is a parameter. StoreError with the reason."""
        try:
            data = self._client.raw_query(sql, dict(parameters or {}), fmt="ArrowStream")
        except ClickHouseError as error:
            raise _refused(error) from error
        if not data:
            return pa.table({})
        with pa.ipc.open_stream(data) as reader:
            return rows.readable(reader.read_all())

    def frame(self, sql: str, parameters: Parameters | None = None) -> pl.DataFrame:
        """A query's answer as a polars frame."""
        found = pl.from_arrow(self.arrow(sql, parameters))
        assert isinstance(found, pl.DataFrame)
        return found

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """A query's answer as tuples of Python values."""
        return self.frame(sql, parameters).rows()

    def run(self, statement: str, parameters: Parameters | None = None) -> None:
        """Run a statement that answers nothing; StoreError with the reason."""
        try:
            self._client.command(statement, dict(parameters or {}))
        except ClickHouseError as error:
            raise _refused(error) from error

    def insert(self, table: str, batch: pa.Table) -> Inserted:
        """Insert rows that are not there yet (`store.inserter`). When it returns, they are on disk."""
        return insert(self, TABLES[table], batch)

    def put(self, table: str, batch: pa.Table, token: str) -> None:
        """Insert rows as they are, in one part; the same `token` a second time does nothing."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_file(sink, batch.schema) as writer:
            writer.write_table(batch)
        try:
            self._client.raw_insert(
                f"{schema.DATABASE}.{table}",
                batch.column_names,
                sink.getvalue().to_pybytes(),
                {"insert_deduplication_token": token, "deduplicate_blocks_in_dependent_materialized_views": "1"},
                "Arrow",
            )
        except ClickHouseError as error:
            raise _refused(error) from error

    def table(self, name: str, owner: str) -> pl.DataFrame:
        """The rows that a table has of a run (of `audit`: of a log), in the order of their key."""
        table = TABLES[name]
        order = ", ".join(schema.quoted(column) for column in table.key)
        where = f"WHERE {table.owner} = {{owner:String}}"
        return self.frame(f"SELECT * FROM {schema.DATABASE}.{name} {where} ORDER BY {order}", {"owner": owner})

    def pieces(self, name: str, run: str, size: int) -> Iterator[pa.Table]:
        """A run's rows of a table in the order on disk, at most `size` at a time; at least one piece, maybe empty."""
        table = TABLES[name]
        order = ", ".join(schema.quoted(column) for column in table.sorting)
        sql = f"SELECT * FROM {schema.DATABASE}.{name} WHERE run = {{run:String}} ORDER BY {order} LIMIT {size}"
        offset = 0
        while True:
            piece = self.arrow(f"{sql} OFFSET {offset}", {"run": run})
            if piece.num_rows or not offset:
                yield piece
            if piece.num_rows < size:
                return
            offset += size

    def keep(self, name: str, days: int) -> None:
        """Let rows of a table go that many days after their time; 0: keep them."""
        change = f"MODIFY TTL {schema.expire(days)}" if days else "REMOVE TTL"
        if days or "TTL" in str(self.rows(f"SHOW CREATE TABLE {schema.DATABASE}.{name}")[0][0]):
            self.run(f"ALTER TABLE {schema.DATABASE}.{name} {change}")

    def forget(self, run: str) -> None:
        """Delete every row of a run, in tables and views."""
        for name in (*RUN_TABLES, *(f"{view}_state" for view in VIEWS)):
            where = f"FROM {schema.DATABASE}.{name} WHERE run = {{run:String}}"
            if self.rows(f"SELECT 1 {where} LIMIT 1", {"run": run}):
                self.run(f"DELETE {where}", {"run": run})

    def runs(self) -> list[str]:
        """The runs that have rows in any table, by name."""
        union = " UNION DISTINCT ".join(f"SELECT DISTINCT run FROM {schema.DATABASE}.{name}" for name in RUN_TABLES)
        return [str(row[0]) for row in self.rows(f"SELECT run FROM ({union}) ORDER BY run")]

    def repair(self, run: str) -> list[str]:
        """Make views anew that a killed process left behind (`store.schema.repair`)."""
        return schema.repair(self.run, self.rows, run)

    def close(self) -> None:
        """Close the connection and give the folder back."""
        self._client.close()
        if self._folder is not None:
            embedded.release(self._folder)
            self._folder = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def connect(dsn: str = DEFAULT, *, readonly: bool = False) -> Store:
    """Open a store; its tables are made if it may be written. StoreError names what is wrong with it."""
    settings = dict(SETTINGS)
    if dsn.startswith(("clickhouse://", "clickhouses://")):
        store = Store(server.open_client(dsn, settings))
    else:
        folder = folder_of(dsn)
        store = Store(embedded.open_client(folder, settings, create=not readonly), folder)
    try:
        if not readonly:
            schema.prepare(store.run, _columns(store))
        else:
            store.run("SET readonly = 2") if store._folder else store._client.set_client_setting("readonly", "2")
    except BaseException:
        store.close()
        raise
    return store


def folder_of(dsn: str) -> Path:
    """The folder that an address of an embedded store means; StoreError for another kind of address."""
    scheme, colon, rest = dsn.partition(":")
    if colon and scheme != "chdb":
        if "://" in dsn:
            raise StoreError(f"{dsn} is no address of a store: give chdb:PATH or clickhouse://USER:PASSWORD@HOST:PORT")
        rest = dsn
    path = (rest if colon else dsn).removeprefix("//")
    if not path or "?" in path:
        raise StoreError(f"{dsn!r} names no folder: give chdb:PATH")
    return Path(path)


def _columns(store: Store) -> dict[str, dict[str, str]]:
    """What is there: types of columns by table."""
    sql = "SELECT table, name, type FROM system.columns WHERE database = {database:String}"
    found: dict[str, dict[str, str]] = {}
    for table, name, kind in store.rows(sql, {"database": schema.DATABASE}):
        found.setdefault(table, {})[name] = kind
    return found


def _refused(error: ClickHouseError) -> StoreError:
    reason = str(error).splitlines()[0] if str(error) else type(error).__name__
    return StoreError(f"ClickHouse refused: {reason}")
