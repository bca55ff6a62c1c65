"""Own orders, one row each: what was wanted, what came of it, and the mids it is held against.

A replacement is an order of its own, with its own decision. The shares it took over are its, and no longer those of the
order it replaced; so nothing is wanted twice.
"""

from typing import Final

import polars as pl

from store.analytics.executions import BY_CLOCK, ORDER, causes, mid_after, moment, sign
from store.analytics.inputs import Inputs
from store.analytics.market import AT, BEFORE, Market, at_time, prevailing

FILLED, PARTLY, UNFILLED, REPLACED, REJECTED, OPEN = "filled", "partly", "cancelled", "replaced", "rejected", "open"
BY_LEVEL: Final = "order on the feed"


def build(given: Inputs, market: Market, executions: pl.DataFrame, horizon: int) -> pl.DataFrame:
    """One row per order sent, by login, venue and reference.

    `wanted`: shares it was decided for, less those that a replacement took over; `executed`, `cash` (sum of price times
    shares), `fees`; `decided_mid2`, `arrival_mid2`, `final_mid2`: twice the mid at the decision, before it arrived at
    the exchange, and `horizon` ns after it ended, null where there was none; `arrival`, `ended` in the market's clock;
    `to_first`, `to_last`: ns from acceptance to first and last execution.
    """
    rows = _sent(given)
    for other in (_accepted(given), _rejected(given), _cancelled(given), _taken_over(given), _executed(executions)):
        rows = rows.join(other, on=ORDER, how="left", maintain_order="left")
    rows = rows.join(causes(given, market), on=ORDER, how="left", maintain_order="left")
    rows = rows.with_columns(sign().alias("sign"), *(pl.col(c).fill_null(0) for c in _COUNTS))
    rows = rows.with_columns(_wanted().alias("wanted"), _outcome().alias("outcome"))
    return _mids(rows, given, market, horizon).select(*_COLUMNS)


_COUNTS: Final = ("executed", "cash", "fees", "fills", "taken_over", "cancelled_shares")
_COLUMNS: Final = (
    *ORDER,
    *("replaces", "symbol", "side", "sign", "strategy", "tif", "price", "sent_at", "decided"),
    *("sent_shares", "live_shares", "wanted", "executed", "cash", "fees", "fills", "outcome", "reason", "order_ref"),
    *("arrival", "how", "ended", "decided_mid2", "arrival_mid2", "final_mid2", "to_first", "to_last"),
)


def _sent(given: Inputs) -> pl.DataFrame:
    sent = given.orders.filter(pl.col("event").is_in(["entered", "replace_sent"]))
    return sent.unique(ORDER, keep="first", maintain_order=True).select(
        *ORDER,
        *("replaces", "symbol", "side", "strategy", "tif", "price"),
        pl.col("t").alias("sent_at"),
        pl.col("shares").alias("sent_shares"),
    )


def _first(given: Inputs, events: list[str]) -> pl.DataFrame:
    return given.orders.filter(pl.col("event").is_in(events)).unique(ORDER, keep="first", maintain_order=True)


def _accepted(given: Inputs) -> pl.DataFrame:
    return _first(given, ["accepted", "replaced"]).select(
        *ORDER,
        pl.col("t").alias("accepted_t"),
        pl.col("exchange_ns").alias("accepted_ns"),
        pl.col("shares").alias("live_shares"),
        "order_ref",
    )


def _rejected(given: Inputs) -> pl.DataFrame:
    return _first(given, ["rejected"]).select(
        *ORDER, pl.col("t").alias("rejected_t"), pl.col("exchange_ns").alias("rejected_ns"), "reason"
    )


def _cancelled(given: Inputs) -> pl.DataFrame:
    rows = given.orders.filter(pl.col("event").is_in(["cancelled", "prevented"]))
    return rows.group_by(ORDER, maintain_order=True).agg(
        pl.col("shares").sum().alias("cancelled_shares"),
        pl.col("t").last().alias("cancelled_t"),
        pl.col("exchange_ns").last().alias("cancelled_ns"),
        pl.col("reason").last().alias("cancel_reason"),
    )


def _taken_over(given: Inputs) -> pl.DataFrame:
    """What replacements took over, by the order that was replaced."""
    rows = given.orders.filter((pl.col("event") == "replaced") & (pl.col("replaces") > 0))
    return rows.group_by("login", "venue", pl.col("replaces").alias("reference"), maintain_order=True).agg(
        pl.col("shares").first().alias("taken_over"),
        pl.col("t").first().alias("replaced_t"),
        pl.col("exchange_ns").first().alias("replaced_ns"),
    )


