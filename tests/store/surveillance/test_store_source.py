"""The firm's own orders out of the store, as events."""

from pathlib import Path

import polars as pl
import pytest

from store import rows
from store.client import connect
from store.surveillance.catalogue import RULES
from store.surveillance.engine import Surveillance
from store.surveillance.events import OrderEvent, Quote, Trade
from store.surveillance.source import SourceError, open_source
from store.surveillance.store_source import OWNER, merge
from store.surveillance.thresholds import check
from store.tables import TABLES, Kind

ORDER = {
    "venue": 0,
    "number": 1,
    "event": "accepted",
    "reference": 1,
    "replaces": 0,
    "symbol": "XYZ",
    "side": "B",
    "price": 1_000_000,
    "shares": 100,
    "strategy": "0:market_maker",
    "reason": "",
    "exchange_ns": 10,
    "match": 0,
    "liquidity": None,
}
QUOTES = pl.DataFrame({"exchange_ns": [5, 20], "symbol": "XYZ", "bid": 1, "bid_shares": 2, "ask": 3, "ask_shares": 4})
TRADES = pl.DataFrame({"exchange_ns": [20], "symbol": "XYZ", "price": 3, "shares": 4, "match": 9})


def orders(*rows: dict[str, object]) -> pl.DataFrame:
    return pl.DataFrame([ORDER | row for row in rows], schema_overrides={"liquidity": pl.String})


def test_rows_become_events_in_the_order_of_the_exchanges_time() -> None:
    given = orders(
        {},
        {"event": "cancel_sent", "exchange_ns": 15},
        {"event": "executed", "exchange_ns": 20, "match": 9, "liquidity": "R", "price": 3, "shares": 4},
        {"event": "cancelled", "exchange_ns": 30, "reason": "I", "shares": 96},
        {"event": "prevented", "exchange_ns": 31, "reason": "Q"},
        {"event": "replaced", "exchange_ns": 32, "reference": 2, "replaces": 1, "strategy": ""},
        {"event": "accepted", "exchange_ns": 33, "side": "T"},
    )
    events = list(merge(given, QUOTES, TRADES))
    first = OrderEvent(10, "entered", "0", "XYZ", "0:market_maker", OWNER, 1, "B", 1_000_000, 100)
    assert events == [
        Quote(5, "XYZ", 1, 2, 3, 4),
        first,
        first._replace(t=20, event="executed", price=3, shares=4, match=9, aggressive=True),
        Trade(20, "XYZ", 3, 4, 9),
        Quote(20, "XYZ", 1, 2, 3, 4),
        first._replace(t=30, event="reduced", shares=96, reason="I"),
        first._replace(t=31, event="reduced", reason="Q"),
        first._replace(t=32, event="replaced", ref=2, replaces=1, account="?"),
        first._replace(t=33, side="S"),
    ]


def test_two_strategies_of_the_firm_that_trade_with_each_other_are_found() -> None:
    given = orders(
        {},
        {"number": 2, "reference": 2, "side": "S", "strategy": "1:imbalance_taker", "exchange_ns": 11},
        {"number": 3, "event": "executed", "exchange_ns": 11, "match": 7, "liquidity": "A"},
        {"number": 4, "event": "executed", "exchange_ns": 11, "match": 7, "liquidity": "R", "reference": 2, "side": "S",
         "strategy": "1:imbalance_taker"},
    )  # fmt: skip
    engine = Surveillance(check({}, RULES))
    (alert,) = [alert for event in merge(given, QUOTES.head(0), TRADES.head(0)) for alert in engine.feed(event)]
    assert (alert.rule, alert.accounts) == ("wash_trade", ["0:market_maker", "1:imbalance_taker"])


AT = 1_767_312_000_000_000_000


def row(table: str, **given: object) -> dict[str, object]:
    """A row of a table, in which what is not given is nothing."""
    nothing: dict[Kind, object] = {Kind.TIME: AT, Kind.TEXT: "", Kind.BYTES: b""}
    known = {column.name: nothing.get(column.kind, 0) for column in TABLES[table].columns}
    assert set(given) <= set(known)
    return known | given


def own(**given: object) -> dict[str, object]:
    chosen = ORDER | {"order_ref": 7} | given
    return row("orders", **{name: value for name, value in chosen.items() if name != "liquidity"})


def test_the_queries_find_the_same_in_a_store(tmp_path: Path) -> None:
    traded = {"exchange_ns": 20, "match": 9, "price": 3, "shares": 4}
    given = {
        "l3_events": [row("l3_events", sequence=i, exchange_ns=10 * i, symbol="XYZ") for i in (1, 2)],
        "quotes": [row("quotes", sequence=1, symbol="XYZ", bid=1, bid_shares=2, ask=3, ask_shares=4)],
        "trades": [row("trades", sequence=2, symbol="XYZ", price=3, shares=4, match=9)],
        "orders": [
            own(number=1, exchange_ns=0, event="entered"),
            own(number=2),
            own(number=3, event="executed", **traded),
        ],
        "executions": [row("executions", number=3, symbol="XYZ", liquidity="R", **traded)],
    }
    dsn = f"chdb:{tmp_path / 'store'}"
    with connect(dsn) as store:
        for name, found in given.items():
            store.insert(name, rows.from_rows(TABLES[name], "r1", found))
            store.insert(name, rows.from_rows(TABLES[name], "r2", found[:1]))
    with open_source(Path("r1"), dsn).events as events:
        first = OrderEvent(10, "entered", "0", "XYZ", "0:market_maker", OWNER, 1, "B", 1_000_000, 100)
        assert list(events) == [
            first,
            Quote(10, "XYZ", 1, 2, 3, 4),
            first._replace(t=20, event="executed", price=3, shares=4, match=9, aggressive=True),
            Trade(20, "XYZ", 3, 4, 9),
        ]
    missing = open_source(Path("r3"), dsn).events
    with pytest.raises(SourceError, match=r"no run 'r3' in .*: there are r1, r2"), missing:
        pass
