"""`hftos store`: loads runs into ClickHouse and asks it questions."""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import click

from store import export as parquet
from store import fees as fee_table
from store import run_counts, schema
from store.cli_values import dsn_option, errors_in_one_line, json_option, print_rows, print_table, progress
from store.client import connect
from store.errors import StoreError
from store.load import Loaded, Wishes, load
from store.run_folder import look_into
from store.tables import RUN_TABLES, TABLES
from store.views import VIEWS

FOLDER = Path("build/export")


@click.group()
def store() -> None:
    """Load runs into ClickHouse and query them.

    The store is a folder (build/store unless --dsn says otherwise) that one process at a time may open, or a server.
    """


@store.command("load")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN|FILE...")
@click.option("--run", "run", default="", help="Name of the run in the store.  [default: from what is loaded]")
@click.option("--date", "day", type=click.DateTime(["%Y-%m-%d"]), help="Day of a BinaryFILE whose name says none.")
@click.option("--final", is_flag=True, help="Nothing more will come of a run, though it has no report.")
@click.option("--new-log", is_flag=True, help="The audit log is a new one, begun where the store knows another.")
@click.option("--fees", type=click.Path(path_type=Path), default=fee_table.DEFAULT, help="Fees by liquidity, TOML.")
@dsn_option
@json_option
@errors_in_one_line
def load_command(
    paths: tuple[Path, ...],
    run: str,
    day: datetime | None,
    final: bool,
    new_log: bool,
    fees: Path,
    dsn: str,
    as_json: bool,
) -> None:
    """Load runs' folders, captures, BinaryFILEs of ITCH 5.0 or audit logs.

    Loading again adds what has come since and doubles nothing; a load that was broken off is finished by the next.
    """
    if run and len(paths) > 1:
        raise click.UsageError("--run names one run: give one RUN or FILE")
    rates = fee_table.read(fees)
    with connect(dsn) as opened, progress() as say:
        wishes = Wishes(rates, run, day.date() if day else None, final, say, new_log=new_log)
        found = [load(opened, path, wishes) for path in paths]
    if as_json:
        click.echo(json.dumps([loaded.as_json() for loaded in found], indent=2))
        return
    for loaded in found:
        _show_load(loaded)


def _show_load(loaded: Loaded) -> None:
    click.echo(f"run {loaded.run}" if loaded.log is None else f"audit log {loaded.log}")
    rows = [[name, f"{done.new:,}", f"{done.known:,}"] for name, done in sorted(loaded.tables.items()) if any(done)]
    print_table(["table", "rows added", "already there"], rows)
    notes = {name: number for name, number in loaded.counts.items() if number}
    click.echo(", ".join(f"{name.replace('_', ' ')} {number:,}" for name, number in notes.items()))
    if loaded.repaired:
        click.echo(f"made anew after a load that was broken off: {', '.join(loaded.repaired)}")


@store.command("runs")
@dsn_option
@json_option
@errors_in_one_line
def runs_command(dsn: str, as_json: bool) -> None:
    """List the runs, when they began and ended, and their rows."""
    parts = (f"SELECT run, min(t) AS a, max(t) AS b, count() AS n FROM {schema.DATABASE}.{name} GROUP BY run"
             for name in RUN_TABLES)  # fmt: skip
    sql = f"SELECT run, min(a) AS first, max(b) AS last, sum(n) AS rows FROM ({' UNION ALL '.join(parts)}) "
    with connect(dsn, readonly=True) as opened:
        print_rows(opened.frame(f"{sql} GROUP BY run ORDER BY first, run"), as_json=as_json)


@store.command("counts")
@click.argument("folder", required=False, type=click.Path(path_type=Path, file_okay=False), metavar="[RUN]")
@click.option("--run", "run", default="", help="Name of a run in the store.  [default: all, or that of the folder]")
@dsn_option
@json_option
@errors_in_one_line
def counts_command(folder: Path | None, run: str, dsn: str, as_json: bool) -> None:
    """Count rows by run and table; of a run's folder, compare the store with capture, journal and telemetry.

    Exits with status 1 when the sides of a folder do not agree.
    """
    if folder is None:
        _count_rows(run, dsn, as_json)
        return
    counts = run_counts.count(folder)
    name = run or look_into(folder).run
    with connect(dsn, readonly=True) as opened:
        counts["store"] = run_counts.stored(opened, name)
    found = run_counts.differences(counts)
    if as_json:
        click.echo(json.dumps({"run": name, "counts": counts, "differences": found}, indent=2))
    else:
        click.echo(f"run {name}")
        sides = [*counts]
        rows = [[what, *(_number(counts[side][what]) for side in sides)] for what in run_counts.NAMES]
        print_table(["", *sides], rows)
    if found:
        raise click.ClickException("they differ: " + "; ".join(found))


