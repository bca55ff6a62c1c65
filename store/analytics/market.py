"""The market as one stream of best bids and offers, and the quote that was in force at a point of it.

**Clock.** Where the order-by-order events were recorded, a quote's time is the exchange's own time stamp of the message
that changed it; else the time when the message was captured, made monotone by sequence number: nobody can apply a
message before those in front of it. `Market.clock` says which.

**Best bid and offer.** Of all venues together: the highest bid, the lowest offer, and the shares that all venues show
there. Venues count that the firm sent orders to or decided by. Without a protected quote from outside this is the
reference of Regulation NMS Rule 600(b). Own orders count.

**Points.** `BEFORE` a time: the last quote whose time is smaller, so what an execution or an order itself changed, with
the same time stamp, is never in its own reference. `AT` a time or a message: the last quote whose (time, venue,
sequence) is not greater. Sequence numbers are unique in a venue, so there are no ties and one answer.
"""

from dataclasses import dataclass, replace
from typing import Final

import polars as pl

from store.analytics.asof import Index
from store.analytics.inputs import MARKET, SEQUENCE_LIMIT, Inputs, frame, once

BEFORE: Final = 0
AT: Final = 2
_LAST: Final = 2**62
_NEVER: Final = -(2**62)
_SAME_CLOCK: Final = 10**9
"""Furthest that the first events of two venues may show different zeros, in ns."""
EXCHANGE, CAPTURE = "exchange", "capture"


@dataclass(frozen=True)
class Market:
    """`quotes`: symbol, time, rank (of the venue), sequence, bid, bid_shares, ask, ask_shares, mid2; `trades`: symbol,
    venue, sequence, time, price, shares, match; `messages`: venue, sequence, time of all that is known of the feeds.

    `mid2` is bid + ask, twice the mid; null while a side is empty. `zero`: the time at which the
    exchange's clock showed 0; None where this market's clock is the capture's.
    """

    clock: str
    venues: tuple[str, ...]
    zero: int | None
    quotes: pl.DataFrame
    trades: pl.DataFrame
    messages: pl.DataFrame
    index: Index

    def rank(self, venue: pl.Expr) -> pl.Expr:
        """The place of a venue's name in the order of venues; that of no venue is 0."""
        return _rank(self.venues, venue)

    def end(self) -> int:
        """The time of the last message of any feed, 0 without any: behind it no quote is known to be in force."""
        last = self.messages["time"].max()
        return last if isinstance(last, int) else 0


def build(given: Inputs) -> Market:
    """Bring a run's quotes and trades onto one clock and join the venues' quotes."""
    given = _of_own_venues(given)
    times, zero = _times(given)
    keys = ["venue", "sequence"]
    quotes = given.quotes.drop("t").join(times, on=keys, how="left", maintain_order="left")
    trades = given.trades.drop("t").join(times, on=keys, how="left", maintain_order="left")
    venues = tuple(sorted(set(times["venue"].unique())))
    best = _best(quotes.with_columns(_rank(venues, pl.col("venue")).alias("rank")), len(venues))
    places = best.select(place(pl.col("rank"), pl.col("sequence")))["place"]
    index = Index(best["symbol"].to_list(), best["time"].to_numpy(), places.to_numpy())
    return Market(CAPTURE if zero is None else EXCHANGE, venues, zero, best, trades, times, index)


def _of_own_venues(given: Inputs) -> Inputs:
    """Without the market data of venues that the firm neither decided by nor sent orders to; all, where it did not."""
    own = {*given.orders["venue"], *given.executions["venue"], *given.decisions["feed_venue"]} - {""}
    if not own:
        return given
    quotes, trades, events = (frame(given, name).filter(pl.col("venue").is_in(list(own))) for name in MARKET)
    return replace(given, quotes=quotes, trades=trades, l3_events=events)


def _rank(venues: tuple[str, ...], venue: pl.Expr) -> pl.Expr:
    ranks = {name: number for number, name in enumerate(venues)}
    return venue.replace_strict(ranks, default=0, return_dtype=pl.Int64)


def prevailing(market: Market, points: pl.DataFrame) -> pl.DataFrame:
    """The quote in force at each point: `points` with bid, ask and mid2, which are null where none was.

    Needs the columns symbol, time, side_of (`BEFORE` or `AT`); `at_rank` and `at_sequence` are null unless the point is
    a message. Rows stay in their order. A point without a time has no quote.
    """
    at = place(pl.col("at_rank"), pl.col("at_sequence")).fill_null(_LAST)
    asked = points.select(
        "symbol",
        pl.col("time").fill_null(_NEVER),
        pl.when(pl.col("side_of") == BEFORE).then(-1).otherwise(at).cast(pl.Int64).alias("place"),
    )
    # Places count from 0, so -1 is in front of all that is of the same time.
    found = market.index.last(asked["symbol"].to_list(), asked["time"].to_numpy(), asked["place"].to_numpy())
    quotes = market.quotes.select("bid", "ask", "mid2")
    rows = pl.Series("row", found).replace(-1, None)
    return points.with_columns(quotes.select(pl.all().gather(rows)))


