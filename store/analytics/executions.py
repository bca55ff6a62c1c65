"""Own executions, each with the moment it has in the market and the mid before it."""

from typing import Final

import polars as pl

from protocols.ouch50_codes import ADDED_FLAGS, REMOVED_FLAGS
from store.analytics import market as stream
from store.analytics.inputs import Inputs
from store.analytics.market import BEFORE, Market, prevailing

ADDED, REMOVED, CROSS = "added", "removed", "cross"
ROLES: Final = {
    **dict.fromkeys(ADDED_FLAGS, ADDED),
    **dict.fromkeys(REMOVED_FLAGS, REMOVED),
    **dict.fromkeys("OMCLHKi", CROSS),
}
"""OUCH 5.0 liquidity flags by role (`protocols.ouch50_codes.LIQUIDITY_FLAGS`); others are `other`."""
ORDER: Final = ["login", "venue", "reference"]
"""What names an own order."""
BY_STAMP, BY_MATCH, BY_CAUSE, BY_CLOCK = "exchange's stamp", "match number", "cause of the order", "server's clock"
HOURS: Final = 3600 * 10**9


def sign(column: str = "side") -> pl.Expr:
    """1 for a buy, -1 for a sell."""
    return pl.when(pl.col(column) == "B").then(1).otherwise(-1).cast(pl.Int64)


def causes(given: Inputs, market: Market) -> pl.DataFrame:
    """When, in the market's clock, the message came that each passed decision followed from.

    login, venue, reference, decided (server's clock), cause_time, at_rank, at_sequence; no row for decisions without a
    feed.
    """
    passed = given.decisions.filter((pl.col("code") == 0) & (pl.col("reference") > 0))
    passed = passed.unique(ORDER, keep="first", maintain_order=True)
    known = market.messages.select(pl.col("venue").alias("feed_venue"), "sequence", pl.col("time").alias("cause_time"))
    joined = passed.sort("sequence").join_asof(
        known.sort("sequence"), on="sequence", by="feed_venue", strategy="backward", check_sortedness=False
    )
    return joined.select(
        *ORDER,
        pl.col("t").alias("decided"),
        pl.when(pl.col("sequence") > 0).then("cause_time").alias("cause_time"),
        market.rank(pl.col("feed_venue")).alias("at_rank"),
        pl.col("sequence").alias("at_sequence"),
    ).sort(ORDER)


def moment(market: Market, t: str, stamp: str, other: pl.Expr | None = None, how: str = "") -> list[pl.Expr]:
    """The moment of an own event in the market's clock, and how it was found (columns `time`, `how`).

    `t`: its column in the server's clock, `stamp`: that of the exchange's stamp, 0 if unknown; `other`: a further way,
    named `how`, null where it is of no use. Last come the time that passed since the cause of the order, added to the
    cause's own time, and the server's clock as it is. Needs decided and cause_time.
    """
    ways: list[tuple[str, pl.Expr]] = []
    if market.zero is not None:
        ways.append((BY_STAMP, pl.when(pl.col(stamp) > 0).then(pl.col(stamp) + market.zero)))
    if other is not None:
        ways.append((how, other))
    ways.append((BY_CAUSE, pl.col("cause_time") + (pl.col(t) - pl.col("decided"))))
    ways.append((BY_CLOCK, pl.col(t)))
    chosen = pl.coalesce([pl.when(way.is_not_null()).then(pl.lit(name)) for name, way in ways])
    return [pl.coalesce([way for _, way in ways]).alias("time"), chosen.alias("how")]


def broken(given: Inputs) -> pl.DataFrame:
    """Login, venue and match number of executions that the exchange took back."""
    rows = given.orders.filter((pl.col("event") == "broken") & (pl.col("match") > 0))
    return rows.select("login", "venue", "match").unique(maintain_order=True)


def build(given: Inputs, market: Market) -> pl.DataFrame:
    """Executions that stand, in the order of their venue and journal number.

    Adds sign, role, notional (price4 times shares), time (in the market), how it was found, mid2 (`BEFORE` it), bid,
    ask, hour (of the server's clock, UTC).
    """
    standing = given.executions.join(broken(given), on=["login", "venue", "match"], how="anti", maintain_order="left")
    prints = market.trades.filter(pl.col("match") > 0).unique(["venue", "match"], keep="first", maintain_order=True)
    prints = prints.select("venue", "match", pl.col("time").alias("print_time"))
    rows = standing.join(prints, on=["venue", "match"], how="left", maintain_order="left")
    rows = rows.join(causes(given, market), on=ORDER, how="left", maintain_order="left")
    rows = rows.with_columns(
        *moment(market, "t", "exchange_ns", pl.col("print_time"), BY_MATCH),
        sign().alias("sign"),
        pl.col("liquidity").replace_strict(ROLES, default="other", return_dtype=pl.String).alias("role"),
        (pl.col("price") * pl.col("shares")).alias("notional"),
        ((pl.col("t") // HOURS) % 24).alias("hour"),
        pl.lit(BEFORE, pl.Int8).alias("side_of"),
        pl.lit(None, pl.Int64).alias("at_rank"),
        pl.lit(None, pl.Int64).alias("at_sequence"),
    )
    return prevailing(market, rows).drop("side_of", "at_rank", "at_sequence", "print_time", "decided", "cause_time")


def mid_after(market: Market, rows: pl.DataFrame, after: int, time: str = "time") -> pl.Series:
    """Twice the mid `after` ns behind each row's time; null where there was none, or the market had ended before."""
    asked = rows.select("symbol", (pl.col(time) + after).alias("time"))
    asked = asked.select(*stream.at_time("symbol", pl.col("time"), stream.AT))
    found = prevailing(market, asked)
    end = market.end()
    return found.select(pl.when(pl.col("time") <= end).then("mid2").alias("mid2"))["mid2"]
