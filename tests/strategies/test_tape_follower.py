"""The untyped example."""

from typing import Any

import pytest

from hftapp.units import Price, Shares
from protocols import ouch50
from tests.hftapp.trader.rig import Rig, add


def traded(*prices: int, **params: int) -> list[tuple[Any, ...]]:
    """What it takes after trades at these prices, half a second apart; nothing is answered."""
    settings: dict[str, Any] = {"prints": 2, "min_shares": 100, **params}
    floor = Rig("tape_follower.TapeFollower", **settings)
    floor.feed(add(1, "B", 500, 99_9000), add(2, "S", 500, 100_1000))
    for price in prices:
        floor.wait(500)
        floor.desk.trade(floor.aapl, Price(price), Shares(100))
    return [(m.side, m.quantity, m.price, m.time_in_force) for m in floor.sent if isinstance(m, ouch50.EnterOrder)]


@pytest.mark.parametrize(
    ("prices", "taken"),
    [
        ((100_0000, 100_0100), []),
        ((100_0000, 100_0100, 100_0200), [("B", 100, 100_1000, "3")]),
        ((100_0200, 100_0100, 100_0000), [("T", 100, 99_9000, "3")]),
        ((100_0000, 100_0100, 100_0100), []),
        ((100_0000, 100_0100, 100_0000), []),
        ((100_0000, 100_0100, 100_0200, 100_0300), [("B", 100, 100_1000, "3")]),  # the tape starts anew
    ],
)
def test_it_follows_a_tape_that_goes_one_way(prices: tuple[int, ...], taken: list[tuple[Any, ...]]) -> None:
    assert traded(*prices) == taken


def test_small_trades_say_nothing() -> None:
    assert traded(1, 2, 3, min_shares=101) == []


@pytest.mark.parametrize(("most", "size"), [(99, 99), (100, 100), (101, 100)])
def test_it_takes_no_more_than_its_largest_position(most: int, size: int) -> None:
    assert [order[1] for order in traded(1, 2, 3, size=100, max_position=most)] == [size]


def test_what_is_in_flight_counts_as_if_it_were_filled() -> None:
    assert [order[1] for order in traded(1, 2, 3, 4, 5, 6, 7, 8, 9, size=100, max_position=250)] == [100, 100, 50]
