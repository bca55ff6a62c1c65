"""Profit over time: cash plus positions at the mid of the moment, sampled evenly.

    profit(t) = 2 * (cash - fees) + sum over symbols of position * mid2(t)

in half price units. A book that has only one side keeps its last mid; before the first, the price of the execution
itself. The last sample is valued at the marks of `pnl.marks`, so it is the total profit, to the unit.
"""

from typing import Final

import polars as pl

from store.analytics.market import AT, Market, at_time, prevailing

SAMPLES: Final = 240


def curve(executions: pl.DataFrame, market: Market) -> pl.DataFrame:
    """time (market's clock), profit, fees (both half price units; so far), gross (half price units held, long and
    short added), at `SAMPLES` times from the first execution to the end of the data; empty without executions."""
    held = executions.filter(pl.col("pnl_total").is_not_null())
    if not held.height:
        return pl.DataFrame(schema={"time": pl.Int64, "profit": pl.Int64, "fees": pl.Int64, "gross": pl.Int64})
    samples = _samples(held, market)
    symbols = held.select("symbol").unique(maintain_order=True)
    grid = symbols.join(samples, how="cross").sort("symbol", "time")
    grid = grid.with_columns(prevailing(market, grid.select(*at_time("symbol", pl.col("time"), AT)))["mid2"])
    grid = _with_holdings(grid, held)
    grid = grid.with_columns(
        pl.when(pl.col("time") == samples["time"].max())
        .then("mark2")
        .otherwise(pl.coalesce(pl.col("mid2").forward_fill().over("symbol"), 2 * pl.col("price"), pl.lit(0)))
        .alias("mid2")
    )
    value = pl.col("position") * pl.col("mid2")
    return (
        grid.group_by("time")
        .agg(
            (2 * pl.col("cash") + value - 2 * pl.col("fee")).sum().alias("profit"),
            (2 * pl.col("fee")).sum().alias("fees"),
            value.abs().sum().alias("gross"),
        )
        .sort("time")
    )


def _samples(held: pl.DataFrame, market: Market) -> pl.DataFrame:
    times_held = held["time"].sort()
    first = int(times_held[0])
    end = max(int(times_held[-1]), market.end())
    times = {first + (end - first) * step // (SAMPLES - 1) for step in range(SAMPLES)} | {end}
    return pl.DataFrame({"time": sorted(times)}, schema={"time": pl.Int64})


def _with_holdings(grid: pl.DataFrame, held: pl.DataFrame) -> pl.DataFrame:
    """Position, cash and fees of each symbol up to each sample, its execution's price and its mark."""
    sums = held.sort("symbol", "time", "venue", "number").select(
        "symbol",
        "time",
        "price",
        (pl.col("sign") * pl.col("shares")).cum_sum().over("symbol").alias("position"),
        (-pl.col("sign") * pl.col("notional")).cum_sum().over("symbol").alias("cash"),
        pl.col("fee").cum_sum().over("symbol").alias("fee"),
    )
    sums = sums.unique(["symbol", "time"], keep="last", maintain_order=True)
    marks = held.select("symbol", "mark2").unique("symbol", keep="first", maintain_order=True)
    joined = grid.sort("time").join_asof(sums.sort("time"), on="time", by="symbol", check_sortedness=False)
    joined = joined.join(marks, on="symbol", how="left").sort("symbol", "time")
    return joined.with_columns(pl.col("position", "cash", "fee").fill_null(0))
