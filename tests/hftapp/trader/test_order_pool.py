"""Where orders come from and when they go: remembered for a while, found by number, never confused."""

import random

import pytest

from hftapp.trader.order import Order
from hftapp.trader.order_pool import RING, OrderPool


def taken(pool: OrderPool, venue: int, ref: int) -> Order:
    order = pool.take()
    order.venue, order.ref = venue, ref
    pool.add(order)
    return order


def test_an_order_is_found_until_max_dead_more_have_died() -> None:
    pool = OrderPool(1, 2, 4)
    first, second, third = (taken(pool, 0, ref) for ref in (1, 2, 3))
    pool.bury(first)
    pool.bury(second)
    assert pool.find(0, 1) is first
    pool.bury(third)
    assert [pool.find(0, ref) for ref in (1, 2, 3)] == [None, second, third]
    assert pool.take() is first


def test_venues_do_not_share_numbers() -> None:
    pool = OrderPool(2, 2, 4)
    here, there = taken(pool, 0, 7), taken(pool, 1, 7)
    assert (pool.find(0, 7), pool.find(1, 7), pool.find(0, 8)) == (here, there, None)


def test_of_two_orders_with_one_number_the_later_is_found_and_the_earlier_may_be_forgotten() -> None:
    pool = OrderPool(1, 1, 4)
    mine, others = taken(pool, 0, 7), taken(pool, 0, 7)
    pool.bury(mine)
    pool.bury(taken(pool, 0, 8))
    assert pool.find(0, 7) is others


def test_against_a_dictionary() -> None:
    """Numbers jump far enough for the ring to come round while old orders are open."""
    rng = random.Random(1)
    pool = OrderPool(1, 5, 10)
    open_orders: list[Order] = []
    dead: list[Order] = []
    expected: dict[int, Order] = {}
    ref = 1
    for _ in range(5000):
        if rng.random() < 0.5 and len(open_orders) < 10:
            ref += rng.choice((1, 1, 2, RING - 1, RING, 2 * RING))
            order = taken(pool, 0, ref)
            assert order not in open_orders
            assert order not in dead
            open_orders.append(order)
            expected[ref] = order
        elif open_orders:
            order = open_orders.pop(rng.randrange(len(open_orders)))
            pool.bury(order)
            dead.append(order)
            if len(dead) > 5:
                del expected[dead.pop(0).ref]
        if expected:
            number = rng.choice(list(expected))
            assert pool.find(0, number) is expected[number]
            assert pool.find(0, number + 3) is expected.get(number + 3)
    assert pool.grown == 0


@pytest.mark.parametrize(("max_dead", "size"), [(0, 1), (1, 0)])
def test_a_pool_without_room_is_refused(max_dead: int, size: int) -> None:
    with pytest.raises(ValueError, match=f"max_dead={max_dead}, size={size}"):
        OrderPool(1, max_dead, size)
