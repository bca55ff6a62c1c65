"""What became of own orders, fill ratios, and times to fill."""

from typing import Any

import polars as pl
import pytest

from store.analytics import executions, fills, market, own_orders
from tests.store.analytics.worked import MS, Row, S, execution, order, tables

SENT = order(1, 1 * MS, "entered", shares=300)
ACCEPTED = order(2, 2 * MS, "accepted", shares=300)


def _orders(orders: list[Row], own: list[Row] | None = None) -> Any:
    given = tables(orders=orders, executions=own or [])
    there = market.build(given)
    return own_orders.build(given, there, executions.build(given, there), S)


@pytest.mark.parametrize(
    ("orders", "executed", "outcome"),
    [
        ([SENT], [], "open"),
        ([SENT, ACCEPTED], [], "open"),
        ([SENT, ACCEPTED], [100], "open"),
        ([SENT, ACCEPTED], [100, 200], "filled"),
        ([SENT, ACCEPTED, order(9, 9 * MS, "cancelled", shares=300)], [], "cancelled"),
        ([SENT, ACCEPTED, order(9, 9 * MS, "cancelled", shares=100)], [], "open"),
        ([SENT, ACCEPTED, order(9, 9 * MS, "cancelled", shares=100)], [200], "partly"),
        ([SENT, ACCEPTED, order(9, 9 * MS, "prevented", shares=300)], [], "cancelled"),
        ([SENT, order(9, 9 * MS, "rejected")], [], "rejected"),
        ([SENT, ACCEPTED, order(9, 9 * MS, "replaced", 2, 300, replaces=1)], [], "replaced"),
        ([SENT | {"shares": 900}, ACCEPTED], [300], "filled"),  # the exchange took it for less
    ],
)
def test_outcomes(orders: list[Row], executed: list[int], outcome: str) -> None:
    own = [execution(20 + n, (5 + n) * MS, 100, shares) for n, shares in enumerate(executed)]
    assert _orders(orders, own)["outcome"].to_list() == [outcome]


def test_fill_ratio_is_of_the_shares_of_orders_that_were_accepted() -> None:
    rows = [
        SENT,
        ACCEPTED,
        order(3, 3 * MS, "entered", 2, 100),
        order(4, 4 * MS, "accepted", 2, 100),
        order(5, 5 * MS, "entered", 3, 1000),
        order(6, 6 * MS, "rejected", 3),
    ]
    found = _orders(rows, [execution(7, 7 * MS, 100, 100, reference=1)])
    assert fills.ratio(found) == 100 / 400
    assert fills.by_outcome(found) == {
        "filled": 0,
        "partly": 0,
        "replaced": 0,
        "cancelled": 0,
        "rejected": 1,
        "open": 2,
    }
    assert fills.ratio(found.head(0)) is None


def test_times_to_fill_are_the_exchanges_where_it_stamped_both() -> None:
    own = [execution(3, 5 * MS, 100, 100), execution(4, 9 * MS, 100, 200)]
    assert _orders([SENT, ACCEPTED], own).select("to_first", "to_last").rows() == [(3 * MS, 7 * MS)]
    stamped = [own[0] | {"exchange_ns": 1_000_500}, own[1] | {"exchange_ns": 1_000_900}]
    found = _orders([SENT, ACCEPTED | {"exchange_ns": 1_000_000}], stamped)
    assert found.select("to_first", "to_last").rows() == [(500, 900)]


def test_percentiles_are_values_that_occurred() -> None:
    found = fills.quantiles(pl.Series([None, *range(100, 0, -1)], dtype=pl.Int64))
    assert found == {"min": 1, "p10": 10, "p50": 50, "p90": 90, "p99": 99, "max": 100}
    assert fills.quantiles(pl.Series([7])) == dict.fromkeys(found, 7)
    assert fills.quantiles(pl.Series([], dtype=pl.Int64)) == {}


def test_the_same_reference_at_two_venues_is_two_orders() -> None:
    rows = [SENT, ACCEPTED, order(3, 3, "entered", shares=50, venue=1)]
    assert _orders(rows)["sent_shares"].to_list() == [300, 50]
