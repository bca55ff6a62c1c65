"""Opening the store: where it is, who has it, what may be done with it, what an older one lacks."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from store import schema
from store.client import connect, folder_of
from store.embedded import LOCK
from store.errors import StoreError
from store.tables import TABLES
from tests.store.test_store_inserter import trades

ROOT = Path(__file__).resolve().parents[2]


def test_an_older_store_gets_the_columns_that_it_lacks(tmp_path: Path) -> None:
    dsn = f"chdb:{tmp_path / 'data'}"
    with connect(dsn) as store:
        store.insert("trades", trades("old", [1, 2]))
        store.run("ALTER TABLE hftos.trades DROP COLUMN match")
        store.run("DROP TABLE hftos.states")
    with connect(dsn) as store:
        assert store.table("trades", "old").columns == list(TABLES["trades"].names)
        assert store.table("trades", "old")["match"].to_list() == [0, 0]
        assert store.table("states", "old").height == 0


def test_a_column_of_another_type_is_not_converted(tmp_path: Path) -> None:
    dsn = f"chdb:{tmp_path / 'data'}"
    with connect(dsn) as store:
        store.run("ALTER TABLE hftos.trades MODIFY COLUMN price UInt64")
    with pytest.raises(StoreError, match=r"trades\.price is UInt64 in this store, this version needs UInt32: load"):
        connect(dsn)
    connect(f"chdb:{tmp_path / 'other'}").close()


def test_readers_cannot_change_anything(tmp_path: Path) -> None:
    dsn = f"chdb:{tmp_path / 'data'}"
    with connect(dsn) as store:
        store.insert("trades", trades("kept", [1]))
    with connect(dsn, readonly=True) as store:
        for statement in (
            "DROP TABLE hftos.trades",
            "INSERT INTO hftos.states VALUES ('', 1, 1, '')",
            "SET readonly=0",
        ):
            with pytest.raises(StoreError, match="READONLY"):
                store.run(statement)
        with pytest.raises(StoreError, match="READONLY"):
            store.insert("trades", trades("kept", [2]))
        assert store.table("trades", "kept")["sequence"].to_list() == [1]


def test_a_reader_makes_no_store(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"there is no store in .*: load a run with `hftos store load`"):
        connect(f"chdb:{tmp_path / 'none'}", readonly=True)
    assert not (tmp_path / "none").exists()


def test_a_store_in_use_names_the_process_that_has_it(tmp_path: Path) -> None:
    dsn = f"chdb:{tmp_path / 'data'}"
    script = f"from store.client import connect\nconnect({dsn!r})"
    with connect(dsn) as store, connect(dsn) as second:  # this process may open it as often as it likes
        second.insert("trades", trades("both", [1]))
        assert store.table("trades", "both").height == 1
        other = subprocess.run(
            [sys.executable, "-c", script],
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert f"is in use by process {os.getpid()}: wait for it, or end it" in other.stderr
        with pytest.raises(StoreError, match=r"this process has the store in .* open: close it before"):
            connect(f"chdb:{tmp_path / 'other'}")
    connect(dsn).close()
    assert (tmp_path / "data" / LOCK).read_text() == f"{os.getpid()}\n"


@pytest.mark.parametrize(
    ("dsn", "folder"),
    [("chdb:///a/b", "/a/b"), ("chdb:a/b", "a/b"), ("chdb://a/b", "a/b"), ("a/b", "a/b"), ("/x:y", "/x:y")],
)
def test_addresses_of_an_embedded_store(dsn: str, folder: str) -> None:
    assert folder_of(dsn) == Path(folder)


@pytest.mark.parametrize(
    ("dsn", "wrong"),
    [
        ("mysql://host/db", "mysql://host/db is no address of a store: give chdb:PATH or clickhouse://"),
        ("", "'' names no folder"),
        ("chdb:", "'chdb:' names no folder"),
        ("chdb:///a?x=1", "names no folder"),
        ("clickhouse://:pw@", "names no host"),
        ("clickhouse://u:secret@host:99999", "clickhouse://…@host:99999 is no address of a server"),
        ("clickhouse://u:secret@host/other", "clickhouse://…@host/other: the store's database is called hftos"),
        ("clickhouse://u:secret@127.0.0.1:1", "no ClickHouse at 127.0.0.1:1: "),
        ("chdb:/proc/no/such", "/proc/no/such: .*give another --dsn"),
    ],
)
def test_wrong_addresses_are_named_without_their_password(dsn: str, wrong: str) -> None:
    with pytest.raises(StoreError, match=wrong) as caught:
        connect(dsn)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_rows_go_after_their_time_and_stay_again(tmp_path: Path) -> None:
    with connect(f"chdb:{tmp_path / 'data'}") as store:
        store.keep("trades", 0)
        store.insert("trades", trades("kept", [1, 2]))  # of the year 2027
        store.run(
            "INSERT INTO hftos.trades SELECT * REPLACE ('2001-01-01 00:00:00' AS t, sequence + 10 AS sequence) "
            "FROM hftos.trades"
        )
        assert store.table("trades", "kept").height == 4
        store.keep("trades", 3_650)
        store.run("OPTIMIZE TABLE hftos.trades FINAL")
        assert store.table("trades", "kept")["sequence"].to_list() == [1, 2]
        store.keep("trades", 0)
        assert "TTL" not in store.rows("SHOW CREATE TABLE hftos.trades")[0][0]
        for days in (-1, schema.MOST_DAYS + 1):
            with pytest.raises(StoreError, match=f"rows are kept 1 to 36500 days, not {days}"):
                store.keep("trades", days)
