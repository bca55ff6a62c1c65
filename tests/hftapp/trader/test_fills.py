"""Executions are remembered for a while, to be taken back once."""

import pytest

from hftapp.trader.fills import Fills
from hftapp.trader.instrument import Instrument
from hftapp.trader.order import SELL, Order
from hftapp.units import Price, Shares


def sale(ref: int, venue: int = 0) -> Order:
    order = Order()
    order.ref, order.venue, order.side, order.owner = ref, venue, SELL, 2
    order.instrument = Instrument("AAPL", 0)
    return order


def test_a_fill_is_found_once_with_all_that_was_said() -> None:
    fills = Fills(4)
    order = sale(1)
    fills.add(order, Shares(30), Price(10_0000), 7)
    assert not fills.take(0, 1, 8)
    assert not fills.take(0, 2, 7)
    assert not fills.take(1, 1, 7)
    assert fills.take(0, 1, 7)
    assert (fills.instrument, fills.shares, fills.price) == (order.instrument, 30, 10_0000)
    assert (fills.side, fills.owner) == (SELL, 2)
    assert not fills.take(0, 1, 7)


def test_only_the_last_ones_are_remembered() -> None:
    fills = Fills(4)
    for match in range(10):
        fills.add(sale(1), Shares(1), Price(1), match)
    assert [match for match in range(10) if fills.take(0, 1, match)] == [6, 7, 8, 9]
    assert fills.count == 10


def test_a_memory_for_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="not 0"):
        Fills(0)
