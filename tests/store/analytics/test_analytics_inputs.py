"""Inputs: one form for every source, and what cannot be used is named."""

import os
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest

from store.analytics.inputs import FEE_LIMIT, PRICE_LIMIT, TABLES, InputError, inputs, read_folder
from tests.store.analytics import generated
from tests.store.analytics.worked import decision, execution, quote, tables


def test_every_table_has_its_columns_even_without_rows() -> None:
    given = inputs("none", {})
    assert given.rows() == dict.fromkeys(TABLES, 0)
    for name, table in TABLES.items():
        assert set(getattr(given, name).columns) == {
            *(*table.text, *table.numbers, *table.optional),
            *(["login"] if "reference" in table.numbers else []),
        }


def test_rows_are_in_the_order_of_their_key_and_each_is_there_once() -> None:
    given = tables(quotes=[quote(3, 30, 1, 2), quote(1, 10, 1, 2), quote(3, 99, 7, 8)])
    assert given.quotes["sequence"].to_list() == [1, 3]
    assert given.quotes["t"].to_list() == [10, 30]


def test_times_come_as_nanoseconds_whatever_their_unit_was() -> None:
    row = quote(1, 0, 1, 2)
    for unit, one in (("ns", 1), ("us", 1_000), ("ms", 1_000_000)):
        frame = pl.DataFrame([row | {"t": 7}]).with_columns(pl.col("t").cast(pl.Datetime(unit, "UTC")))  # type: ignore[arg-type]
        assert inputs("x", {"quotes": frame}).quotes["t"].to_list() == [7 * one]


def test_unsigned_small_and_dictionary_columns_of_the_store_are_taken() -> None:
    frame = pl.DataFrame([quote(1, 5, 10, 12)]).with_columns(
        pl.col("bid").cast(pl.UInt32), pl.col("venue").cast(pl.UInt8), pl.col("symbol").cast(pl.Categorical)
    )
    row = inputs("x", {"quotes": frame}).quotes.row(0, named=True)
    assert (row["bid"], row["venue"], row["symbol"]) == (10, "0", "IVOO")


def test_columns_that_older_stores_lack_are_zero() -> None:
    assert tables(executions=[execution(1, 1, 10, 1)]).executions["exchange_ns"].to_list() == [0]


@pytest.mark.parametrize(
    ("name", "row", "said"),
    [
        ("executions", execution(1, 1, -5, 100), "table executions: price is -5, it has to be between 0 and"),
        ("executions", execution(1, 1, PRICE_LIMIT + 1, 100), f"price is {PRICE_LIMIT + 1}"),
        ("executions", execution(1, 1, 5, 10**12), "shares is 1000000000000"),
        ("executions", execution(1, 1, 5, 1) | {"fee": FEE_LIMIT + 1}, f"fee is {FEE_LIMIT + 1}"),
        ("executions", execution(1, 1, 5, 1) | {"fee": -FEE_LIMIT - 1}, f"fee is -{FEE_LIMIT + 1}"),
        ("executions", execution(1, 1, 5, 1) | {"price": 1.5}, "price is Float64, it has to be an integer"),
        ("quotes", quote(1, 1, 5, 6) | {"bid": Decimal("1.5")}, r"bid is Decimal.*, it has to be an integer"),
        ("executions", execution(1, 1, 5, 1, side="X"), "side is 'X', it has to be B, S, T or E"),
        ("quotes", quote(1, 1, 5, -6), "table quotes: ask is -6"),
        ("quotes", quote(1, 1, 5, 6) | {"bid": "five"}, "table quotes has values that do not fit"),
        ("quotes", quote(2**64 - 1, 1, 5, 6), "table quotes has values that do not fit"),
    ],
)
def test_a_value_that_no_exchange_sends_is_named(name: str, row: dict[str, object], said: str) -> None:
    with pytest.raises(InputError, match=said.replace("(", r"\(")):
        inputs("x", {name: pl.DataFrame([row])})


def test_short_sales_are_sales() -> None:
    given = tables(executions=[execution(n, n, 5, 1, side=side) for n, side in enumerate("BSTE")])
    assert given.executions["side"].to_list() == ["B", "S", "S", "S"]


def test_a_missing_column_is_named_with_what_to_do() -> None:
    frame = pl.DataFrame([execution(1, 1, 5, 1)]).drop("liquidity")
    with pytest.raises(InputError, match="table executions has no column liquidity: load the run again"):
        inputs("x", {"executions": frame})


def test_a_decision_that_was_refused_for_its_size_refuses_nobodys_analysis() -> None:
    row = decision(1, 1, 1, code=3, check="order_shares", shares=2**32 - 1, price=2**62)
    assert tables(decisions=[row]).decisions["shares"].to_list() == [2**32 - 1]


@pytest.mark.parametrize("name", [b"[x]*?", b"\xff", "µ".encode()])
def test_a_folder_may_be_called_anything(tmp_path: Path, name: bytes) -> None:
    folder = tmp_path / os.fsdecode(name)
    folder.mkdir()
    for table, frame in generated.run(5).items():
        with (folder / f"{table}.parquet").open("wb") as file:
            frame.write_parquet(file)
    given = read_folder(folder)
    assert given.orders.height
    assert given.run.encode() == name.replace(b"\xff", "�".encode())


def test_an_unknown_table_is_named() -> None:
    with pytest.raises(InputError, match="no table is called fills: the tables are orders"):
        inputs("x", {"fills": pl.DataFrame()})


def test_a_folder_of_parquet_files_is_read(tmp_path: Path) -> None:
    frames = generated.run(20)
    for name, frame in frames.items():
        frame.write_parquet(tmp_path / f"{name}.parquet")
    given = read_folder(tmp_path)
    assert given.run == tmp_path.name
    assert given.rows() == inputs("same", frames).rows()


def test_a_folder_without_orders_and_a_file_that_is_no_parquet_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"has no orders\.parquet: give a folder that"):
        read_folder(tmp_path)
    (tmp_path / "orders.parquet").write_bytes(b"PAR1 is not all of it")
    with pytest.raises(InputError, match=r"orders.parquet: not a Parquet file"):
        read_folder(tmp_path)
