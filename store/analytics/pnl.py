"""Profit and loss of executions, and where it came from.

With the mid M before an execution, M(h) a horizon later, and the mark K at the end of the data:

    spread captured   = D * (M - p) * s        what the price was better than the mid
    adverse selection = D * (M(h) - M) * s     what the market knew (negative when it moved against the firm)
    inventory         = D * (K - M(h)) * s     what holding it longer brought
    fees              = - fee                  rebates are positive
    total             = D * (K - p) * s - fee

in half price units; the four add up to the total exactly. Where M or M(h) is missing, what cannot be split is in a
fifth part, `unsplit`, and counted. The split by the mid follows Glosten and Harris, "Estimating the Components of the
Bid/Ask Spread", Journal of Financial Economics 21 (1988), and Stoll (1989).

The mark is the last two-sided mid of a symbol, else its last print. An execution in a symbol with neither has no
profit that one could know: it is excluded and counted. A position from before the run is not part of it.
"""

from typing import Final

import polars as pl

from store.analytics.market import Market

PARTS: Final = ("spread_captured", "adverse_selection", "inventory", "unsplit", "fees")
NO_MARK: Final = "no mark: the symbol has neither a two-sided quote nor a print"


def marks(market: Market) -> pl.DataFrame:
    """symbol, mark2: twice the price that positions are valued at when the data ends."""
    mids = market.quotes.filter(pl.col("mid2").is_not_null()).sort("time", "rank", "sequence")
    last_mid = mids.group_by("symbol", maintain_order=True).agg(pl.col("mid2").last().alias("mark2"))
    prints = market.trades.filter((pl.col("price") > 0) & pl.col("time").is_not_null()).sort(
        "time", "venue", "sequence"
    )
    last_print = prints.group_by("symbol", maintain_order=True).agg((2 * pl.col("price").last()).alias("mark2"))
    return pl.concat([last_mid, last_print]).unique("symbol", keep="first", maintain_order=True)


def pnl(executions: pl.DataFrame, market: Market) -> pl.DataFrame:
    """Rows of `markouts.markouts` with pnl_<part> and pnl_total, null in a symbol without a mark."""
    rows = executions.join(marks(market), on="symbol", how="left", maintain_order="left")
    held, price2 = pl.col("sign") * pl.col("shares"), 2 * pl.col("price")
    spread = (held * (pl.col("mid2") - price2)).fill_null(0)
    adverse = (held * (pl.col("later_mid2") - pl.col("mid2"))).fill_null(0)
    whole = pl.col("mid2").is_not_null() & pl.col("later_mid2").is_not_null()
    inventory = pl.when(whole).then(held * (pl.col("mark2") - pl.col("later_mid2"))).otherwise(0)
    before_fees = held * (pl.col("mark2") - price2)
    values = {
        "spread_captured": spread,
        "adverse_selection": adverse,
        "inventory": inventory,
        "unsplit": pl.when(whole).then(0).otherwise(before_fees - spread),
        "fees": -2 * pl.col("fee"),
        "total": before_fees - 2 * pl.col("fee"),
    }
    marked = pl.col("mark2").is_not_null()
    return rows.with_columns(pl.when(marked).then(value).alias(f"pnl_{name}") for name, value in values.items())


def positions(executions: pl.DataFrame) -> pl.DataFrame:
    """Shares that the executions brought, by symbol, and what they were paid with (price4 times shares)."""
    held = pl.col("sign") * pl.col("shares")
    return executions.group_by("symbol", maintain_order=True).agg(
        held.sum().alias("shares"), (-pl.col("sign") * pl.col("notional")).sum().alias("cash")
    )
