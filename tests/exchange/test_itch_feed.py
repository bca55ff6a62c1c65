"""The feed against the books: what a receiver builds from the messages equals what the engine holds."""

import random
from collections.abc import Callable

import pytest

from exchange.market import Market
from exchange.orders import Order
from protocols import itch50
from protocols.order_book import OrderBooks

NOW = 1_000


def decoded(market: Market) -> list[itch50.ItchMessage]:
    return [itch50.decode(data) for data in market.publisher.messages]


def types(market: Market) -> str:
    return "".join(message.TYPE for message in decoded(market))


@pytest.fixture
def make(market: Market) -> Callable[..., Order]:
    def make(buy: bool, shares: int, price: int, **kind: bool | str) -> Order:
        return Order(market.engine.next_reference(), "AAPL", buy, shares, price, **kind)  # type: ignore[arg-type]

    return make


def test_adds_of_every_kind(market: Market, make: Callable[..., Order]) -> None:
    market.enter(make(True, 100, 10_000), NOW)
    market.enter(make(True, 100, 9_900, attribution="HFTX"), NOW)
    market.enter(make(True, 100, 9_800, displayed=False), NOW)
    add, attributed = decoded(market)
    assert isinstance(add, itch50.AddOrder)
    assert (add.stock, add.stock_locate, add.buy_sell_indicator, add.shares, add.price) == ("AAPL", 1, "B", 100, 10_000)
    assert isinstance(attributed, itch50.AddOrderMpid)
    assert attributed.attribution == "HFTX"


def test_an_aggressive_order_shows_its_executions_and_what_is_left(market: Market, make: Callable[..., Order]) -> None:
    market.enter(make(False, 100, 10_000), NOW)
    market.enter(make(False, 100, 10_000, displayed=False), NOW)
    market.enter(make(True, 250, 10_000), NOW)
    _, executed, trade, rest = decoded(market)
    assert isinstance(executed, itch50.OrderExecuted)
    assert isinstance(trade, itch50.Trade)
    assert (trade.order_reference_number, trade.buy_sell_indicator, trade.shares) == (0, "B", 100)
    assert trade.match_number == executed.match_number + 1
    assert isinstance(rest, itch50.AddOrder)
    assert rest.shares == 50


def test_cancels_and_replaces(market: Market, make: Callable[..., Order]) -> None:
    first, second, third = make(True, 100, 10_000), make(True, 200, 9_900), make(True, 100, 9_900, displayed=False)
    market.enter(first, NOW)
    market.cancel(first.ref, 60, NOW)
    market.modify(first.ref, 50, NOW)
    market.modify(first.ref, 90, NOW)
    market.replace(first.ref, second, NOW)
    market.replace(second.ref, third, NOW)
    market.cancel(third.ref, 0, NOW)
    assert types(market) == "AXXUD"


def test_a_replace_that_trades_first_deletes_the_old_entry(market: Market, make: Callable[..., Order]) -> None:
    old, new = make(True, 100, 9_000), make(True, 300, 10_000)
    market.enter(make(False, 100, 10_000), NOW)
    market.enter(old, NOW)
    market.replace(old.ref, new, NOW)
    assert types(market) == "AADEA"


def test_the_feed_is_silent_after_the_end_of_messages(market: Market, make: Callable[..., Order]) -> None:
    order = make(True, 100, 10_000)
    market.enter(order, NOW)
    for code in "OSQMEC":
        assert market.system_event(code, NOW)
    assert not market.system_event("Q", NOW), "system events come once and in order"
    closing = market.books()
    market.cancel(order.ref, 0, NOW)
    assert types(market) == "ASSSSSS"
    assert market.books() == closing
    assert closing["books"]["AAPL"]["bids"] == [[10_000, 100, 1]]
    assert closing["sequence"] == 7


def test_time_never_runs_backwards(market: Market, make: Callable[..., Order]) -> None:
    market.enter(make(True, 100, 10_000), NOW)
    market.enter(make(True, 100, 10_000), NOW - 500)
    assert [message.timestamp for message in decoded(market)] == [NOW, NOW]


@pytest.mark.parametrize("seed", range(3))
def test_books_rebuilt_from_the_feed_equal_the_engines(market: Market, seed: int) -> None:
    rng = random.Random(seed)
    refs: list[int] = []
    for now in range(4_000):
        buy = rng.random() < 0.5
        symbol = rng.choice(["AAPL", "MSFT"])
        price = 10_000 + 100 * (rng.randint(-8, 4) if buy else rng.randint(-4, 8))
        order = Order(market.engine.next_reference(), symbol, buy, rng.choice([5, 100, 300]), price)
        order.displayed, order.ioc = rng.random() < 0.8, rng.random() < 0.1
        order.post_only, order.attribution = rng.random() < 0.1, rng.choice(["", "", "ABCD"])
        draw = rng.random()
        if draw < 0.5 or not refs:
            market.enter(order, now)
        elif draw < 0.7:
            market.cancel(rng.choice(refs), rng.choice([0, 0, 3]), now)
        elif draw < 0.8:
            market.modify(rng.choice(refs), rng.choice([1, 50]), now)
        else:
            old = market.engine.orders.get(rng.choice(refs))
            if old is not None:
                order.symbol, order.buy = old.symbol, old.buy
                market.replace(old.ref, order, now)
        refs = [*refs[-60:], order.ref]
    books = OrderBooks()
    for message in decoded(market):
        books.apply(message)
    assert {"A", "F", "E", "P", "X", "D", "U"} == set(types(market))
    assert books.unknown_references == books.over_executions == books.duplicate_references == 0
    for symbol in ("AAPL", "MSFT"):
        assert books.view(symbol) == market.book(symbol).view()
