"""Markouts and spreads by hand: signs, horizons, and what is missing."""

from typing import Any

import pytest

from protocols.ouch50_codes import LIQUIDITY_FLAGS
from store.analytics import executions, market
from store.analytics.markouts import HORIZONS, label, markouts
from tests.store.analytics.worked import HALF, MS, Row, S, decision, event, execution, order, quote, tables, trade

# 100 shares bought at $10.00 where the mid was $10.01; 10 ms later it is $9.98, 1 s later $10.03.
QUOTES = [
    quote(1, 1 * MS, 10_0000, 10_0200),
    quote(3, 5 * MS + 10 * MS, 9_9700, 9_9900),
    quote(4, 5 * MS + 800 * MS, 10_0200, 10_0400),
    quote(5, 20 * S, 10_0200, 10_0400),
]
PRINT = trade(2, 5 * MS, 10_0000, 100, match=77)
FILL = execution(1, 6 * MS, 10_0000, 100, match=77)


def _one(fill: Row = FILL, **changed: list[Row]) -> dict[str, Any]:
    rows = {"quotes": QUOTES, "trades": [PRINT], "executions": [fill]} | changed
    given = tables(**rows)
    there = market.build(given)
    return markouts(executions.build(given, there), there, HORIZONS, 1 * S).row(0, named=True)


def test_a_markout_is_how_far_the_mid_went_in_the_firms_favour_from_the_price() -> None:
    found = _one()
    assert found["markout_1ms"] == 1 * HALF  # 100 * ($10.01 - $10.00)
    assert found["markout_10ms"] == -2 * HALF
    assert found["markout_100ms"] == -2 * HALF
    assert found["markout_1s"] == 3 * HALF
    assert found["markout_10s"] == 3 * HALF


def test_of_a_sell_the_signs_are_the_other_way_round() -> None:
    found = _one(FILL | {"side": "S"})
    assert [found[f"markout_{label(horizon)}"] for horizon in HORIZONS] == [
        -1 * HALF,
        2 * HALF,
        2 * HALF,
        -3 * HALF,
        -3 * HALF,
    ]


def test_effective_spread_is_price_impact_and_realised_spread() -> None:
    found = _one()
    assert found["effective"] == -2 * HALF  # 2 * 100 * ($10.00 - $10.01): earned
    assert found["realised"] == -6 * HALF  # 2 * 100 * ($10.00 - $10.03)
    assert found["impact"] == 4 * HALF  # 2 * 100 * ($10.03 - $10.01)
    assert found["effective"] == found["realised"] + found["impact"]


def test_the_quote_that_the_execution_itself_made_is_not_the_one_before_it() -> None:
    own = quote(2, 5 * MS, 9_0000, 9_1000)
    found = _one(quotes=[QUOTES[0], own, *QUOTES[1:]])
    assert found["mid2"] == 20_0200
    assert found["markout_1ms"] == 100 * (18_1000 - 20_0000)


def test_a_horizon_behind_the_end_of_the_data_has_no_markout() -> None:
    found = _one(quotes=QUOTES[:3])
    assert found["markout_100ms"] == -2 * HALF
    assert (found["markout_1s"], found["realised"], found["impact"]) == (None, None, None)
    assert found["effective"] == -2 * HALF


def test_without_a_two_sided_quote_before_there_is_no_spread_but_a_markout() -> None:
    found = _one(quotes=[QUOTES[0] | {"ask": 0}, *QUOTES[1:]])
    assert (found["effective"], found["impact"], found["markout_1ms"]) == (None, None, None)
    assert found["markout_10ms"] == -2 * HALF


@pytest.mark.parametrize(
    ("changed", "how", "time"),
    [
        ({}, "match number", 5 * MS),
        (
            {"trades": [], "decisions": [decision(1, 2 * MS, sequence=1)], "orders": [order(2, 2 * MS, "entered")]},
            "cause of the order",
            1 * MS + 4 * MS,
        ),
        ({"trades": []}, "server's clock", 6 * MS),
    ],
)
def test_the_moment_of_an_execution_is_found_by_the_best_way_there_is(
    changed: dict[str, list[Row]], how: str, time: int
) -> None:
    found = _one(FILL, **changed)
    assert (found["how"], found["time"]) == (how, time)


def test_with_the_exchanges_clock_its_stamp_is_the_moment() -> None:
    events = [event(number, "A", number) for number in (1, 3, 4, 5)]  # at 1, 3, 4 and 5 ms of the exchange's time
    found = _one(FILL | {"exchange_ns": 4 * MS, "t": 77 * S}, l3_events=events)
    assert (found["how"], found["time"]) == ("exchange's stamp", 4 * MS)
    assert found["mid2"] == QUOTES[1]["bid"] + QUOTES[1]["ask"]
    assert found["mid2_1ms"] == QUOTES[3]["bid"] + QUOTES[3]["ask"]
    found = _one(l3_events=[*events, event(2, "E", 9, match=77)])
    assert (found["how"], found["time"]) == ("match number", 2 * MS)


def test_an_execution_that_was_broken_is_none() -> None:
    given = tables(executions=[FILL], orders=[order(9, 9, "broken", match=77)])
    assert executions.build(given, market.build(given)).height == 0


def test_every_liquidity_flag_of_ouch_has_a_role() -> None:
    known = set(LIQUIDITY_FLAGS) - {"0"}  # supplemental: a program of its own, neither side of the book
    assert known <= set(executions.ROLES)
    for flag, meaning in LIQUIDITY_FLAGS.items():
        if "added" in meaning or "removed" in meaning:
            assert executions.ROLES[flag] == ("added" if "added" in meaning else "removed"), flag


@pytest.mark.parametrize(
    ("ns", "text"), [(500_000, "500us"), (MS, "1ms"), (1_500 * MS, "1500ms"), (S, "1s"), (7, "7ns")]
)
def test_horizons_are_named_exactly(ns: int, text: str) -> None:
    assert label(ns) == text
