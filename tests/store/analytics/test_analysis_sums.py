"""Ten thousand random orders: parts add up to totals to the last unit, in rows, groups and whole runs."""

import os

import polars as pl
import pytest

from store.analytics import breakdown, pnl, shortfall
from store.analytics.analysis import Analysis, Settings, analyse
from store.analytics.inputs import inputs
from store.analytics.summary import summary
from tests.store.analytics import generated
from tests.store.analytics.worked import execution, order, quote, tables

ORDERS = int(os.environ.get("HFTOS_ORDERS", "10000"))


@pytest.fixture(scope="module")
def analysis() -> Analysis:
    return analyse(inputs("random", generated.run(ORDERS, seed=7)))


def test_shortfall_parts_add_up_in_every_order(analysis: Analysis) -> None:
    rows = analysis.orders.filter(pl.col("is_total").is_not_null())
    parts = sum((pl.col(f"is_{part}") for part in shortfall.PARTS), pl.lit(0))
    assert rows.height > ORDERS * 0.8
    assert rows.filter(parts != pl.col("is_total")).height == 0


def test_profit_parts_add_up_in_every_execution(analysis: Analysis) -> None:
    rows = analysis.executions
    parts = sum((pl.col(f"pnl_{part}") for part in pnl.PARTS), pl.lit(0))
    assert rows["pnl_total"].null_count() == 0
    assert rows.filter(parts != pl.col("pnl_total")).height == 0


def test_spreads_add_up_in_every_execution(analysis: Analysis) -> None:
    rows = analysis.executions.filter(pl.col("impact").is_not_null())
    assert rows.filter(pl.col("effective") != pl.col("realised") + pl.col("impact")).height == 0


def test_profit_is_cash_and_positions_at_their_marks(analysis: Analysis) -> None:
    """Computed another way: from cash flows and positions by symbol, in Python's integers."""
    marks = dict(pnl.marks(analysis.market).iter_rows())
    value = 0
    for symbol, side, price, shares, fee in analysis.executions.select(
        "symbol", "side", "price", "shares", "fee"
    ).iter_rows():
        held = shares if side == "B" else -shares
        value += held * marks[symbol] - 2 * held * price - 2 * fee
    assert breakdown.total(analysis)["pnl"]["total"] == value
    assert analysis.curve["profit"][-1] == value


@pytest.mark.parametrize("dimension", breakdown.DIMENSIONS)
def test_groups_add_up_to_the_run(analysis: Analysis, dimension: str) -> None:
    whole, groups = breakdown.total(analysis), breakdown.by(analysis, dimension).values()
    for name in ("executions", "shares", "bought", "sold", "notional", "fees", "added_shares", "removed_shares"):
        assert sum(group[name] for group in groups) == whole[name], name
    for section, names in (("pnl", (*pnl.PARTS, "total")), ("shortfall", (*shortfall.PARTS, "total", "paper"))):
        for name in names:
            assert sum(group[section][name] for group in groups) == whole[section][name], name
        assert sum(whole[section][part] for part in names[: names.index("total")]) == whole[section]["total"]
    assert sum(group["orders"]["sent"] for group in groups) == whole["orders"]["sent"]


def test_every_order_is_in_the_shortfall_or_excluded_with_a_reason(analysis: Analysis) -> None:
    total = breakdown.total(analysis)
    out = sum(analysis.excluded["implementation shortfall (orders)"].values())
    assert total["shortfall"]["orders"] + out == total["orders"]["sent"]


def test_every_execution_has_a_markout_or_is_counted_as_left_out(analysis: Analysis) -> None:
    total = breakdown.total(analysis)
    for name, figure in total["markouts"].items():
        out = sum(analysis.excluded.get(f"markout {name} (executions)", {}).values())
        assert figure["executions"] + out == total["executions"]
    assert sum(analysis.excluded["markout 10s (executions)"].values()) > 0  # the data ends before, for the last ones


def test_the_same_tables_give_the_same_result_in_whatever_order_their_rows_come(analysis: Analysis) -> None:
    frames = generated.run(ORDERS, seed=7)
    shuffled = {name: frame.sample(fraction=1, shuffle=True, seed=3) for name, frame in frames.items()}
    again = analyse(inputs("random", shuffled))
    assert again.executions.equals(analysis.executions)
    assert again.orders.equals(analysis.orders)
    assert summary(again) == summary(analysis)


def test_sums_beyond_64_bits_are_exact() -> None:
    rows = [execution(n, n, 2**31, 10**9, symbol=f"S{n}") for n in range(1, 9)]
    found = breakdown.total(analyse(tables(executions=rows)))
    assert found["notional"] == 2 * 8 * 2**31 * 10**9


def test_an_empty_run_has_figures_of_zero_and_no_ratios() -> None:
    found = summary(analyse(tables(), Settings()))
    assert found["total"]["pnl"]["total"] == 0
    assert found["total"]["pnl"]["bps"] is None
    assert found["total"]["orders"]["fill_ratio"] is None
    assert (found["first_t"], found["by_strategy"]) == (None, {})
    assert len(found["missing"]) == 7


def test_positions_that_the_trader_reports_otherwise_are_named() -> None:
    held = [
        {"number": 1, "t": 1, "symbol": "IVOO", "shares": 900},
        {"number": 2, "t": 2, "symbol": "IVOO", "shares": 130},
    ]
    held.append({"number": 3, "t": 3, "symbol": "QQQ", "shares": -5})
    given = inputs("x", {"executions": pl.DataFrame([execution(1, 1, 100, 100)]), "positions": pl.DataFrame(held)})
    assert summary(analyse(given))["position_gaps"] == {"IVOO": 30, "QQQ": -5}


def test_it_says_before_how_many_executions_the_quotes_crossed() -> None:
    rows = [quote(1, 1, 100, 110), quote(1, 2, 120, 130, venue=1)]
    own = [execution(1, 2, 100, 5), execution(2, 3, 100, 5), execution(3, 4, 100, 5, venue=1)]
    (said,) = [text for text in summary(analyse(tables(quotes=rows, executions=own)))["missing"] if "crossed" in text]
    assert said.startswith("quotes: before 2 executions the venues' quotes crossed")


def test_it_says_how_many_executions_are_of_orders_that_are_not_there() -> None:
    own = [execution(1, 2, 100, 5), execution(2, 3, 100, 5, reference=9)]
    found = summary(analyse(tables(orders=[order(1, 1, "entered", shares=5)], executions=own)))
    assert "orders: 1 executions are of orders that the journal does not have: no order's figures" in found["missing"]
    assert (found["total"]["executions"], found["total"]["orders"]["executed_shares"]) == (2, 5)
