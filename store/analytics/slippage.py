"""Slippage of executed orders against benchmarks: the mid at arrival, and the market's volume-weighted average price.

    arrival slippage = D * (C - X * P0)        P0: mid before the order arrived
    VWAP slippage    = D * (C - X * V / Q)     V, Q: value and shares of the interval's prints

The interval goes from arrival to a horizon behind the last execution, both ends included: an order that is executed
on arrival is the whole market until then. Where the data ends before, there is no VWAP slippage.

In half price units, positive is a cost. Orders without executions have none. Berkowitz, Logue and Noser, "The Total
Cost of Transactions on the NYSE", Journal of Finance 43 (1988), for the VWAP. Prints are those of all venues, own ones
included. V / Q is no integer, so VWAP slippage is rounded down to the half unit: the
only figure of money here that is rounded.
"""

from typing import Final

import polars as pl

from store.analytics.executions import ORDER
from store.analytics.market import Market

NO_ARRIVAL: Final = "no two-sided quote before the arrival"
NO_PRINT: Final = "the data ends before the VWAP's interval does, or nothing was printed in it"


def slippage(orders: pl.DataFrame, executions: pl.DataFrame, market: Market, horizon: int) -> pl.DataFrame:
    """Executed orders with arrival_slippage, vwap_slippage, and the market's interval_value and interval_shares; the
    interval ends `horizon` ns behind the last execution."""
    rows = orders.filter(pl.col("executed") > 0)
    last = executions.group_by(ORDER, maintain_order=True).agg(pl.col("time").max().alias("last_time"))
    rows = rows.join(last, on=ORDER, how="left", maintain_order="left")
    rows = rows.with_columns((pl.max_horizontal("arrival", "last_time") + horizon).alias("interval_end"))
    rows = rows.with_columns(*_interval(rows, market))
    cash, executed, sign = (pl.col(name).cast(pl.Int128) for name in ("cash", "executed", "sign"))
    value, shares = pl.col("interval_value").cast(pl.Int128), pl.col("interval_shares").cast(pl.Int128)
    exact = 2 * sign * (cash * shares - executed * value)
    return rows.with_columns(
        (pl.col("sign") * (2 * pl.col("cash") - pl.col("executed") * pl.col("arrival_mid2"))).alias("arrival_slippage"),
        pl.when(pl.col("interval_end") <= market.end())
        .then(_floor(exact, shares))
        .cast(pl.Int64)
        .alias("vwap_slippage"),
    )


def _floor(value: pl.Expr, by: pl.Expr) -> pl.Expr:
    """Division rounded down; by more than 0."""
    return pl.when(by > 0).then(value // by)


def _interval(rows: pl.DataFrame, market: Market) -> list[pl.Series]:
    """Value and shares printed in each order's symbol in its interval, both ends included."""
    prints = market.trades.filter(pl.col("time").is_not_null() & (pl.col("shares") > 0)).sort("symbol", "time")
    sums = prints.select(
        "symbol",
        "time",
        (pl.col("price") * pl.col("shares")).cum_sum().over("symbol").alias("value"),
        pl.col("shares").cum_sum().over("symbol").alias("shares"),
    ).unique(["symbol", "time"], keep="last", maintain_order=True)
    ends = []
    for time in (pl.col("arrival") - 1, pl.col("interval_end")):
        asked = rows.select("symbol", time.alias("time")).with_row_index("row").sort("time")
        found = asked.join_asof(sums.sort("time"), on="time", by="symbol", check_sortedness=False).sort("row")
        ends.append(found.select(pl.col("value").fill_null(0), pl.col("shares").fill_null(0)))
    return [(ends[1][name] - ends[0][name]).alias(f"interval_{name}") for name in ("value", "shares")]
