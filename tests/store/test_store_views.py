"""Materialised views: they say what their source says, and are made anew when a killed process left them behind."""

import itertools

import polars as pl

from store import rows, schema
from store.client import Store
from store.tables import DECISIONS, LATENCY
from store.views import VIEWS
from tests.store.test_store_inserter import BEGIN, trades

runs = (f"view{number}" for number in itertools.count())


def test_bars_are_those_of_the_trades(opened: Store) -> None:
    run = next(runs)
    for piece in ([3, 1, 2], [9, 4], [7, 8, 5, 6]):  # out of order: open and close go by number
        opened.insert("trades", trades(run, piece, step=300_000_000))
    found = opened.frame("SELECT * FROM hftos.bars_1s WHERE run = {run:String} ORDER BY t", {"run": run})
    source = opened.table("trades", run).with_columns(second=pl.col("t").dt.truncate("1s")).sort("sequence")
    wanted = source.group_by("second", maintain_order=True).agg(
        open=pl.col("price").first(),
        high=pl.col("price").max(),
        low=pl.col("price").min(),
        close=pl.col("price").last(),
        shares=pl.col("shares").sum(),
        notional=(pl.col("price").cast(pl.UInt64) * pl.col("shares")).sum(),
        trades=pl.len().cast(pl.UInt64),
    )
    assert found["t"].dt.cast_time_unit("ns").to_list() == wanted["second"].to_list()
    assert found.select(wanted.columns[1:]).rows() == wanted.drop("second").rows()
    assert len(wanted) > 1


def test_decisions_are_counted_by_the_minute(opened: Store) -> None:
    run = next(runs)
    base = dict.fromkeys(DECISIONS.names, 0) | {"cause": "B", "symbol": "ABC", "side": "B", "strategy": "0:x"}
    made = [
        base | {"number": number, "t": BEGIN + number * 10_000_000_000, "check": "price" if number % 3 else "passed"}
        for number in range(1, 13)
    ]
    opened.insert("decisions", rows.from_rows(DECISIONS, run, made))
    sql = (
        "SELECT `check`, sum(decisions), count() FROM hftos.decisions_1m WHERE run = {run:String} GROUP BY 1 ORDER BY 1"
    )
    assert opened.rows(sql, {"run": run}) == [("passed", 4, 3), ("price", 8, 2)]


def test_quantiles_are_exact(opened: Store) -> None:
    run = next(runs)
    made = [
        {"number": number, "reference": number, "t": BEGIN + number, "stage": "rung", "ns": 1_001 - number}
        for number in range(1, 1_001)
    ]
    for piece in (made[:10], made[10:]):
        opened.insert("latency", rows.from_rows(LATENCY, run, piece))
    sql = "SELECT orders, least, p50, p90, p99, p999, greatest FROM hftos.latency_1m WHERE run = {run:String}"
    assert opened.rows(sql, {"run": run}) == [(1000, 1, 501, 901, 991, 1000, 1000)]


def test_a_view_that_lacks_rows_is_made_anew_and_one_that_has_all_is_left(opened: Store) -> None:
    run = next(runs)
    opened.insert("trades", trades(run, list(range(1, 50)), step=100_000_000))
    sql = "SELECT * FROM hftos.bars_1s WHERE run = {run:String} ORDER BY t"
    whole = opened.frame(sql, {"run": run})
    assert opened.repair(run) == []
    # What a process leaves that is killed between the table's part and the view's.
    opened.run(f"DETACH TABLE {schema.DATABASE}.bars_1s_fill")
    opened.insert("trades", trades(run, list(range(50, 90)), step=100_000_000))
    opened.run(f"ATTACH TABLE {schema.DATABASE}.bars_1s_fill")
    assert opened.frame(sql, {"run": run})["trades"].sum() == 49
    assert opened.repair(run) == ["bars_1s"]
    found = opened.frame(sql, {"run": run})
    assert found["trades"].sum() == 89
    assert found.head(4).equals(whole.head(4))
    assert opened.repair(run) == []


def test_every_view_counts_the_rows_that_it_stands_for() -> None:
    for view in VIEWS.values():
        assert " rows SimpleAggregateFunction(sum, UInt64)" in view.columns, view.name
        assert "count() AS rows" in view.fill, view.name