def _executed(executions: pl.DataFrame) -> pl.DataFrame:
    return executions.group_by(ORDER, maintain_order=True).agg(
        pl.col("shares").sum().alias("executed"),
        pl.col("notional").sum().alias("cash"),
        pl.col("fee").sum().alias("fees"),
        pl.len().cast(pl.Int64).alias("fills"),
        pl.col("t").first().alias("first_t"),
        pl.col("t").last().alias("last_t"),
        pl.col("exchange_ns").first().alias("first_ns"),
        pl.col("exchange_ns").last().alias("last_ns"),
        pl.col("time").last().alias("last_time"),
    )


def _wanted() -> pl.Expr:
    """Never less than what was executed: a replacement can only take over what was left.

    A replacement that was rejected wanted nothing new: the order it would have replaced stays.
    """
    left = pl.max_horizontal(_live() - pl.col("executed"), pl.lit(0, pl.Int64))
    refused = pl.col("rejected_t").is_not_null() & (pl.col("replaces") > 0)
    return (
        pl.when(refused).then("executed").otherwise(pl.col("executed") + left - pl.min_horizontal(left, "taken_over"))
    )


def _live() -> pl.Expr:
    """Shares of the order as the exchange took it, else as it was sent."""
    return pl.coalesce("live_shares", "sent_shares")


def _outcome() -> pl.Expr:
    executed = pl.col("executed")
    return (
        pl.when(pl.col("rejected_t").is_not_null())
        .then(pl.lit(REJECTED))
        .when((executed > 0) & (executed >= _live()))
        .then(pl.lit(FILLED))
        .when(pl.col("replaced_t").is_not_null())
        .then(pl.lit(REPLACED))
        .when(executed + pl.col("cancelled_shares") < _live())
        .then(pl.lit(OPEN))
        .when(executed > 0)
        .then(pl.lit(PARTLY))
        .otherwise(pl.lit(UNFILLED))
    )


def _mids(rows: pl.DataFrame, given: Inputs, market: Market, horizon: int) -> pl.DataFrame:
    decided = rows.select(
        "symbol",
        pl.coalesce("cause_time", pl.coalesce("decided", "sent_at")).alias("time"),
        pl.when(pl.col("cause_time").is_null()).then(BEFORE).otherwise(AT).alias("side_of"),
        "at_rank",
        "at_sequence",
    )
    rows = rows.with_columns(prevailing(market, decided)["mid2"].alias("decided_mid2"))
    rows = _arrival(rows, given, market)
    before = prevailing(market, rows.select(*at_time("symbol", pl.col("arrival"), BEFORE)))
    rows = rows.with_columns(before["mid2"].alias("arrival_mid2"))
    rows = rows.with_columns(
        ended_t=pl.coalesce("rejected_t", "replaced_t", "cancelled_t"),
        ended_ns=pl.coalesce("rejected_ns", "replaced_ns", "cancelled_ns"),
    )
    ended, _how = moment(market, "ended_t", "ended_ns")
    rows = rows.with_columns(
        pl.when(pl.col("outcome") == FILLED)
        .then("last_time")
        .when(pl.col("outcome") != OPEN)
        .then(ended)
        .alias("ended"),
        _duration("first").alias("to_first"),
        _duration("last").alias("to_last"),
    )
    return rows.with_columns(mid_after(market, rows, horizon, "ended").alias("final_mid2"))


def _arrival(rows: pl.DataFrame, given: Inputs, market: Market) -> pl.DataFrame:
    """When each order came to the exchange: its acceptance, or what the exchange said instead."""
    rows = rows.with_columns(
        answer_t=pl.coalesce("accepted_t", "rejected_t", "cancelled_t", "first_t", "sent_at"),
        answer_ns=pl.coalesce("accepted_ns", "rejected_ns", "cancelled_ns", "first_ns", pl.lit(0)),
    )
    shown = given.l3_events.filter(pl.col("event").is_in(["A", "F", "U"])).select(
        "venue",
        pl.when(pl.col("event") == "U").then("new_ref").otherwise("order_ref").alias("order_ref"),
        "sequence",
    )
    shown = shown.join(market.messages, on=["venue", "sequence"], how="left").drop("sequence")
    shown = shown.unique(["venue", "order_ref"], keep="first").rename({"time": "shown_time"})
    rows = rows.join(shown, on=["venue", "order_ref"], how="left", maintain_order="left")
    time, how = moment(market, "answer_t", "answer_ns", pl.col("shown_time"), BY_LEVEL)
    return rows.with_columns(time.alias("arrival"), how.fill_null(BY_CLOCK).alias("how"))


def _duration(which: str) -> pl.Expr:
    """From acceptance to an execution: by the exchange's stamps where both are known, else by the server's clock."""
    stamped = (pl.col("accepted_ns") > 0) & (pl.col(f"{which}_ns") > 0)
    by_stamp = pl.col(f"{which}_ns") - pl.col("accepted_ns")
    return pl.when(stamped).then(by_stamp).otherwise(pl.col(f"{which}_t") - pl.col("accepted_t"))
