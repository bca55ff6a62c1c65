"""The state hash is the same for the same state, and changes with every part of it."""

from collections.abc import Callable

import pytest

from exchange.market import Market
from exchange.market_data import Publisher
from exchange.orders import limit_order
from exchange.state_hash import state_hash
from exchange.supervision import supervise

NOW = 34_200_000_000_000


def market() -> Market:
    made = Market(Publisher("S", []))
    made.list_symbol("AAPL")
    supervise(made)
    for buy, price in ((True, 9_900), (True, 9_900), (False, 10_100)):
        made.enter(limit_order(made.book("AAPL"), buy, 100, price, made.engine.next_reference(), 0, 7), NOW)
    return made


def first(made: Market, buy: bool = True) -> object:
    return made.book("AAPL").side(buy).levels[0].head


def test_the_same_operations_give_the_same_hash() -> None:
    assert state_hash(market(), [1]) == state_hash(market(), [1])


def hidden_order(made: Market) -> None:
    order = limit_order(made.book("AAPL"), True, 1, 9_000, 1)
    order.displayed = False
    made.engine.enter(order, made.time)


def peg(made: Market) -> None:
    order = limit_order(made.book("AAPL"), True, 1, 9_950, 1)
    order.midpoint = True
    made.engine.enter(order, made.time)


def swap(made: Market) -> None:
    """Two orders of one price change places."""
    level = made.book("AAPL").bids.levels[0]
    head, tail = level.head, level.tail
    assert head is not None
    assert tail is not None
    head.ref, tail.ref = tail.ref, head.ref


CHANGES: dict[str, Callable[[Market], object]] = {
    "shares": lambda made: made.engine.cancel(first(made), 99, made.time),  # type: ignore[arg-type]
    "an order gone": lambda made: made.engine.cancel(first(made), 0, made.time),  # type: ignore[arg-type]
    "a hidden order": hidden_order,
    "a midpoint order": peg,
    "the place in the queue": swap,
    "a halt": lambda made: made.engine.set_trading(made.book("AAPL"), True, False, made.time),
    "a price band": lambda made: made.engine.set_band(made.book("AAPL"), 1, 20_000, made.time),
    "a used reference": lambda made: made.engine.next_reference(),
    "the time": lambda made: made.stamp(NOW + 1),
    "a message": lambda made: made.publish_verbatim(b"S" + bytes(11), made.time),
}


@pytest.mark.parametrize("what", CHANGES)
def test_it_changes_with(what: str) -> None:
    changed = market()
    CHANGES[what](changed)
    assert state_hash(changed, [1]) != state_hash(market(), [1])


def test_it_changes_with_what_accounts_were_told() -> None:
    assert state_hash(market(), [2]) != state_hash(market(), [1])
