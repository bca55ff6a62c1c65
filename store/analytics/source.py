"""Where the tables of a run come from: the store, a run's folder by way of the store, or a folder of Parquet files that
the store has exported."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import polars as pl

from store import fees
from store.analytics.inputs import MARKET, TABLES, InputError, Inputs, inputs, read_folder
from store.client import Store, connect
from store.load import Wishes, load
from store.run_folder import look_into
from store.schema import DATABASE, quoted

OWN: Final = ("orders", "executions", "decisions", "positions")


def from_folder(folder: Path, dsn: str, run: str, say: Callable[[str], None]) -> Inputs:
    """The tables of a folder: Parquet files, or a run's, which is loaded into the store first (what is there already is
    not loaded again). `run`: its name, "" for its own. InputError, StoreError."""
    if not folder.is_dir():
        raise InputError(f"{folder} is no folder: give a run's folder, or --run with a name from `hftos store runs`")
    if (folder / f"{OWN[0]}.parquet").is_file():
        return read_folder(folder, run)
    look_into(folder, run)
    with connect(dsn) as store:
        wishes = Wishes(fees.read(), run, alerts=False, say=lambda what, *_: say(f"loading the run: {what}"))
        loaded = load(store, folder, wishes)
        say("reading the run from the store")
        return from_store(store, loaded.run)


def from_store(store: Store, run: str = "") -> Inputs:
    """The tables of a run, the market's only for symbols that were traded; without a name, of the only or latest run.

    InputError names the runs that are there; StoreError is the store's.
    """
    known = store.runs()
    if not known:
        raise InputError("the store has no runs: load one with `hftos store load`")
    run = run or known[-1]
    if run not in known:
        raise InputError(f"the store has no run {run!r}: it has {', '.join(known[-5:])}")
    frames = {name: _rows(store, name, run) for name in OWN}
    symbols = sorted({*frames["orders"]["symbol"], *frames["executions"]["symbol"]} - {""})
    return inputs(run, frames | {name: _rows(store, name, run, symbols) for name in MARKET})


def _rows(store: Store, name: str, run: str, symbols: Sequence[str] | None = None) -> pl.DataFrame:
    """A run's rows of a table: the columns that are used."""
    table = TABLES[name]
    columns = ", ".join(quoted(column) for column in dict.fromkeys((*table.text, *table.numbers, *table.optional)))
    sql = f"SELECT {columns} FROM {DATABASE}.{name} WHERE run = {{run:String}}"
    if symbols is not None:
        sql += " AND symbol IN {symbols:Array(String)}"
    return store.frame(sql, {"run": run, "symbols": list(symbols or ())})
