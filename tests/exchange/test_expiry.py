"""Good-till-time orders end in their order, and those that are gone are forgotten."""

from exchange.expiry import Expiries


def test_the_earliest_comes_first() -> None:
    living = {1, 2, 3}
    expiries = Expiries(living.__contains__)
    for token, at in ((1, 30), (2, 10), (3, 20)):
        expiries.set(token, at)
    assert expiries.next_deadline() == 10
    assert expiries.take_due(9) is None
    assert expiries.take_due(10) == 2
    living.discard(3)
    assert expiries.next_deadline() == 30
    assert [expiries.take_due(30), expiries.take_due(30), expiries.next_deadline()] == [1, None, None]


def test_memory_follows_the_orders_that_live() -> None:
    living = set(range(10))
    expiries = Expiries(living.__contains__)
    for token in range(100_000):
        expiries.set(token, 1_000_000 - token)
    assert len(expiries) < 2_500
    living.clear()
    assert expiries.next_deadline() is None
