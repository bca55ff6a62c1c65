"""Slippage against the mid at arrival and against the market's VWAP, by hand."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from store.analytics import executions, market, own_orders
from store.analytics.slippage import slippage
from tests.store.analytics.worked import HALF, MS, Row, S, execution, order, quote, tables, trade

QUOTES = [quote(1, 1 * MS, 10_0000, 10_0200), quote(9, 9 * S, 10_0000, 10_0200)]
ORDERS = [
    order(1, 2 * MS, "entered", shares=300),
    order(2, 3 * MS, "accepted", shares=300),
    order(1, 1 * MS, "query_sent", reference=0, venue=1),
]
FILLS = [execution(3, 4 * MS, 10_0200, 100), execution(4, 8 * MS, 10_0500, 200)]
PRINTS = [
    trade(2, 2 * MS, 50_0000, 900),  # before it arrived
    trade(3, 4 * MS, 10_0200, 100),
    trade(4, 5 * MS, 10_0300, 500, venue=1),
    trade(5, 6 * MS, 11_0000, 400, symbol="ELSE"),
    trade(6, 8 * MS, 10_0500, 200),
    trade(7, 9 * MS, 99_0000, 900),  # after its last execution
]


def _all(horizon: int = 0, **changed: list[Row]) -> list[dict[str, Any]]:
    tables_of = {"quotes": QUOTES, "orders": ORDERS, "executions": FILLS, "trades": PRINTS} | changed
    inputs = tables(**tables_of)
    there = market.build(inputs)
    fills = executions.build(inputs, there)
    return slippage(own_orders.build(inputs, there, fills, 1 * S), fills, there, horizon).rows(named=True)


def test_the_worked_example() -> None:
    (found,) = _all()
    assert found["arrival_slippage"] == 9 * HALF  # 100 * $0.01 + 200 * $0.04
    assert (found["interval_shares"], found["interval_value"]) == (800, 100 * 10_0200 + 500 * 10_0300 + 200 * 10_0500)
    assert found["vwap_slippage"] == int(300 * 0.0062_5 * HALF)  # bought at $10.04, the market at $10.03375


def test_a_print_of_the_very_time_of_arrival_counts() -> None:
    (found,) = _all(trades=[*PRINTS, trade(8, 3 * MS, 10_0000, 50, venue=1)])
    assert found["interval_shares"] == 850


def test_of_a_sell_the_signs_are_the_other_way_round_and_halves_are_rounded_down() -> None:
    (found,) = _all(orders=[row | {"side": "S"} for row in ORDERS], executions=[row | {"side": "S"} for row in FILLS])
    assert found["arrival_slippage"] == -9 * HALF
    assert found["vwap_slippage"] == -int(300 * 0.0062_5 * HALF)


def test_the_interval_goes_on_for_a_horizon_and_ends_with_the_data() -> None:
    (found,) = _all(horizon=1 * MS)
    assert found["interval_shares"] == 800 + 900
    assert found["vwap_slippage"] == 2 * (3012_0000 * 1700 - 300 * found["interval_value"]) // 1700
    (found,) = _all(horizon=10 * S)
    assert found["vwap_slippage"] is None


def test_orders_without_executions_have_none() -> None:
    assert _all(executions=[]) == []


def test_without_a_print_or_a_quote_the_benchmark_is_missing() -> None:
    (found,) = _all(trades=PRINTS[:1], quotes=[])
    assert (found["arrival_slippage"], found["vwap_slippage"]) == (None, None)


@given(st.lists(st.tuples(st.integers(1, 2_000_000_000), st.integers(1, 1_000_000)), min_size=1, max_size=5))
@settings(max_examples=15, deadline=None)
def test_alone_in_the_market_one_trades_at_the_vwap_to_the_unit(fills: list[tuple[int, int]]) -> None:
    own = [execution(10 + n, (4 + n) * MS, price, shares, match=n + 1) for n, (price, shares) in enumerate(fills)]
    prints = [trade(10 + n, (4 + n) * MS, price, shares, match=n + 1) for n, (price, shares) in enumerate(fills)]
    (found,) = _all(executions=own, trades=prints, orders=[row | {"shares": 5_000_000} for row in ORDERS])
    assert found["vwap_slippage"] == 0
    assert found["interval_value"] == found["cash"]
