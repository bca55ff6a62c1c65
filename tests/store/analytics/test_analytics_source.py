"""Tables from the store are those that went in, and so is what is made of them."""

import json
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from click.testing import CliRunner

from store import rows
from store.analytics.cli import analyse
from store.analytics.inputs import InputError, inputs
from store.analytics.source import from_store
from store.client import connect
from store.tables import TABLES, Kind, Table
from tests.store.analytics import generated

RUN = "20261126T051607-a1b2"


def _rows(table: Table, frame: pl.DataFrame) -> list[dict[str, Any]]:
    """A frame's rows with the columns that the analytics do not need, blank."""
    texts = (Kind.TEXT, Kind.BYTES)
    blank = {column.name: "" if column.kind in texts else 0 for column in table.columns}
    return [blank | row for row in frame.iter_rows(named=True)]


@pytest.fixture(scope="module")
def dsn(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with one run; closed, because one process may have one at a time."""
    where = f"chdb:{tmp_path_factory.mktemp('store') / 'data'}"
    with connect(where) as store:
        for name, frame in generated.run(80).items():
            store.insert(name, rows.from_rows(TABLES[name], RUN, _rows(TABLES[name], frame)))
    return where


def test_the_store_gives_back_the_same_tables(dsn: str) -> None:
    wanted = inputs(RUN, generated.run(80))
    with connect(dsn, readonly=True) as store:
        found = from_store(store)
        assert from_store(store, RUN).rows() == found.rows()
    assert found.run == RUN
    for name in generated.run(80):
        assert getattr(found, name).equals(getattr(wanted, name)), name


def test_a_run_that_is_not_there_is_named_with_those_that_are(dsn: str) -> None:
    with connect(dsn, readonly=True) as store, pytest.raises(InputError, match=f"no run 'gone': it has {RUN}"):
        from_store(store, "gone")


def test_a_store_without_runs_says_how_to_get_one(tmp_path: Path) -> None:
    with connect(f"chdb:{tmp_path / 'new'}") as store, pytest.raises(InputError, match="hftos store load"):
        from_store(store)


def test_the_command_takes_the_run_from_the_store(dsn: str, tmp_path: Path) -> None:
    done = CliRunner().invoke(analyse, ["--dsn", dsn, "--run", RUN, "--out", str(tmp_path), "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["run"] == RUN
    assert found["rows"]["orders"] == generated.run(80)["orders"].height