def place(rank: pl.Expr, sequence: pl.Expr) -> pl.Expr:
    """A number that orders the messages of one time: by venue, then by sequence number."""
    return (rank * SEQUENCE_LIMIT + sequence).alias("place")


def at_time(symbol: str | pl.Expr, time: pl.Expr, side_of: int) -> list[pl.Expr]:
    """Columns of a point in time, for `prevailing`."""
    return [
        pl.col(symbol) if isinstance(symbol, str) else symbol,
        time.alias("time"),
        pl.lit(side_of, pl.Int8).alias("side_of"),
        pl.lit(None, pl.Int64).alias("at_rank"),
        pl.lit(None, pl.Int64).alias("at_sequence"),
    ]


def _times(given: Inputs) -> tuple[pl.DataFrame, int | None]:
    """The time of every known message of the feeds (venue, sequence, time), and the exchange's zero, if it is its."""
    events = given.l3_events
    known = pl.concat([table.select("venue", "sequence", "t") for table in (given.quotes, given.trades, events)])
    known = once(known.sort("venue", "sequence", maintain_order=True), ("venue", "sequence"))
    captured = known.select("venue", "sequence", pl.col("t").cum_max().over("venue").alias("time"))
    zero = _zero(events)
    stamped = events.select("venue", "sequence", "exchange_ns")
    if zero is None or given.quotes.join(stamped, on=["venue", "sequence"], how="anti").height:
        return captured, None
    # A message that is no order-by-order event (a cross, a broken trade) has no stamp here: it is as old as the last.
    stamps = pl.col("exchange_ns").cum_max().forward_fill().over("venue") + zero
    joined = captured.join(stamped, on=["venue", "sequence"], how="left", maintain_order="left")
    return joined.select("venue", "sequence", stamps.alias("time")).drop_nulls("time"), zero


def _zero(events: pl.DataFrame) -> int | None:
    """When the exchange's clock showed 0, in ns UTC; None without stamps, or when the venues' clocks differ.

    Stamps leave the day out, and a simulated exchange opens when it is started: the first event of all tells.
    """
    firsts = events.group_by("venue").agg(
        pl.col("t").first(), zero=(pl.col("t") - pl.col("exchange_ns")).first(), last=pl.col("exchange_ns").max()
    )
    if not firsts.height or not firsts["last"].min():
        return None
    zeros = firsts.sort("t")["zero"].to_list()
    return int(zeros[0]) if max(zeros) - min(zeros) <= _SAME_CLOCK else None


def _best(quotes: pl.DataFrame, venues: int) -> pl.DataFrame:
    """The best of all venues after each change of one."""
    ordered = quotes.sort("symbol", "time", "rank", "sequence")
    sides = []
    for rank in range(venues):
        here = pl.col("rank") == rank
        for name in ("bid", "bid_shares", "ask", "ask_shares"):
            last = pl.when(here).then(pl.col(name)).forward_fill().over("symbol")
            sides.append(last.fill_null(0).alias(f"{name}.{rank}"))
    wide = ordered.with_columns(sides)
    ranks = range(venues)
    asks = [pl.when(pl.col(f"ask.{rank}") > 0).then(pl.col(f"ask.{rank}")) for rank in ranks]
    bid = pl.max_horizontal([pl.col(f"bid.{rank}") for rank in ranks]) if venues else pl.lit(0, pl.Int64)
    ask = pl.min_horizontal(asks).fill_null(0) if venues else pl.lit(0, pl.Int64)
    wide = wide.with_columns(bid=bid.cast(pl.Int64), ask=ask.cast(pl.Int64))
    shares = [
        pl.sum_horizontal(
            [pl.lit(0, pl.Int64)]
            + [
                pl.when(pl.col(f"{side}.{r}") == pl.col(side)).then(pl.col(f"{side}_shares.{r}")).otherwise(0)
                for r in ranks
            ]
        ).alias(f"{side}_shares")
        for side in ("bid", "ask")
    ]
    both = (pl.col("bid") > 0) & (pl.col("ask") > 0)
    return wide.with_columns(shares).select(
        "symbol",
        "time",
        "rank",
        "sequence",
        "bid",
        "bid_shares",
        "ask",
        "ask_shares",
        pl.when(both).then(pl.col("bid") + pl.col("ask")).alias("mid2"),
    )
