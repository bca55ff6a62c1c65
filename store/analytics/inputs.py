"""The tables that the analytics read, and how they are brought into one form.

Columns and units are those of the store (`docs/store.md`). Times become Int64 ns since 1970 UTC, prices, shares and
fees Int64. Rows are in the order of their key, so every result is the same on each run. Rows of own orders have one
column more, `login`: a UserRefNum is an order's only within its login and venue (`store.segments`).
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import polars as pl

from store.segments import LOGIN_SHIFT

PRICE_LIMIT: Final = 2**31
SHARES_LIMIT: Final = 10**9
"""Largest price4 and shares of one row; their doubled product fits 63 bits."""
FEE_LIMIT: Final = 2**60
"""Largest fee of one row, either way; with the doubled product it fits 63 bits."""
SEQUENCE_LIMIT: Final = 2**54
"""Sequence numbers are smaller; with the number of a venue one fits 63 bits."""


class InputError(Exception):
    """A table cannot be used; the text names table, column and value, and what to do."""


class Table(NamedTuple):
    """A table's columns: `key` (sorts and is unique), text, integers, and integers that older stores do not have."""

    key: tuple[str, ...]
    text: tuple[str, ...]
    numbers: tuple[str, ...]
    optional: tuple[str, ...] = ()


TABLES: Final[Mapping[str, Table]] = {
    "orders": Table(
        ("venue", "number"),
        ("venue", "event", "symbol", "side", "tif", "strategy", "reason"),
        ("number", "t", "reference", "replaces", "price", "shares"),
        ("order_ref", "exchange_ns", "match"),
    ),
    "executions": Table(
        ("venue", "number"),
        ("venue", "symbol", "side", "liquidity", "strategy"),
        ("number", "t", "reference", "price", "shares", "match", "fee"),
        ("exchange_ns",),
    ),
    "decisions": Table(
        ("number",),
        ("check", "strategy", "cause", "venue", "feed_venue", "symbol", "side"),
        ("number", "t", "code", "sequence", "reference", "replaces", "shares", "price"),
    ),
    "quotes": Table(
        ("venue", "symbol", "sequence"),
        ("venue", "symbol"),
        ("sequence", "t", "bid", "bid_shares", "ask", "ask_shares"),
    ),
    "trades": Table(
        ("venue", "sequence"),
        ("venue", "symbol", "side"),
        ("sequence", "t", "price", "shares", "match"),
    ),
    "positions": Table(("number", "symbol"), ("symbol",), ("number", "t", "shares")),
    "l3_events": Table(
        ("venue", "sequence"),
        ("venue", "symbol", "event", "side"),
        ("sequence", "t", "exchange_ns", "order_ref", "new_ref", "price", "shares", "match"),
    ),
}
MARKET: Final = ("quotes", "trades", "l3_events")
REQUIRED: Final = ("orders", "executions")


@dataclass(frozen=True)
class Inputs:
    """One run's tables. A table that is empty is one that was not recorded; what needs it is reported as missing."""

    run: str
    orders: pl.DataFrame
    executions: pl.DataFrame
    decisions: pl.DataFrame
    quotes: pl.DataFrame
    trades: pl.DataFrame
    positions: pl.DataFrame
    l3_events: pl.DataFrame

    def rows(self) -> dict[str, int]:
        """Rows by table."""
        return {name: frame(self, name).height for name in TABLES}


def frame(inputs: Inputs, name: str) -> pl.DataFrame:
    """A table by its name."""
    found: pl.DataFrame = getattr(inputs, name)
    return found


def inputs(run: str, frames: Mapping[str, pl.DataFrame]) -> Inputs:
    """Check and order the frames of a run. Tables that are not given are empty; InputError for what cannot be used."""
    unknown = sorted(set(frames) - set(TABLES))
    if unknown:
        raise InputError(f"no table is called {unknown[0]}: the tables are {', '.join(TABLES)}")
    return Inputs(run, **{name: normalised(name, frames.get(name)) for name in TABLES})


