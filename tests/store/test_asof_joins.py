"""The quote at each trade: ClickHouse's answer is DuckDB's, row by row, and the same each time."""

from typing import Any

import duckdb
import pytest

from benchmarks import store_rows
from store import asof, rows
from store.client import Store
from store.tables import QUOTES, TRADES

RUN = "joined"
NAMES = ("sequence", "quote_sequence", "bid", "ask", "bid_shares", "ask_shares", "price", "shares")


def test_the_answer_is_that_of_duckdb_in_twenty_runs(opened: Store) -> None:
    trades, quotes = store_rows.trades_and_quotes(20_000, RUN)
    for start in (10_000, 0):  # in two parts, the later first
        opened.insert("trades", trades.slice(start, 10_000))
        opened.insert("quotes", quotes.slice(start, 10_000))
    sql = f"SELECT {', '.join(NAMES)} FROM ({asof.QUOTED_TRADES}) ORDER BY sequence"
    answers = {tuple(opened.rows(sql, {"run": RUN, "venue": 0})) for _ in range(20)}
    assert len(answers) == 1
    with duckdb.connect() as database:
        for name, batch in (("trades", trades), ("quotes", quotes)):
            database.register("batch", batch)
            database.execute(f"CREATE TABLE {name} AS SELECT * FROM batch")
        wanted = database.execute(
            "SELECT t.sequence, q.sequence, q.bid, q.ask, q.bid_shares, q.ask_shares, t.price, t.shares FROM trades t "
            "ASOF LEFT JOIN quotes q ON t.symbol = q.symbol AND t.sequence > q.sequence ORDER BY t.sequence"
        ).fetchall()
    assert list(answers.pop()) == wanted
    assert len(wanted) == 20_000


@pytest.mark.parametrize("venue", [0, 1])
def test_a_trade_takes_the_quote_before_its_own_message_of_its_own_symbol_and_venue(opened: Store, venue: int) -> None:
    run = f"example{venue}"

    def made(table: Any, given: list[dict[str, Any]]) -> None:
        base = dict.fromkeys(table.names, 0) | {"side": "B", "venue": venue}
        batch = rows.from_rows(table, run, [base | row | {"symbol": f"S{row['locate']}"} for row in given])
        opened.insert(table.name, batch)

    made(QUOTES, [{"sequence": n, "locate": locate, "bid": n} for n, locate in ((2, 1), (4, 1), (5, 2), (9, 1))])
    made(TRADES, [{"sequence": n, "locate": locate} for n, locate in ((1, 1), (3, 1), (4, 1), (6, 1), (7, 2), (8, 3))])
    sql = f"SELECT sequence, bid, quote_sequence FROM ({asof.QUOTED_TRADES}) ORDER BY sequence"
    assert opened.rows(sql, {"run": run, "venue": venue}) == [
        (1, None, None),
        (3, 2, 2),
        (4, 2, 2),
        (6, 4, 4),
        (7, 5, 5),
        (8, None, None),
    ]
    assert opened.rows(sql, {"run": run, "venue": 1 - venue}) == []
