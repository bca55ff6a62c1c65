"""The feed against the books: what a receiver builds from the messages is what the engine holds."""

import random
from typing import Any

import pytest

from exchange.book import Book
from exchange.market import Market
from exchange.orders import Order, limit_order
from exchange.participant import Participant
from protocols import itch50
from protocols.order_book import OrderBooks

NOW = 1_000


def decoded(market: Market) -> list[itch50.ItchMessage]:
    return [itch50.decode(data) for data in market.publisher.read(1, 100_000)]


def types(market: Market) -> str:
    return "".join(message.TYPE for message in decoded(market))


def order(market: Market, buy: bool, shares: int, price: int, symbol: str = "AAPL", **kind: Any) -> Order:
    made = limit_order(market.book(symbol), buy, shares, price, market.engine.next_reference())
    for name, value in kind.items():
        setattr(made, name, value)
    return made


def enter(market: Market, *arguments: Any, **kind: Any) -> Order:
    made = order(market, *arguments, **kind)
    market.enter(made, NOW)
    return made


def test_adds_of_every_kind(market: Market) -> None:
    enter(market, True, 100, 10_000)
    enter(market, True, 100, 9_900, mpid=b"HFTX")
    enter(market, True, 100, 9_800, displayed=False)
    add, attributed = decoded(market)
    assert isinstance(add, itch50.AddOrder)
    assert (add.stock, add.stock_locate, add.buy_sell_indicator, add.shares, add.price) == ("AAPL", 1, "B", 100, 10_000)
    assert isinstance(attributed, itch50.AddOrderMpid)
    assert attributed.attribution == "HFTX"


def test_an_aggressive_order_shows_its_executions_and_what_is_left(market: Market) -> None:
    enter(market, False, 100, 10_000)
    enter(market, False, 100, 10_000, displayed=False)
    enter(market, True, 250, 10_000)
    _, executed, trade, rest = decoded(market)
    assert isinstance(executed, itch50.OrderExecuted)
    assert isinstance(trade, itch50.Trade)
    assert (trade.order_reference_number, trade.buy_sell_indicator, trade.shares) == (0, "B", 100)
    assert trade.match_number == executed.match_number + 1
    assert isinstance(rest, itch50.AddOrder)
    assert rest.shares == 50


def test_a_reserve_order_shows_its_refreshed_part_as_a_new_order(market: Market) -> None:
    maker = enter(market, False, 300, 10_000, max_floor=100)
    enter(market, True, 150, 10_000)
    shown, executed, hidden, again = decoded(market)
    assert isinstance(shown, itch50.AddOrder)
    assert isinstance(executed, itch50.OrderExecuted)
    assert isinstance(hidden, itch50.Trade)
    assert isinstance(again, itch50.AddOrder)
    assert (shown.shares, executed.executed_shares, hidden.shares, again.shares) == (100, 100, 50, 100)
    assert shown.order_reference_number == executed.order_reference_number == maker.ref
    assert again.order_reference_number == maker.shown_ref != maker.ref


def test_cancels_and_replaces(market: Market) -> None:
    first = enter(market, True, 100, 10_000)
    second, third = order(market, True, 200, 9_900), order(market, True, 100, 9_900, displayed=False)
    market.cancel(first, 60, NOW)
    market.modify(first, 50, NOW)
    market.modify(first, 90, NOW)
    market.replace(first, second, NOW)
    market.replace(second, third, NOW)
    market.cancel(third, 0, NOW)
    assert types(market) == "AXXUD"


def test_a_replace_that_trades_first_deletes_the_old_entry(market: Market) -> None:
    enter(market, False, 100, 10_000)
    old = enter(market, True, 100, 9_000)
    market.replace(old, order(market, True, 300, 10_000), NOW)
    assert types(market) == "AADEA"


def test_the_feed_is_silent_after_the_end_of_messages(market: Market) -> None:
    resting = enter(market, True, 100, 10_000)
    for code in "OSQMEC":
        assert market.system_event(code, NOW)
    assert not market.system_event("Q", NOW), "system events come once and in order"
    closing = market.books()
    market.cancel(resting, 0, NOW)
    assert types(market) == "ASSSSSS"
    assert market.books() == closing
    assert closing["books"]["AAPL"]["bids"] == [[10_000, 100, 1]]
    assert closing["sequence"] == 7


