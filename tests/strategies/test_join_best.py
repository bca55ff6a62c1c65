"""The typed example."""

from typing import Any

import pytest

from hftapp.trader.order import BUY, SELL
from hftapp.units import Price, Shares
from protocols import ouch50
from tests.hftapp.trader.rig import Rig, add, executed

KIND = "join_best.JoinBest"


def opened(bid: int = 99_9000, ask: int = 100_1000, **params: int) -> Rig:
    settings: dict[str, Any] = {"size": 100, "min_spread": 200, "max_inventory": 300, **params}
    floor = Rig(KIND, **settings)
    floor.feed(add(1, "B", 500, bid), add(2, "S", 500, ask))
    return floor


def quotes(floor: Rig) -> list[tuple[Any, ...]]:
    return [(m.side, m.quantity, m.price) for m in floor.sent if isinstance(m, ouch50.EnterOrder)]


def test_it_joins_both_sides() -> None:
    floor = opened()
    assert quotes(floor) == [("B", 100, 99_9000), ("T", 100, 100_1000)]
    assert floor.desk.kind == KIND


@pytest.mark.parametrize(("ask", "count"), [(99_9199, 0), (99_9200, 2), (99_9300, 2)])
def test_it_quotes_only_where_the_spread_is_worth_it(ask: int, count: int) -> None:
    assert len(quotes(opened(ask=ask))) == count


def test_it_pulls_when_the_spread_closes() -> None:
    floor = opened()
    floor.accept_all()
    floor.feed(add(3, "B", 100, 100_0900))
    assert [message.TYPE for message in floor.sent] == ["O", "O", "X", "X"]


@pytest.mark.parametrize(("bought", "sides"), [(99, "BT"), (100, "T"), (101, "T")])
def test_at_its_largest_position_one_side_stops(bought: int, sides: str) -> None:
    floor = Rig(KIND, size=10, min_spread=200, max_inventory=100)
    order = floor.orders.enter(floor.aapl, 0, BUY, Shares(bought), Price(100_0000))
    floor.hear(executed(order.ref, bought, 100_0000, 1))
    floor.desk.filled(floor.aapl, order, Shares(bought), Price(100_0000))
    floor.feed(add(1, "B", 500, 99_9000), add(2, "S", 500, 100_1000))
    assert "".join(side if side == "B" else "T" for side, *_ in quotes(floor)) == sides


def test_at_its_largest_short_position_the_other_side_stops() -> None:
    floor = Rig(KIND, size=10, min_spread=200, max_inventory=100)
    order = floor.orders.enter(floor.aapl, 0, SELL, Shares(100), Price(100_0000))
    floor.hear(executed(order.ref, 100, 100_0000, 1))
    floor.desk.filled(floor.aapl, order, Shares(100), Price(100_0000))
    floor.feed(add(1, "B", 500, 99_9000), add(2, "S", 500, 100_1000))
    assert [side for side, *_ in quotes(floor)] == ["B"]
