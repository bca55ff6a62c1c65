"""Profit and its parts by hand; marks; what cannot be split or marked."""

from typing import Any

from store.analytics import executions, market
from store.analytics.curve import curve
from store.analytics.markouts import HORIZONS, markouts
from store.analytics.pnl import PARTS, marks, pnl, positions
from tests.store.analytics.worked import HALF, MS, Row, S, execution, quote, tables, trade

# Bought 100 at $10.00 (mid $10.01), a second later the mid is $9.99; sold 60 at $10.04 (mid $10.02), a second later
# $10.05; the last mid is $10.10. Fees: $0.20 paid for the first, $0.12 received for the second.
QUOTES = [
    quote(1, 1 * MS, 10_0000, 10_0200),
    quote(3, 100 * MS, 9_9800, 10_0000),
    quote(4, 3 * S, 10_0100, 10_0300),
    quote(6, 4 * S, 10_0400, 10_0600),
    quote(7, 9 * S, 10_0900, 10_1100),
]
PRINTS = [trade(2, 5 * MS, 10_0000, 100, match=1), trade(5, 3 * S + 1, 10_0400, 60, match=2)]
BUY = execution(1, 6 * MS, 10_0000, 100, match=1, fee=100 * 20)
SELL = execution(2, 3 * S + 5, 10_0400, 60, match=2, fee=-60 * 20, side="S")


def _all(**changed: list[Row]) -> list[dict[str, Any]]:
    given = tables(**({"quotes": QUOTES, "trades": PRINTS, "executions": [BUY, SELL]} | changed))
    there = market.build(given)
    return pnl(markouts(executions.build(given, there), there, HORIZONS, 1 * S), there).rows(named=True)


def _parts(row: dict[str, Any]) -> list[float | None]:
    return [None if row[f"pnl_{part}"] is None else row[f"pnl_{part}"] / HALF for part in (*PARTS, "total")]


def test_the_worked_example() -> None:
    buy, sell = _all()
    #                spread, adverse, inventory, unsplit, fees, total
    assert _parts(buy) == [1.00, -2.00, 11.00, 0, -0.20, 9.80]
    assert _parts(sell) == [1.20, -1.80, -3.00, 0, 0.12, -3.48]


def test_it_is_cash_and_the_position_at_the_mark() -> None:
    total = sum(row["pnl_total"] for row in _all())
    cash = -100 * 10_0000 + 60 * 10_0400
    assert total == 2 * cash + 40 * 2 * 10_1000 - 2 * (100 * 20 - 60 * 20)


def test_without_a_mid_before_nothing_is_split_and_it_still_adds_up() -> None:
    buy, _ = _all(quotes=[QUOTES[0] | {"bid": 0}, *QUOTES[1:]])
    assert _parts(buy) == [0, 0, 0, 10.00, -0.20, 9.80]


def test_without_a_mid_at_the_horizon_the_spread_is_known_and_the_rest_is_not_split() -> None:
    _, sell = _all(quotes=QUOTES[:3])  # the data ends with the quote of 3 s and the print behind it
    assert _parts(sell) == [1.20, 0, 0, 0, 0.12, 1.32]
    _, sell = _all(quotes=[*QUOTES[:3], quote(6, 3 * S + 900 * MS, 10_0400, 10_0600)])
    assert _parts(sell) == [1.20, 0, 0, -1.80, 0.12, -0.48]


def test_the_mark_is_the_last_two_sided_mid_and_else_the_last_print() -> None:
    one_sided = quote(8, 10 * S, 0, 10_5000)
    given = tables(quotes=[*QUOTES, one_sided], trades=[*PRINTS, trade(9, 11 * S, 5_0000, 1, symbol="QQQ")])
    assert dict(marks(market.build(given)).iter_rows()) == {"IVOO": 20_2000, "QQQ": 10_0000}


def test_a_symbol_with_neither_has_no_profit() -> None:
    (row,) = _all(executions=[BUY | {"symbol": "ELSE", "match": 0}])
    assert _parts(row) == [None] * 6


def test_positions_are_what_executions_add_up_to() -> None:
    given = tables(executions=[BUY, SELL])
    found = positions(executions.build(given, market.build(given)))
    assert found.rows() == [("IVOO", 40, -100 * 10_0000 + 60 * 10_0400)]


def test_the_curve_starts_at_the_spread_captured_and_ends_at_the_total() -> None:
    given = tables(quotes=QUOTES, trades=PRINTS, executions=[BUY, SELL])
    there = market.build(given)
    rows = pnl(markouts(executions.build(given, there), there, HORIZONS, 1 * S), there)
    found = curve(rows, there)
    assert found["profit"][0] == (1.00 - 0.20) * HALF
    assert found["profit"][-1] == rows["pnl_total"].sum()
    assert found["fees"][-1] == 2 * (100 * 20 - 60 * 20)
    assert found["time"].to_list() == sorted(set(found["time"].to_list()))


def test_a_run_without_executions_has_no_curve() -> None:
    given = tables(quotes=QUOTES)
    there = market.build(given)
    rows = pnl(markouts(executions.build(given, there), there, HORIZONS, 1 * S), there)
    assert (rows.height, curve(rows, there).height) == (0, 0)
