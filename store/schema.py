"""From the tables' rows to ClickHouse: DDL, what an older store lacks, views that have fallen behind, expiry."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from store.errors import StoreError
from store.tables import TABLES, Column, Table
from store.views import VIEWS, View

DATABASE: Final = "hftos"
DURABLE: Final = "fsync_after_insert = 1, fsync_part_directory = 1"
"""A part is on disk, and so is the directory that names it, before an insert returns."""
TOKENS: Final = 1000
"""Inserts that a table remembers, so that one sent again over a broken connection is not done twice."""
MOST_DAYS: Final = 36_500

Run = Callable[..., Any]
"""Runs a statement; with parameters as second argument."""


def quoted(name: str) -> str:
    """An identifier as SQL."""
    return f"`{name}`"


def create(table: Table, days: int = 0, *, database: str = DATABASE) -> str:
    """The statement that makes a table. `days`: rows go that long after their time; 0: they stay."""
    columns = ",\n    ".join(_declaration(table, column) for column in table.columns)
    expiry = f"\nTTL {expire(days)}" if days else ""
    return (
        f"CREATE TABLE IF NOT EXISTS {database}.{table.name}\n(\n    {columns}\n)\n"
        f"ENGINE = MergeTree\nPARTITION BY toYYYYMM(t)\nORDER BY ({_list(table.sorting)}){expiry}\n"
        f"SETTINGS {DURABLE}, non_replicated_deduplication_window = {TOKENS}\nCOMMENT '{_escaped(table.meaning)}'"
    )


def create_view(view: View, *, database: str = DATABASE) -> tuple[str, str, str]:
    """The statements that make a view: table of its states, what fills it, what reads it."""
    state = f"{database}.{view.name}_state"
    return (
        f"CREATE TABLE IF NOT EXISTS {state} ({view.columns})\nENGINE = AggregatingMergeTree\n"
        f"ORDER BY ({view.order})\nSETTINGS {DURABLE}\nCOMMENT '{_escaped(view.meaning)}'",
        f"CREATE MATERIALIZED VIEW IF NOT EXISTS {database}.{view.name}_fill TO {state} AS\n{fill(view, database)}",
        f"CREATE VIEW IF NOT EXISTS {database}.{view.name} AS\nSELECT {view.read} FROM {state} GROUP BY {view.group}",
    )


def fill(view: View, database: str = DATABASE, where: str = "") -> str:
    """The query that makes a view's states out of its source."""
    return f"SELECT {view.fill} FROM {database}.{view.source}{where} GROUP BY {view.group}"


def expire(days: int) -> str:
    """The expression of an expiry; StoreError for days that are none."""
    if not 1 <= days <= MOST_DAYS:
        raise StoreError(f"rows are kept 1 to {MOST_DAYS} days, not {days}: give another number, or 0 to keep them")
    return f"toDateTime(t) + INTERVAL {days} DAY"


def prepare(run: Run, there: Mapping[str, Mapping[str, str]]) -> list[str]:
    """Make what a store lacks; gives the names of tables and columns made.

    `there`: types of columns by table. StoreError when a column has another type than the table's row says: nothing is
    converted.
    """
    made: list[str] = []
    run(f"CREATE DATABASE IF NOT EXISTS {DATABASE}")
    for table in TABLES.values():
        if table.name in there:
            made += _add_columns(run, table, there[table.name])
        else:
            run(create(table))
            made.append(table.name)
    for view in VIEWS.values():
        if view.name not in there:
            made.append(view.name)
            for statement in create_view(view):
                run(statement)
    return made


def _add_columns(run: Run, table: Table, there: Mapping[str, str]) -> list[str]:
    added = []
    before = ""
    for column in table.columns:
        kind = there.get(column.name)
        if kind is None:
            place = f"AFTER {quoted(before)}" if before else "FIRST"
            run(f"ALTER TABLE {DATABASE}.{table.name} ADD COLUMN {_declaration(table, column)} {place}")
            added.append(f"{table.name}.{column.name}")
        elif kind != column.kind.sql:
            raise StoreError(
                f"{table.name}.{column.name} is {kind} in this store, this version needs {column.kind.sql}: "
                "load the runs into a new store (--dsn)"
            )
        before = column.name
    return added


def repair(run: Run, rows: Callable[..., list[tuple[Any, ...]]], name: str) -> list[str]:
    """Make the views of a run anew that do not stand for all rows of their source; gives the names of those."""
    repaired = []
    for view in VIEWS.values():
        parameters = {"run": name}
        counted = f"SELECT (SELECT count() FROM {DATABASE}.{view.source} WHERE run = {{run:String}}), " + (
            f"(SELECT sum(rows) FROM {DATABASE}.{view.name}_state WHERE run = {{run:String}})"
        )
        source, state = rows(counted, parameters)[0]
        if source == (state or 0):
            continue
        run(f"DELETE FROM {DATABASE}.{view.name}_state WHERE run = {{run:String}}", parameters)
        statement = f"INSERT INTO {DATABASE}.{view.name}_state {fill(view, where=' WHERE run = {run:String}')}"
        run(statement, parameters)
        repaired.append(view.name)
    return repaired


def documentation() -> str:
    """The tables as Markdown, for `docs/store.md`."""
    lines: list[str] = []
    for table in TABLES.values():
        lines += [f"### {table.name}", "", table.meaning, "", f"Key: {', '.join(f'`{name}`' for name in table.key)}."]
        if table.order:
            lines[-1] += f" On disk in the order of {', '.join(f'`{name}`' for name in table.order)}."
        lines += ["", "| Column | Type | Unit | Meaning |", "|---|---|---|---|"]
        lines += [f"| `{c.name}` | {c.kind.sql} | {c.unit} | {c.meaning} |" for c in table.columns]
        lines.append("")
    lines += ["### Views", "", "| View | Of | Meaning |", "|---|---|---|"]
    lines += [f"| `{view.name}` | `{view.source}` | {view.meaning} |" for view in VIEWS.values()]
    return "\n".join(lines) + "\n"


def _declaration(table: Table, column: Column) -> str:
    meaning = f"{column.meaning} [{column.unit}]" if column.unit else column.meaning
    return f"{quoted(column.name)} {column.kind.sql} COMMENT '{_escaped(meaning)}' CODEC({table.codec(column)})"


def _list(names: Iterable[str]) -> str:
    return ", ".join(quoted(name) for name in names)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("'", "\\'")
