"""All analytics of one run, from its tables: one row per execution, one per order, and what was left out and why."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import polars as pl

from store.analytics import curve, executions, market, markouts, own_orders, pnl, queue_position, shortfall, slippage
from store.analytics.executions import ORDER
from store.analytics.inputs import Inputs
from store.analytics.market import Market
from store.analytics.markouts import HORIZONS, MS, label

NO_QUOTE_BEFORE: Final = "no two-sided quote before the execution"


@dataclass(frozen=True)
class Settings:
    """Horizons in ns: of the markouts, of realised spread and adverse selection, and of opportunity cost and VWAP."""

    horizons: tuple[int, ...] = HORIZONS
    realised: int = 1_000 * MS
    opportunity: int = 1_000 * MS


@dataclass(frozen=True)
class Analysis:
    """`executions`, `orders`: a row each with all its metrics; `curve`: profit over time; `excluded`: by metric, the
    reasons for which rows were left out, with their number; `how`: how moments in the market were found; `broken`:
    executions that were taken back; `position_gaps`: by symbol, shares that the trader reported more than it executed.
    """

    run: str
    settings: Settings
    inputs: Inputs
    market: Market
    executions: pl.DataFrame
    orders: pl.DataFrame
    curve: pl.DataFrame
    excluded: Mapping[str, Mapping[str, int]]
    how: Mapping[str, Mapping[str, int]]
    broken: int
    position_gaps: Mapping[str, int]


def analyse(given: Inputs, settings: Settings | None = None) -> Analysis:
    """Compute everything; the same tables give the same result, row by row."""
    settings = settings or Settings()
    there = market.build(given)
    fills = executions.build(given, there)
    fills = markouts.markouts(fills, there, settings.horizons, settings.realised)
    fills = pnl.pnl(fills, there)
    orders = own_orders.build(given, there, fills, settings.opportunity)
    orders = shortfall.shortfall(orders)
    orders = _joined(orders, slippage.slippage(orders, fills, there, settings.opportunity), _SLIPPAGE)
    orders = _joined(orders, queue_position.queue_positions(orders, fills, given.l3_events), _QUEUE)
    return Analysis(
        given.run,
        settings,
        given,
        there,
        fills,
        orders,
        curve.curve(fills, there),
        _excluded(fills, orders, settings),
        {"executions": _count(fills, "how"), "orders": _count(orders, "how")},
        given.executions.height - fills.height,
        _position_gaps(given, fills),
    )


_SLIPPAGE: Final = ("arrival_slippage", "vwap_slippage", "interval_value", "interval_shares")
_QUEUE: Final = ("ahead_at_entry", "orders_ahead", "ahead_at_fill", "behind_at_fill", "ahead_at_end")


def _joined(orders: pl.DataFrame, more: pl.DataFrame, columns: tuple[str, ...]) -> pl.DataFrame:
    return orders.join(more.select(*ORDER, *columns), on=ORDER, how="left", maintain_order="left")


def _count(rows: pl.DataFrame, column: str) -> dict[str, int]:
    counted = rows.drop_nulls(column).group_by(column).agg(pl.len()).sort(column)
    return {str(name): int(count) for name, count in counted.iter_rows()}


def _excluded(fills: pl.DataFrame, orders: pl.DataFrame, settings: Settings) -> dict[str, dict[str, int]]:
    """Rows that a metric left out: metric, reason, number; metrics that left out none are not there."""
    after = "no two-sided quote at the horizon, or the data ends before"
    executed = orders.filter(pl.col("executed") > 0)
    found = {
        "implementation shortfall (orders)": _count(orders, "excluded"),
        "arrival slippage (orders)": {slippage.NO_ARRIVAL: executed["arrival_slippage"].null_count()},
        "VWAP slippage (orders)": {slippage.NO_PRINT: executed["vwap_slippage"].null_count()},
        "effective spread (executions)": {NO_QUOTE_BEFORE: fills["effective"].null_count()},
        "realised spread, price impact (executions)": {after: fills["impact"].null_count()},
        "profit (executions)": {pnl.NO_MARK: fills["pnl_total"].null_count()},
    }
    for horizon in settings.horizons:
        name = label(horizon)
        found[f"markout {name} (executions)"] = {after: fills[f"markout_{name}"].null_count()}
    return {name: kept for name, reasons in found.items() if (kept := {r: n for r, n in reasons.items() if n})}


def _position_gaps(given: Inputs, fills: pl.DataFrame) -> dict[str, int]:
    """The trader's last positions less what the executions add up to, where they differ."""
    if not given.positions.height:
        return {}
    last = given.positions.sort("number").group_by("symbol", maintain_order=True).agg(pl.col("shares").last())
    held = pnl.positions(fills).select("symbol", pl.col("shares").alias("executed"))
    both = last.join(held, on="symbol", how="full", coalesce=True).with_columns(pl.all().exclude("symbol").fill_null(0))
    apart = both.with_columns((pl.col("shares") - pl.col("executed")).alias("gap")).filter(pl.col("gap") != 0)
    return {str(name): int(gap) for name, gap in apart.sort("symbol").select("symbol", "gap").iter_rows()}