def normalised(name: str, given: pl.DataFrame | None) -> pl.DataFrame:
    """A table with exactly the columns of `TABLES` and, of own orders, `login`; in the order of its key, each once."""
    table = TABLES[name]
    if given is None or not given.width:
        return _with_login(table, pl.DataFrame(schema=_schema(table)))
    missing = [column for column in (*table.text, *table.numbers) if column not in given.columns]
    if missing:
        raise InputError(f"table {name} has no column {missing[0]}: load the run again with `hftos store load`")
    broken = [column for column in (*table.numbers, *table.optional) if _may_be_broken(given.schema.get(column))]
    if broken:
        raise InputError(f"table {name}: {broken[0]} is {given.schema[broken[0]]}, it has to be an integer")
    added = [pl.lit(0, pl.Int64).alias(column) for column in table.optional if column not in given.columns]
    try:
        result = given.with_columns(*added, *(_plain_time(given, c) for c in given.columns if c == "t"))
        result = result.select(
            pl.col(column).cast(kind).fill_null("" if kind is pl.String else 0)
            for column, kind in _schema(table).items()
        )
    except (pl.exceptions.PolarsError, OverflowError) as error:
        raise InputError(f"table {name} has values that do not fit its columns: {error}") from error
    if "side" in table.text:  # OUCH 5.0 has T and E for sales that are short, and short and exempt
        result = result.with_columns(pl.col("side").replace({"T": "S", "E": "S"}))
    result = once(result.sort(table.key, maintain_order=True), table.key)
    _check(name, result)
    return _with_login(table, result)


def _with_login(table: Table, rows: pl.DataFrame) -> pl.DataFrame:
    if "reference" not in table.numbers:
        return rows
    return rows.with_columns((pl.col("number") // (1 << LOGIN_SHIFT)).alias("login"))


def _may_be_broken(kind: pl.DataType | None) -> bool:
    """Whether a column may hold what is no integer: amounts are never rounded in silence."""
    return kind is not None and (kind.is_float() or kind.is_decimal())


def once(rows: pl.DataFrame, key: tuple[str, ...]) -> pl.DataFrame:
    """The first of all rows with the same key; `rows` are sorted by it."""
    return rows.filter(pl.any_horizontal(pl.col(name).ne_missing(pl.col(name).shift(1)) for name in key))


def read_folder(path: Path, run: str = "") -> Inputs:
    """Read `<table>.parquet` files of a folder; tables without a file are empty. InputError names what is wrong."""
    found: dict[str, pl.DataFrame] = {}
    for name in TABLES:
        file = path / f"{name}.parquet"
        if not file.is_file():
            continue
        try:
            with file.open("rb") as opened:  # a path would be a pattern to polars, and text
                found[name] = pl.read_parquet(opened)
        except (OSError, pl.exceptions.PolarsError) as error:
            raise InputError(f"{file}: not a Parquet file that can be read ({error})") from error
    for name in REQUIRED:
        if name not in found:
            raise InputError(f"{path} has no {name}.parquet: give a folder that `hftos store export` has written")
    return inputs(run or os.fsencode(path.resolve().name).decode("utf-8", "replace"), found)


def _schema(table: Table) -> dict[str, type[pl.DataType]]:
    kinds: dict[str, type[pl.DataType]] = dict.fromkeys(table.text, pl.String)
    kinds.update(dict.fromkeys((*table.numbers, *table.optional), pl.Int64))
    return kinds


def _plain_time(given: pl.DataFrame, column: str) -> pl.Expr:
    """A time as Int64 ns, whatever its unit was."""
    kind = given.schema[column]
    if isinstance(kind, pl.Datetime):
        return pl.col(column).dt.cast_time_unit("ns").to_physical()
    return pl.col(column)


def _check(name: str, table: pl.DataFrame) -> None:
    """Refuse what no exchange sends, because the sums would not be exact: InputError."""
    limits = {"price": (0, PRICE_LIMIT), "bid": (0, PRICE_LIMIT), "ask": (0, PRICE_LIMIT), "shares": (0, SHARES_LIMIT)}
    if name in ("positions", "l3_events", "decisions"):
        limits = {}  # no sums are made of them; and decisions are there that were refused for their size
    limits |= {"sequence": (0, SEQUENCE_LIMIT - 1), "fee": (-FEE_LIMIT, FEE_LIMIT)}
    for column, (low, high) in limits.items():
        if column not in table.columns:
            continue
        bad = table.filter(~pl.col(column).is_between(low, high)).head(1)
        if bad.height:
            raise InputError(f"table {name}: {column} is {bad[column][0]}, it has to be between {low} and {high}")
    if name == "executions":
        bad = table.filter(~pl.col("side").is_in(["B", "S"])).head(1)
        if bad.height:
            raise InputError(f"table {name}: side is {bad['side'][0]!r}, it has to be B, S, T or E")
