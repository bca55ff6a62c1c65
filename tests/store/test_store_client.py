"""What a store has, and what a query gives back."""

import polars as pl
import pytest

from store.client import Store
from store.errors import StoreError
from store.tables import TABLES
from store.views import VIEWS


def test_a_new_store_has_every_table_with_the_columns_of_its_rows(opened: Store) -> None:
    for table in TABLES.values():
        sql = "SELECT name, type FROM system.columns WHERE database = 'hftos' AND table = {table:String}"
        there = opened.rows(sql, {"table": table.name})
        assert there == [(column.name, column.kind.sql) for column in table.columns]
        assert opened.table(table.name, "").columns == list(table.names)
    for name in VIEWS:
        assert opened.rows(f"SELECT count() FROM hftos.{name}") == [(0,)]


@pytest.mark.parametrize("name", TABLES)
def test_the_key_says_which_row_it_is(name: str) -> None:
    table = TABLES[name]
    assert table.owner == ("log" if name == "audit" else "run")
    assert table.counter in table.key
    assert set(table.key) | set(table.sorting) <= set(table.names)
    assert "t" in table.names, "partitions and expiry go by time"


def test_a_query_gives_texts_numbers_and_times_to_the_nanosecond(opened: Store) -> None:
    t = "toDateTime64('2026-01-02 03:04:05.123456789', 9, 'UTC')"
    found = opened.frame(f"SELECT 'é' AS text, {t} AS t, -1 AS n, unhex('FF') AS payload")
    assert found["text"].to_list() == ["é"]
    assert found["t"].dtype == pl.Datetime("ns", "UTC")
    assert found["t"].to_physical().to_list()[0] % 1_000_000_000 == 123_456_789
    assert found["n"].to_list() == [-1]
    assert found["payload"].to_list() == [b"\xff"]
    with pytest.raises(StoreError, match=r"broken holds bytes that are no text: select hex\(broken\)"):
        opened.frame("SELECT unhex('FF') AS broken")


def test_parameters_are_values_and_never_sql(opened: Store) -> None:
    hostile = "' OR 1 = 1; DROP TABLE hftos.trades --"
    assert opened.rows("SELECT {text:String} AS text, {n:UInt8} + 1", {"text": hostile, "n": 7}) == [(hostile, 8)]


def test_an_outer_join_without_partner_is_null_and_not_zero(opened: Store) -> None:
    sql = "SELECT r.n AS n FROM (SELECT 1 AS k) AS l LEFT JOIN (SELECT 2 AS k, 5 AS n) AS r ON l.k = r.k"
    assert opened.rows(sql) == [(None,)]


def test_refusals_of_clickhouse_are_one_line(opened: Store) -> None:
    with pytest.raises(StoreError, match="ClickHouse refused: Code: 60") as caught:
        opened.frame("SELECT * FROM hftos.nothing")
    assert "\n" not in str(caught.value)
