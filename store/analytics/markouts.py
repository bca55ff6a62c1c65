"""Markouts and spreads of executions.

    markout(h)       = D * (M(h) - p) * s          M(h): mid h after the execution
    effective spread = 2 * D * (p - M) * s         M: mid before the execution
    realised spread  = 2 * D * (p - M(h)) * s
    price impact     = 2 * D * (M(h) - M) * s      = effective - realised, exactly

p price, s shares, D 1 for a buy and -1 for a sell, all in half price units. Markouts are gains of the firm. Spreads are
as Huang and Stoll define them ("Dealer versus Auction Markets", Journal of Financial Economics 41, 1996), and as Rule
605 of Regulation NMS weighs them, by shares; positive is what whoever traded against the quote paid. So an execution
that removed liquidity has a positive effective spread, one that added it a negative one: earned.

An execution without a two-sided quote before it, or at a horizon, is excluded there and counted.
"""

from typing import Final

import polars as pl

from store.analytics.executions import mid_after
from store.analytics.market import Market

MS: Final = 1_000_000
HORIZONS: Final = (MS, 10 * MS, 100 * MS, 1_000 * MS, 10_000 * MS)
"""Default horizons in ns: 1 ms to 10 s."""


def label(horizon: int) -> str:
    """A horizon for people and column names: `500us`, `10ms`, `1s`."""
    for unit, size in (("s", 1_000 * MS), ("ms", MS), ("us", 1_000), ("ns", 1)):
        if horizon % size == 0:
            return f"{horizon // size}{unit}"
    raise AssertionError(horizon)


def markouts(executions: pl.DataFrame, market: Market, horizons: tuple[int, ...], realised: int) -> pl.DataFrame:
    """Executions with mid2_<h> and markout_<h> for each horizon, effective, realised and impact (at `realised` ns)."""
    mids = [mid_after(market, executions, after).alias(f"mid2_{label(after)}") for after in horizons]
    later = mid_after(market, executions, realised).alias("later_mid2")
    rows = executions.with_columns(*mids, later)
    sign, shares, price2 = pl.col("sign"), pl.col("shares"), 2 * pl.col("price")
    gains = [
        (sign * shares * (pl.col(f"mid2_{label(after)}") - price2)).alias(f"markout_{label(after)}")
        for after in horizons
    ]
    return rows.with_columns(
        *gains,
        (2 * sign * shares * (price2 - pl.col("mid2"))).alias("effective"),
        (2 * sign * shares * (price2 - pl.col("later_mid2"))).alias("realised"),
        (2 * sign * shares * (pl.col("later_mid2") - pl.col("mid2"))).alias("impact"),
    )
