"""Writes a run's tables as Parquet files, one each; what analytics read without a store."""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from store.client import Store
from store.errors import StoreError
from store.tables import RUN_TABLES

PIECE: Final = 1 << 20
"""Rows that are read at a time."""


def export(
    store: Store,
    run: str,
    folder: Path,
    tables: tuple[str, ...] = (),
    say: Callable[[str, int, int], None] = lambda *_: None,
) -> dict[str, int]:
    """Write `TABLE.parquet` for every table (or the given ones) of a run, also empty ones; gives rows by table.

    Rows are in the order on disk, times are UTC with ns. A file is complete when it has its name. StoreError for a run
    or a table that is not there, and when a file cannot be written.
    """
    for name in tables:
        if name not in RUN_TABLES:
            raise StoreError(f"no table of runs is called {name}: the tables are {', '.join(RUN_TABLES)}")
    if run not in store.runs():
        raise StoreError(f"no run is called {run}: `hftos store runs` lists them")
    written = {}
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for done, name in enumerate(tables or tuple(RUN_TABLES)):
            say(name, done, len(tables or RUN_TABLES))
            written[name] = _write(store, run, name, folder / f"{name}.parquet")
    except OSError as error:
        raise StoreError(f"{folder}: {error.strerror or error}: give another --out") from error
    return written


def _write(store: Store, run: str, name: str, path: Path) -> int:
    part = path.with_suffix(".part")
    count = 0
    writer: pq.ParquetWriter | None = None
    try:
        for piece in store.pieces(name, run, PIECE):
            # ClickHouse gives texts that repeat as plain strings; as dictionaries they are a fraction of the size.
            writer = writer or pq.ParquetWriter(part, piece.schema, compression="zstd", version="2.6")
            writer.write_table(piece)
            count += piece.num_rows
    except pa.ArrowException as error:
        raise StoreError(f"{path}: {error}") from error
    finally:
        if writer is not None:
            writer.close()
    part.replace(path)
    return count
