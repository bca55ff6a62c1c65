"""The market: one clock, the best of all venues, and the quote in force at a point."""

import polars as pl
from hypothesis import given, settings
from hypothesis import strategies as st

from store.analytics.market import AT, BEFORE, CAPTURE, EXCHANGE, Market, at_time, build, prevailing
from tests.store.analytics.worked import MS, Row, decision, event, order, quote, tables

SYMBOLS = ("A", "B")


def _mid2(market: Market, time: int, side_of: int, symbol: str = "IVOO") -> int | None:
    points = pl.DataFrame({"symbol": [symbol], "when": [time]}, schema={"symbol": pl.String, "when": pl.Int64})
    found = prevailing(market, points.select(*at_time("symbol", pl.col("when"), side_of)))
    value: int | None = found["mid2"][0]
    return value


def test_before_a_time_excludes_a_quote_of_that_time_and_at_it_includes_it() -> None:
    market = build(tables(quotes=[quote(1, 10, 100, 102), quote(2, 20, 200, 202)]))
    assert [_mid2(market, t, BEFORE) for t in (10, 11, 20, 21)] == [None, 202, 202, 402]
    assert [_mid2(market, t, AT) for t in (9, 10, 19, 20)] == [None, 202, 202, 402]


def test_of_two_quotes_of_one_time_the_greater_sequence_number_is_in_force() -> None:
    market = build(tables(quotes=[quote(8, 10, 300, 302), quote(7, 10, 100, 102)]))
    assert _mid2(market, 10, AT) == 602


def test_a_book_with_one_side_has_no_mid_and_no_older_one_takes_its_place() -> None:
    market = build(tables(quotes=[quote(1, 10, 100, 102), quote(2, 20, 0, 102), quote(3, 30, 98, 102)]))
    assert [_mid2(market, t, AT) for t in (10, 20, 25, 30)] == [202, None, None, 200]


def test_a_symbol_without_quotes_has_no_mid() -> None:
    assert _mid2(build(tables(quotes=[quote(1, 10, 100, 102)])), 50, AT, "ELSE") is None


def test_a_message_is_a_point_between_those_of_its_own_time() -> None:
    market = build(tables(quotes=[quote(5, 10, 100, 102), quote(6, 10, 200, 202), quote(7, 10, 300, 302)]))
    point = pl.DataFrame({"symbol": ["IVOO"], "time": [10], "side_of": [AT], "at_rank": [0], "at_sequence": [6]})
    assert prevailing(market, point)["mid2"].to_list() == [402]


def test_the_best_of_all_venues_is_the_highest_bid_and_the_lowest_offer() -> None:
    rows = [
        quote(1, 10, 100, 110, bid_shares=300),
        quote(1, 20, 104, 112, venue=1, bid_shares=50),
        quote(2, 30, 104, 106, bid_shares=200),
        quote(2, 40, 0, 105, venue=1),
    ]
    quotes = build(tables(quotes=rows)).quotes
    assert quotes["bid"].to_list() == [100, 104, 104, 104]
    assert quotes["ask"].to_list() == [110, 110, 106, 105]
    assert quotes["bid_shares"].to_list() == [300, 50, 250, 200]


def test_venues_that_the_firm_has_nothing_to_do_with_do_not_count() -> None:
    rows = [quote(1, 10, 100, 110), quote(1, 20, 500, 510, venue=1), quote(1, 30, 102, 112, venue=2)]
    market = build(tables(quotes=rows, orders=[order(1, 5, "entered")], decisions=[decision(2, 5, 1, feed_venue=2)]))
    assert market.venues == ("0", "2")
    assert _mid2(market, 40, AT) == 102 + 110
    assert build(tables(quotes=rows)).venues == ("0", "1", "2")


