"""Implementation shortfall of orders, and its parts.

Perold, "The Implementation Shortfall: Paper versus Reality", Journal of Portfolio Management 14 (1988): the gain of a
paper portfolio that had traded at the decision's price, less that of the real one. Kissell, "The Expanded
Implementation Shortfall", Journal of Trading 1 (2006): the same in parts that say where it was lost. With sign D (buy
1, sell -1), S shares wanted, X executed for the cash C, mids Pd at the decision, P0 before arrival, Pn after the end:

    delay       = D * S * (P0 - Pd)          the market moved before the order was there
    trading     = D * (C - X * P0)           what executing it cost
    opportunity = D * (S - X) * (Pn - P0)    what was not executed
    fees
    total       = D * (C - X * Pd) + D * (S - X) * (Pn - Pd) + fees

All in half price units; positive is a cost. Orders without one of the mids are excluded and counted by reason.
"""

from typing import Final

import polars as pl

PARTS: Final = ("delay", "trading", "opportunity", "fees")
NO_DECISION: Final = "no two-sided quote at the decision"
NO_ARRIVAL: Final = "no two-sided quote before the arrival"
NO_END: Final = "no quote at the end's horizon (the data ends before, or a side was empty)"
STILL_OPEN: Final = "still open"


def shortfall(orders: pl.DataFrame) -> pl.DataFrame:
    """Rows of `own_orders.build` with is_delay, is_trading, is_opportunity, is_fees, is_total, and `excluded`.

    Parts and total are null where `excluded` names a reason, which is null for all other orders.
    """
    wanted, executed, sign = pl.col("wanted"), pl.col("executed"), pl.col("sign")
    decided, arrived = pl.col("decided_mid2"), pl.col("arrival_mid2")
    missed = wanted - executed
    final = pl.when(missed == 0).then(arrived).otherwise(pl.col("final_mid2"))
    rows = orders.with_columns(_excluded(missed, final).alias("excluded"))
    total = sign * (2 * pl.col("cash") - executed * decided + missed * (final - decided)) + 2 * pl.col("fees")
    values = {
        "is_delay": sign * wanted * (arrived - decided),
        "is_trading": sign * (2 * pl.col("cash") - executed * arrived),
        "is_opportunity": sign * missed * (final - arrived),
        "is_fees": 2 * pl.col("fees"),
        "is_total": total,
        "paper": wanted * decided,
    }
    kept = pl.col("excluded").is_null()
    return rows.with_columns(pl.when(kept).then(value).alias(name) for name, value in values.items())


def _excluded(missed: pl.Expr, final: pl.Expr) -> pl.Expr:
    return (
        pl.when(pl.col("decided_mid2").is_null())
        .then(pl.lit(NO_DECISION))
        .when(pl.col("arrival_mid2").is_null())
        .then(pl.lit(NO_ARRIVAL))
        .when((missed > 0) & (pl.col("outcome") == "open"))
        .then(pl.lit(STILL_OPEN))
        .when(final.is_null())
        .then(pl.lit(NO_END))
    )
