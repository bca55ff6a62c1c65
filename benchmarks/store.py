"""The store: rows a second into it, the quote at each trade out of it, beside DuckDB and polars in the same run."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa
from rich.table import Table

from benchmarks import store_rows
from store import asof, client, fees
from store.load import Wishes, load
from store.tables import L3_EVENTS

ROWS = 1_000_000
REPEATS = 5
JOINS = 20
RUN = "bench"

_JOINED = (
    "count(), sum(sequence * 3 + ifNull(quote_sequence, 0)), sum((2 * toInt64(price) - bid - ask) * toInt64(shares))"
)
_DUCKDB_JOIN = """
SELECT count(*), sum(sequence * 3 + coalesce(quote_sequence, 0)),
    sum((2 * price::BIGINT - bid - ask) * shares::BIGINT)
FROM (SELECT t.sequence, t.price, t.shares, q.sequence AS quote_sequence, q.bid, q.ask
    FROM trades t ASOF LEFT JOIN quotes q ON t.locate = q.locate AND t.sequence > q.sequence)
"""


def run(quick: bool = False, progress: Callable[[str], None] = lambda _: None) -> dict[str, Any]:
    """Ingest and joins of all three; the best of some runs. ``quick``: a tenth of the rows, once."""
    rows, repeats = (ROWS // 10, 1) if quick else (ROWS, REPEATS)
    with tempfile.TemporaryDirectory(prefix="hftos-store-") as folder:
        place = Path(folder)
        with client.connect(f"chdb:{place / 'store'}") as store:
            ingest = _ingest(store, place, rows, repeats, progress)
            joins = _joins(store, rows, 3 if quick else JOINS, progress)
            progress("ITCH file into the store")
            files = _file(store, place, rows, repeats)
        versions = {"clickhouse": _version(place), "duckdb": duckdb.__version__, "polars": pl.__version__}
    return {"rows": rows, "versions": versions, "ingest": ingest, "asof": joins, "file": files}


def _version(place: Path) -> str:
    with client.connect(f"chdb:{place / 'store'}", readonly=True) as store:
        return str(store.rows("SELECT version()")[0][0])


def _best(work: Callable[[], None], before: Callable[[], None], repeats: int) -> tuple[float, float]:
    """The shortest time of some runs, and the least CPU time of all threads, in seconds."""
    times, used = [], []
    for _ in range(repeats):
        before()
        begin, cpu = time.perf_counter(), time.process_time()
        work()
        times.append(time.perf_counter() - begin)
        used.append(time.process_time() - cpu)
    return min(times), min(used)


def _ingest(
    store: client.Store, place: Path, rows: int, repeats: int, progress: Callable[[str], None]
) -> list[dict[str, Any]]:
    """Events into each, from columns in memory to rows on disk."""
    batch = store_rows.events(rows, RUN)
    packed = place / "packed.bin"
    ways: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
        "store.insert: Arrow, keys looked up, fsync": (
            lambda: _whole(store.insert("l3_events", batch).new, rows),
            lambda: store.run("TRUNCATE TABLE hftos.l3_events"),
        ),
        "Arrow alone": (
            lambda: store.put("l3_events", batch, ""),
            lambda: store.run("TRUNCATE TABLE hftos.l3_events"),
        ),
        "packed NumPy records as RowBinary": (
            lambda: _row_binary(store, batch, packed),
            lambda: store.run("TRUNCATE TABLE hftos.l3_events"),
        ),
        "DuckDB, table in a file, checkpoint": (
            lambda: _duckdb_ingest(place / "duck.db", batch),
            lambda: (place / "duck.db").unlink(missing_ok=True),
        ),
        "polars, Parquet file": (
            lambda: _polars_ingest(place / "events.parquet", batch),
            lambda: (place / "events.parquet").unlink(missing_ok=True),
        ),
    }
    found = []
    for name, (work, before) in ways.items():
        progress(f"ingest: {name}")
        seconds, cpu = _best(work, before, repeats)
        rate = round(rows / seconds)
        found.append({"name": name, "rows": rows, "seconds": seconds, "cpu_seconds": cpu, "rate": rate})
    store.run("TRUNCATE TABLE hftos.l3_events")
    store.insert("l3_events", batch)
    size = store.rows("SELECT sum(bytes_on_disk) FROM system.parts WHERE active AND table = 'l3_events'")[0][0]
    found[0]["bytes_per_row"] = round(size / rows, 2)
    found[3]["bytes_per_row"] = round((place / "duck.db").stat().st_size / rows, 2)
    found[4]["bytes_per_row"] = round((place / "events.parquet").stat().st_size / rows, 2)
    return found


def _whole(new: int, rows: int) -> None:
    if new != rows:
        raise RuntimeError(f"{new} of {rows} rows are in the store")


def _row_binary(store: client.Store, batch: pa.Table, path: Path) -> None:
    """The same rows as packed records; texts as numbers, which ClickHouse turns into texts."""
    texts = [name for name in batch.column_names if pa.types.is_dictionary(batch.schema.field(name).type)]
    kinds = {column.name: column.kind.sql for column in L3_EVENTS.columns}
    columns, selected, declared = [], [], []
    dictionaries: dict[str, list[str]] = {}
    for name in batch.column_names:
        column = batch.column(name).combine_chunks()
        if name in texts:
            dictionaries[name] = column.dictionary.to_pylist()
            columns.append((name, column.indices.to_numpy().astype(np.uint16)))
            listed = ", ".join(f"'{text}'" for text in dictionaries[name])
            selected.append(f"[{listed}]::Array(LowCardinality(String))[{name} + 1]")
            declared.append(f"{name} UInt16")
        else:
            values = column.cast(pa.int64()) if name == "t" else column
            columns.append((name, values.to_numpy()))
            selected.append(name)
            declared.append(f"{name} {kinds[name]}")
    records = np.empty(batch.num_rows, np.dtype([(name, values.dtype) for name, values in columns]))
    for name, values in columns:
        records[name] = values
    path.write_bytes(records.data)
    structure = ", ".join(declared).replace("'", "\\'")
    store.run(
        f"INSERT INTO hftos.l3_events SELECT {', '.join(selected)} FROM file('{path}', 'RowBinary', '{structure}')"
    )


def _duckdb_ingest(path: Path, batch: pa.Table) -> None:
    with duckdb.connect(str(path)) as database:
        database.register("batch", batch)
        database.execute("CREATE TABLE l3_events AS SELECT * FROM batch")
        database.execute("CHECKPOINT")


def _polars_ingest(path: Path, batch: pa.Table) -> None:
    frame = pl.from_arrow(batch)
    assert isinstance(frame, pl.DataFrame)
    frame.write_parquet(path, compression="zstd")


def _joins(store: client.Store, rows: int, runs: int, progress: Callable[[str], None]) -> dict[str, Any]:
    """The quote at each trade; all three, the same answer."""
    trades, quotes = store_rows.trades_and_quotes(rows, RUN)
    store.insert("trades", trades)
    store.insert("quotes", quotes)
    store.run("OPTIMIZE TABLE hftos.trades FINAL")
    store.run("OPTIMIZE TABLE hftos.quotes FINAL")
    sql = f"SELECT {_JOINED} FROM ({asof.QUOTED_TRADES})"
    parameters = {"run": RUN, "venue": 0}
    with duckdb.connect() as database:
        for name, batch in (("trades", trades), ("quotes", quotes)):
            database.register("batch", batch)
            database.execute(f"CREATE TABLE {name} AS SELECT * FROM batch")
        engines: dict[str, Callable[[], tuple[int, ...]]] = {
            "store": lambda: store.rows(sql, parameters)[0],
            "DuckDB": lambda: tuple(database.execute(_DUCKDB_JOIN).fetchall()[0]),
            "polars": _polars_join(trades, quotes),
        }
        found = []
        for name, work in engines.items():
            progress(f"ASOF join: {name}")
            found.append(_joined(name, work, runs))
    answers = {tuple(entry.pop("answer")) for entry in found}
    if len(answers) != 1:
        raise RuntimeError(f"the engines' answers differ: {answers}")
    return {"trades": rows, "quotes": rows, "runs": runs, "same_answer": True, "engines": found}


def _joined(name: str, work: Callable[[], tuple[int, ...]], runs: int) -> dict[str, Any]:
    times, used, answers = [], [], set()
    for _ in range(runs):
        begin, cpu = time.perf_counter(), time.process_time()
        answers.add(tuple(int(value) for value in work()))
        times.append(time.perf_counter() - begin)
        used.append(time.process_time() - cpu)
    if len(answers) != 1:
        raise RuntimeError(f"{name} gave {len(answers)} answers in {runs} runs: {answers}")
    milliseconds = [1_000 * seconds for seconds in times]
    summary = {
        "best_ms": round(min(milliseconds), 1),
        "median_ms": round(statistics.median(milliseconds), 1),
        "worst_ms": round(max(milliseconds), 1),
        "cpu_ms": round(1_000 * min(used), 1),
    }
    return {"name": name, **summary, "answer": answers.pop()}


def _polars_join(trades: pa.Table, quotes: pa.Table) -> Callable[[], tuple[int, ...]]:
    frames = [pl.from_arrow(batch) for batch in (trades, quotes)]
    left, right = (frame.sort("sequence") for frame in frames if isinstance(frame, pl.DataFrame))
    right = right.select("locate", "sequence", "bid", "ask", quote_sequence="sequence")

    def work() -> tuple[int, ...]:
        joined = left.lazy().join_asof(
            right.lazy(), on="sequence", by="locate", allow_exact_matches=False, check_sortedness=False
        )
        middle = 2 * pl.col("price").cast(pl.Int64) - pl.col("bid") - pl.col("ask")
        sums = joined.select(
            pl.len(),
            (pl.col("sequence") * 3 + pl.col("quote_sequence").fill_null(0)).sum().alias("numbers"),
            (middle * pl.col("shares").cast(pl.Int64)).sum().alias("money"),
        )
        return sums.collect().row(0)

    return work


def _file(store: client.Store, place: Path, rows: int, repeats: int) -> dict[str, Any]:
    """A BinaryFILE, from the file to events, quotes and trades in the store."""
    path = place / "01022026.itch"
    path.write_bytes(store_rows.itch_file(rows))
    wishes = Wishes(fees.read(), "file")
    seconds, cpu = _best(lambda: _loaded(store, path, wishes), lambda: store.forget("file"), min(repeats, 3))
    return {"messages": rows, "seconds": seconds, "cpu_seconds": cpu, "rate": round(rows / seconds)}


def _loaded(store: client.Store, path: Path, wishes: Wishes) -> None:
    load(store, path, wishes)


def tables(results: dict[str, Any]) -> list[Table]:
    """Ingest and joins."""
    ingest = Table(title=f"{results['rows']:,} events of the order-by-order feed, columns in memory to rows on disk")
    for name, right in (("way", False), ("rows/s", True), ("CPU s", True), ("bytes a row", True)):
        ingest.add_column(name, justify="right" if right else "left")
    for row in results["ingest"]:
        ingest.add_row(row["name"], f"{row['rate']:,}", f"{row['cpu_seconds']:.2f}", str(row.get("bytes_per_row", "")))
    ingest.add_row(
        "ITCH file, decoded, with quotes and trades",
        f"{results['file']['rate']:,}",
        f"{results['file']['cpu_seconds']:.2f}",
        "",
    )
    join = Table(title=f"The quote at each of {results['asof']['trades']:,} trades, {results['asof']['runs']} runs, ms")
    for name, right in (("engine", False), ("best", True), ("median", True), ("worst", True), ("CPU", True)):
        join.add_column(name, justify="right" if right else "left")
    for row in results["asof"]["engines"]:
        join.add_row(row["name"], *(f"{row[key]:.1f}" for key in ("best_ms", "median_ms", "worst_ms", "cpu_ms")))
    return [ingest, join]
