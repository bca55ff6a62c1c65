"""Materialised views as data: what is kept up to date while rows are inserted, and how it is read.

ClickHouse writes a view's part after the table's own, so a process that is killed in between leaves a view behind its
table. Every view therefore counts the rows it stands for, and `store.schema.repair` makes those of a run anew whose
count differs. `NAME_state` keeps states, the view `NAME` reads them.
"""

from collections.abc import Mapping
from typing import Final, NamedTuple


class View(NamedTuple):
    """A view: its source table, the columns of its state (SQL), their order on disk, the query that fills it, the query
    that reads it (both without FROM). `rows` counts the source's rows in the state."""

    name: str
    meaning: str
    source: str
    columns: str
    order: str
    fill: str
    group: str
    read: str


_TEXT = "LowCardinality(String)"
_SUM = "SimpleAggregateFunction(sum, UInt64)"

BARS: Final = View(
    "bars_1s",
    "Open, high, low, close, shares, notional (price4 × shares) and number of trades, by second.",
    "trades",
    f"run {_TEXT}, venue UInt8, symbol {_TEXT}, second DateTime('UTC'), "
    "open AggregateFunction(argMin, UInt32, UInt64), close AggregateFunction(argMax, UInt32, UInt64), "
    "high SimpleAggregateFunction(max, UInt32), low SimpleAggregateFunction(min, UInt32), "
    f"shares {_SUM}, notional {_SUM}, rows {_SUM}",
    "run, venue, symbol, second",
    "run, venue, symbol, toDateTime(t, 'UTC') AS second, argMinState(price, sequence) AS open, "
    "argMaxState(price, sequence) AS close, max(price) AS high, min(price) AS low, sum(trades.shares) AS shares, "
    "sum(toUInt64(price) * trades.shares) AS notional, count() AS rows",
    "run, venue, symbol, second",
    "run, venue, symbol, toDateTime64(second, 3, 'UTC') AS t, argMinMerge(open) AS open, max(high) AS high, "
    "min(low) AS low, argMaxMerge(close) AS close, sum(shares) AS shares, sum(notional) AS notional, "
    "sum(rows) AS trades",
)
DECISIONS: Final = View(
    "decisions_1m",
    "Decisions by strategy, symbol and check, by minute.",
    "decisions",
    f"run {_TEXT}, minute DateTime('UTC'), strategy {_TEXT}, symbol {_TEXT}, `check` {_TEXT}, rows {_SUM}",
    "run, minute, strategy, symbol, `check`",
    "run, toStartOfMinute(toDateTime(t, 'UTC')) AS minute, strategy, symbol, `check`, count() AS rows",
    "run, minute, strategy, symbol, `check`",
    "run, toDateTime64(minute, 3, 'UTC') AS t, strategy, symbol, `check`, sum(rows) AS decisions",
)
LATENCY: Final = View(
    "latency_1m",
    "Exact quantiles of latencies by stage, by minute, ns.",
    "latency",
    f"run {_TEXT}, minute DateTime('UTC'), stage {_TEXT}, "
    "quantiles AggregateFunction(quantilesExact(0.5, 0.9, 0.99, 0.999), UInt64), "
    f"least SimpleAggregateFunction(min, UInt64), greatest SimpleAggregateFunction(max, UInt64), rows {_SUM}",
    "run, minute, stage",
    "run, toStartOfMinute(toDateTime(t, 'UTC')) AS minute, stage, "
    "quantilesExactState(0.5, 0.9, 0.99, 0.999)(ns) AS quantiles, min(ns) AS least, max(ns) AS greatest, "
    "count() AS rows",
    "run, minute, stage",
    "run, toDateTime64(minute, 3, 'UTC') AS t, stage, sum(rows) AS orders, min(least) AS least, "
    + ", ".join(
        f"quantilesExactMerge(0.5, 0.9, 0.99, 0.999)(quantiles)[{place}] AS {name}"
        for place, name in enumerate(("p50", "p90", "p99", "p999"), 1)
    )
    + ", max(greatest) AS greatest",
)
VIEWS: Final[Mapping[str, View]] = {view.name: view for view in (BARS, DECISIONS, LATENCY)}
"""All views by name."""
