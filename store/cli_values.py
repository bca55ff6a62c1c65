"""What several commands of `hftos store` share: the option for the store, errors in one line, tables of rows."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, TypeVar

import click
import polars as pl
import polars.selectors as cs
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn
from rich.table import Table

from store.client import DEFAULT
from store.errors import StoreError

F = TypeVar("F", bound=Callable[..., Any])


def dsn_option(command: F) -> F:
    """The option `--dsn`."""
    text = "The store: chdb:PATH, or clickhouse://USER:PASSWORD@HOST:PORT."
    return click.option("--dsn", default=DEFAULT, show_default=True, envvar="HFTOS_STORE", show_envvar=True, help=text)(
        command
    )


def json_option(command: F) -> F:
    """The option `--json`."""
    return click.option("--json", "as_json", is_flag=True, help="Print JSON.")(command)


def errors_in_one_line(command: F) -> F:
    """Turn StoreErrors of a command into click's one line and status 1."""

    @functools.wraps(command)
    def wrapped(*args: Any, **extra: Any) -> Any:
        try:
            return command(*args, **extra)
        except StoreError as error:
            raise click.ClickException(str(error)) from error

    return wrapped  # type: ignore[return-value]  # a wrapper of the same signature


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """A line of progress on standard error while something long runs; nothing where that is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.percentage:>3.0f} %"))
    with Progress(*columns, console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()) as bar:
        task = bar.add_task("", total=None)

        def say(what: str, done: int, total: int) -> None:
            bar.update(task, description=what, completed=done, total=total or None)

        yield say


def print_rows(frame: pl.DataFrame, *, as_json: bool) -> None:
    """Print rows: one JSON array of objects, or a table. Times in UTC to the ns, which Python's own do not hold."""
    frame = frame.with_columns(cs.datetime().dt.strftime("%Y-%m-%dT%H:%M:%S%.9f"))
    if as_json:
        click.echo(json.dumps([_plain_row(row) for row in frame.iter_rows(named=True)], indent=2))
        return
    print_table([*frame.columns], ([_text(value) for value in row] for row in frame.iter_rows()), frame.dtypes)


def print_table(names: list[str], rows: Iterable[Iterable[str]], kinds: Iterable[Any] = ()) -> None:
    """Print a table; columns of numbers to the right."""
    table = Table(box=None, header_style="bold")
    right = [getattr(kind, "is_numeric", lambda: False)() for kind in kinds] or [False] * len(names)
    for name, numeric in zip(names, right, strict=True):
        table.add_column(name, justify="right" if numeric else "left", overflow="fold")
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 200).print(table)


def _plain_row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: _plain(value) for name, value in row.items()}


def _plain(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, datetime | date):
        return _text(value)
    return value


def _text(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, datetime | date) else str(value)
