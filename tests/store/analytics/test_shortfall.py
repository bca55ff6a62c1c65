"""Implementation shortfall: Perold's total, Kissell's parts, worked by hand, and what is excluded."""

from typing import Any

import pytest

from store.analytics import executions, market, own_orders
from store.analytics.shortfall import NO_ARRIVAL, NO_DECISION, NO_END, PARTS, STILL_OPEN, shortfall
from tests.store.analytics.worked import HALF, MS, Row, S, decision, event, execution, order, quote, tables

# A buy of 1,000 shares is decided at a mid of $100.00, arrives at $100.05, gets 600 at $100.10 and 200 at $100.12 for
# $0.003 a share, is cancelled, and a second later the mid is $100.30.
QUOTES = [
    quote(1, 1 * MS, 99_9900, 100_0100),
    quote(2, 2 * MS, 100_0400, 100_0600),
    quote(3, 900 * MS, 100_2900, 100_3100),
    quote(4, 5 * S, 100_2900, 100_3100),
]
DECISION = decision(1, 1 * MS + 10, sequence=1, shares=1000)
SENT = order(2, 1 * MS + 20, "entered", shares=1000)
ACCEPTED = order(3, 3 * MS, "accepted", shares=1000)
FILLS = [
    execution(4, 4 * MS, 100_1000, 600, fee=600 * 30),
    execution(5, 5 * MS, 100_1200, 200, fee=200 * 30),
]
CANCELLED = order(6, 6 * MS, "cancelled", shares=200)


def _one(**changed: list[Row]) -> dict[str, Any]:
    rows: dict[str, list[Row]] = {"quotes": QUOTES, "decisions": [DECISION], "executions": FILLS}
    rows |= {"orders": [SENT, ACCEPTED, CANCELLED]} | changed
    given = tables(**rows)
    there = market.build(given)
    fills = executions.build(given, there)
    return shortfall(own_orders.build(given, there, fills, 1 * S)).row(0, named=True)


def test_the_worked_example() -> None:
    found = _one()
    assert (found["wanted"], found["executed"]) == (1000, 800)
    assert found["is_delay"] == 50 * HALF  # 1,000 * $0.05
    assert found["is_trading"] == 44 * HALF  # 600 * $0.05 + 200 * $0.07
    assert found["is_opportunity"] == 50 * HALF  # 200 * $0.25
    assert found["is_fees"] == 2_40 * HALF // 100
    assert found["is_total"] == 146_40 * HALF // 100
    assert found["paper"] == 100_000 * HALF


def test_a_sell_loses_what_a_buy_wins() -> None:
    sold = {"side": "S"}
    found = _one(
        decisions=[DECISION | sold],
        orders=[row | sold for row in (SENT, ACCEPTED, CANCELLED)],
        executions=[row | sold | {"fee": 0} for row in FILLS],
    )
    assert [found[f"is_{part}"] for part in PARTS] == [-50 * HALF, -44 * HALF, -50 * HALF, 0]
    assert found["is_total"] == -144 * HALF


def test_the_decision_stands_on_the_message_it_followed_from_and_not_on_the_servers_clock() -> None:
    late = [row | {"t": row["t"] + 700 * MS} for row in (SENT, ACCEPTED, CANCELLED)]
    found = _one(
        decisions=[DECISION | {"t": DECISION["t"] + 700 * MS}],
        orders=late,
        executions=[row | {"t": row["t"] + 700 * MS} for row in FILLS],
    )
    assert found["decided_mid2"] == 200_0000
    assert found["is_total"] == 146_40 * HALF // 100


def test_shares_that_a_replacement_took_over_are_wanted_there() -> None:
    second = {"reference": 2, "replaces": 1}
    replaced = [
        order(6, 6 * MS, "replace_sent", shares=1000, **second),
        order(7, 7 * MS, "replaced", shares=200, **second),
    ]
    first = _one(orders=[SENT, ACCEPTED, *replaced])
    assert (first["outcome"], first["wanted"], first["is_opportunity"]) == ("replaced", 800, 0)


def test_a_rejected_order_misses_all_of_it_and_a_rejected_replacement_nothing() -> None:
    rejected = order(3, 3 * MS, "rejected", reason="13")
    found = _one(orders=[SENT, rejected], executions=[])
    assert (found["outcome"], found["wanted"], found["is_opportunity"]) == ("rejected", 1000, 250 * HALF)
    found = _one(orders=[SENT | {"event": "replace_sent", "replaces": 9}, rejected], executions=[])
    assert (found["wanted"], found["is_total"]) == (0, 0)


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"decisions": [DECISION | {"sequence": 2}], "quotes": [QUOTES[0], QUOTES[1] | {"ask": 0}]}, NO_DECISION),
        ({"quotes": [QUOTES[0], QUOTES[1] | {"bid": 0}, *QUOTES[2:]]}, NO_ARRIVAL),
        ({"quotes": QUOTES[:3]}, NO_END),
        ({"orders": [SENT, ACCEPTED]}, STILL_OPEN),
    ],
)
def test_an_order_without_one_of_the_mids_is_excluded_with_its_reason(changed: dict[str, Any], reason: str) -> None:
    found = _one(**changed)
    assert found["excluded"] == reason
    assert [found[f"is_{part}"] for part in (*PARTS, "total")] == [None] * 5


def test_an_order_that_was_filled_needs_no_mid_after_its_end() -> None:
    filled = [execution(4, 4 * MS, 100_1000, 1000)]
    found = _one(orders=[SENT, ACCEPTED], executions=filled, quotes=QUOTES[:2])
    assert found["excluded"] is None
    assert (found["is_opportunity"], found["is_trading"]) == (0, 50 * HALF)


def test_own_orders_without_a_decision_take_the_mid_before_they_were_sent() -> None:
    found = _one(decisions=[])
    assert found["decided_mid2"] == 200_0000
    assert found["is_total"] == 146_40 * HALF // 100


def test_the_order_on_the_feed_tells_when_it_arrived() -> None:
    shown = [event(1, "A", 1), event(2, "A", 500), event(3, "A", 2), event(4, "A", 3)]
    found = _one(orders=[SENT, ACCEPTED | {"order_ref": 500, "t": 70 * MS}, CANCELLED], l3_events=shown)
    assert (found["how"], found["arrival"]) == ("order on the feed", 2 * MS)
    assert found["arrival_mid2"] == 200_0000  # before its own message: that of the first quote
    replaced = [event(1, "A", 1), event(2, "U", 1, new_ref=500), event(3, "A", 2), event(4, "A", 3)]
    found = _one(orders=[SENT, ACCEPTED | {"order_ref": 500, "t": 70 * MS}, CANCELLED], l3_events=replaced)
    assert (found["how"], found["arrival"]) == ("order on the feed", 2 * MS)