def test_a_message_that_was_captured_late_makes_those_behind_it_late() -> None:
    market = build(tables(quotes=[quote(1, 10, 100, 102), quote(2, 90, 200, 202), quote(3, 30, 300, 302)]))
    assert market.clock == CAPTURE
    assert [_mid2(market, t, AT) for t in (30, 89, 90)] == [202, 202, 602]


def test_with_order_by_order_events_times_are_the_exchanges() -> None:
    rows = [event(1, "A", 1), event(2, "A", 2) | {"t": 50 * MS}]
    market = build(tables(quotes=[quote(1, 1 * MS, 100, 102), quote(2, 50 * MS, 200, 202)], l3_events=rows))
    assert (market.clock, market.zero) == (EXCHANGE, 0)
    assert [_mid2(market, t * MS, AT) for t in (1, 2)] == [202, 402]


def test_quotes_without_their_events_fall_back_to_the_capture() -> None:
    market = build(tables(quotes=[quote(1, 10, 1, 3), quote(2, 20, 1, 3)], l3_events=[event(1, "A", 1)]))
    assert (market.clock, market.zero) == (CAPTURE, None)


def test_venues_whose_clocks_differ_fall_back_to_the_capture() -> None:
    rows = [event(1, "A", 1), event(1, "A", 1, venue=1, exchange_ns=7_200_000 * MS)]
    assert build(tables(l3_events=rows)).clock == CAPTURE


_QUOTES = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 12), st.sampled_from(SYMBOLS), st.integers(0, 9), st.integers(0, 9)),
    max_size=25,
)
_MESSAGES = st.none() | st.tuples(st.integers(0, 2), st.integers(0, 26))
_POINTS = st.lists(
    st.tuples(st.sampled_from(SYMBOLS), st.integers(-1, 14), st.sampled_from((BEFORE, AT)), _MESSAGES), max_size=12
)


@given(_QUOTES, _POINTS)
@settings(max_examples=80, deadline=None)
def test_it_is_what_a_walk_through_the_messages_gives(
    quotes: list[tuple[int, int, str, int, int]], points: list[tuple[str, int, int, tuple[int, int] | None]]
) -> None:
    rows = [
        quote(number, t, bid, ask, venue=venue, symbol=symbol)
        for number, (venue, t, symbol, bid, ask) in enumerate(sorted(quotes, key=lambda row: row[1]), 1)
    ]
    market = build(tables(quotes=rows))
    asked = pl.DataFrame(
        [(symbol, time, side_of, *(message or (None, None))) for symbol, time, side_of, message in points],
        schema={
            "symbol": pl.String,
            "time": pl.Int64,
            "side_of": pl.Int8,
            "at_venue": pl.Int64,
            "at_sequence": pl.Int64,
        },
        orient="row",
    ).with_columns(market.rank(pl.col("at_venue").cast(pl.String)).alias("at_rank"))
    asked = asked.with_columns(pl.when(pl.col("at_venue").is_not_null()).then("at_rank").alias("at_rank"))
    known = {row["venue"] for row in rows}
    kept = [message is None or message[0] in known for *_, message in points]
    found = prevailing(market, asked.filter(kept))["mid2"].to_list()
    assert found == [_walked(rows, *point) for point, keep in zip(points, kept, strict=True) if keep]


def _walked(rows: list[Row], symbol: str, time: int, side_of: int, message: tuple[int, int] | None) -> int | None:
    """The naive answer: apply all messages up to the point, venue by venue, then look."""
    last: dict[int, Row] = {}
    for row in sorted(rows, key=lambda row: (row["t"], row["venue"], row["sequence"])):
        same = row["t"] == time and side_of == AT
        if same and message is not None:
            same = (row["venue"], row["sequence"]) <= message
        if row["symbol"] == symbol and (row["t"] < time or same):
            last[row["venue"]] = row
    bid: int = max((row["bid"] for row in last.values()), default=0)
    ask: int = min((row["ask"] for row in last.values() if row["ask"]), default=0)
    return bid + ask if bid and ask else None