def test_time_never_runs_backwards(market: Market) -> None:
    market.enter(order(market, True, 100, 10_000), NOW)
    market.enter(order(market, True, 100, 10_000), NOW - 500)
    assert [message.timestamp for message in decoded(market)] == [NOW, NOW]


def test_what_is_published_as_it_is_keeps_the_time_of_its_file(market: Market) -> None:
    resting = enter(market, True, 100, 10_000)
    late = itch50.OrderDelete(stock_locate=1, tracking_number=0, timestamp=NOW - 500, order_reference_number=7).encode()
    market.publish_verbatim(late, NOW - 500)
    market.cancel(resting, 0, NOW - 500)
    assert [message.timestamp for message in decoded(market)] == [NOW, NOW - 500, NOW]


class Watcher:
    """Keeps what a rule of the day is told."""

    def __init__(self) -> None:
        self.trades: list[tuple[str, int, int]] = []
        self.operations = 0

    def traded(self, book: Book, price: int, shares: int, _time: int) -> None:
        self.trades.append((book.symbol, price, shares))

    def settled(self, _book: Book, _time: int) -> None:
        self.operations += 1


def test_watchers_see_every_trade_and_every_operation(market: Market) -> None:
    watcher = Watcher()
    market.watchers.append(watcher)
    enter(market, False, 100, 10_000)
    resting = enter(market, True, 150, 10_000)
    market.cancel(resting, 0, NOW)
    assert watcher.trades == [("AAPL", 10_000, 100)]
    assert watcher.operations == 3


class Owner(Participant):
    """Counts the executions it is told of."""

    def __init__(self) -> None:
        self.executions = 0

    def executed(self, maker: Order, taker: Order, shares: int, price: int, match: int) -> None:
        self.executions += 1


def test_a_trade_is_told_once_to_each_side_and_once_to_one_that_is_both(market: Market) -> None:
    one, other = Owner(), Owner()
    first, second = market.join(one), market.join(other)
    enter(market, False, 100, 10_000, owner=first)
    enter(market, True, 100, 10_000, owner=second)
    assert (one.executions, other.executions) == (1, 1)
    enter(market, False, 100, 10_000, owner=first)
    enter(market, True, 100, 10_000, owner=first)
    assert (one.executions, other.executions) == (2, 1)


@pytest.mark.parametrize("seed", range(3))
def test_books_rebuilt_from_the_feed_equal_the_engines(market: Market, seed: int) -> None:
    rng = random.Random(seed)
    live: list[Order] = []
    for now in range(4_000):
        buy = rng.random() < 0.5
        price = 10_000 + 100 * (rng.randint(-8, 4) if buy else rng.randint(-4, 8))
        new = order(market, buy, rng.choice([5, 100, 300]), price, rng.choice(["AAPL", "MSFT"]))
        new.displayed, new.ioc = rng.random() < 0.8, rng.random() < 0.1
        new.post_only, new.mpid = rng.random() < 0.1, rng.choice([b"", b"", b"ABCD"])
        new.max_floor = rng.choice([0, 0, 50])
        draw = rng.random()
        if draw < 0.5 or not live:
            market.enter(new, now)
        elif draw < 0.7:
            market.cancel(rng.choice(live), rng.choice([0, 0, 3]), now)
        elif draw < 0.8:
            market.modify(rng.choice(live), rng.choice([1, 50]), now)
        else:
            old = rng.choice(live)
            new.book, new.buy = old.book, old.buy
            market.replace(old, new, now)
        live = [*live[-60:], new]
    books = OrderBooks()
    for message in decoded(market):
        books.apply(message)
    assert {"A", "F", "E", "P", "X", "D", "U"} == set(types(market))
    assert books.unknown_references == books.over_executions == books.duplicate_references == 0
    for symbol in ("AAPL", "MSFT"):
        assert books.view(symbol) == market.book(symbol).view()