def _count_rows(run: str, dsn: str, as_json: bool) -> None:
    where = " WHERE run = {run:String}" if run else ""
    parts = (
        f"SELECT run, '{name}' AS table, count() AS rows FROM {schema.DATABASE}.{name}{where} GROUP BY run"
        for name in RUN_TABLES
    )
    with connect(dsn, readonly=True) as opened:
        found = opened.frame(f"SELECT * FROM ({' UNION ALL '.join(parts)}) ORDER BY run, table", {"run": run})
    if run and not found.height:
        raise StoreError(f"no run is called {run}: `hftos store runs` lists them")
    print_rows(found, as_json=as_json)


def _number(value: int | None) -> str:
    return "" if value is None else f"{value:,}"


@store.command("query")
@click.argument("sql")
@click.option("--param", "-p", "params", multiple=True, metavar="NAME=VALUE", help="Value of {NAME:Type} in SQL.")
@click.option("--write", is_flag=True, help="Allow statements that change the store; they answer nothing.")
@dsn_option
@json_option
@errors_in_one_line
def query_command(sql: str, params: tuple[str, ...], write: bool, dsn: str, as_json: bool) -> None:
    """Ask the store in SQL (ClickHouse's); the tables are in the database hftos.

    Nothing can be changed without --write. Example: hftos store query "SELECT symbol, count() FROM hftos.trades WHERE
    run = {run:String} GROUP BY symbol" -p run=NAME
    """
    values: dict[str, Any] = {}
    for text in params:
        name, equals, value = text.partition("=")
        if not equals or not name.isidentifier():
            raise click.UsageError(f"--param {text}: give NAME=VALUE")
        values[name] = value
    with connect(dsn, readonly=not write) as opened:
        if write:
            opened.run(sql, values)
        else:
            print_rows(opened.frame(sql, values), as_json=as_json)


@store.command("schema")
@click.option("--markdown", is_flag=True, help="The tables as in the documentation instead of SQL.")
@click.option("--keep", "days", type=click.IntRange(0, schema.MOST_DAYS), default=0, help="Let rows go after DAYS.")
@json_option
@errors_in_one_line
def schema_command(markdown: bool, days: int, as_json: bool) -> None:
    """Print the tables and views, as SQL; opens no store."""
    if as_json:
        tables = {
            name: {
                "meaning": table.meaning,
                "key": table.key,
                "order": table.sorting,
                "columns": [
                    {"name": c.name, "type": c.kind.sql, "codec": table.codec(c), "unit": c.unit, "meaning": c.meaning}
                    for c in table.columns
                ],
            }
            for name, table in TABLES.items()
        }
        click.echo(json.dumps(tables, indent=2))
    elif markdown:
        click.echo(schema.documentation(), nl=False)
    else:
        statements = [schema.create(table, days) for table in TABLES.values()]
        statements += [statement for view in VIEWS.values() for statement in schema.create_view(view)]
        click.echo(";\n\n".join(statements) + ";")


@store.command("keep")
@click.argument("table", type=click.Choice(sorted(TABLES)))
@click.argument("days", type=click.IntRange(0, schema.MOST_DAYS))
@dsn_option
@errors_in_one_line
def keep_command(table: str, days: int, dsn: str) -> None:
    """Let rows of TABLE go DAYS after their time (0: keep them for ever); those past it go at once."""
    with connect(dsn) as opened:
        opened.keep(table, days)
    click.echo(f"{table}: rows are kept {f'{days} days' if days else 'for ever'}")


@store.command("forget")
@click.argument("run")
@dsn_option
@errors_in_one_line
def forget_command(run: str, dsn: str) -> None:
    """Delete every row of RUN, to load it anew (with other fees, say)."""
    with connect(dsn) as opened:
        if run not in opened.runs():
            raise StoreError(f"no run is called {run}: `hftos store runs` lists them")
        opened.forget(run)
    click.echo(f"run {run} is no longer in the store")


@store.command("export")
@click.option("--run", "run", required=True, help="Name of the run (`hftos store runs`).")
@click.option("--out", type=click.Path(path_type=Path, file_okay=False), help="Folder.  [default: build/export/RUN]")
@click.option("--table", "tables", multiple=True, help="Only this table; may be given several times.")
@dsn_option
@json_option
@errors_in_one_line
def export_command(run: str, out: Path | None, tables: tuple[str, ...], dsn: str, as_json: bool) -> None:
    """Write a run's tables as Parquet files, one each."""
    folder = out or FOLDER / run
    with connect(dsn, readonly=True) as opened, progress() as say:
        written = parquet.export(opened, run, folder, tables, say)
    if as_json:
        click.echo(json.dumps({"run": run, "folder": str(folder), "rows": written}, indent=2))
        return
    print_table(["file", "rows"], ([f"{folder / name}.parquet", f"{rows:,}"] for name, rows in written.items()))
