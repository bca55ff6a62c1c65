"""Queues, levels and sides against plain lists (rule 9 of docs/matching.md)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.book import Book, Queue
from exchange.orders import Order, limit_order


@pytest.fixture
def book() -> Book:
    return Book("AAPL", 7)


def rest(book: Book, buy: bool, price: int, *, shares: int = 100, displayed: bool = True) -> Order:
    order = limit_order(book, buy, shares, price, ref=1)
    order.displayed = displayed
    book.side(buy).add(order)
    return order


def test_a_book_knows_its_name_as_the_feed_writes_it(book: Book) -> None:
    assert (book.symbol, book.stock, book.locate) == ("AAPL", b"AAPL    ", 7)


def test_a_queue_is_first_in_first_out() -> None:
    queue, orders = Queue(), [Order() for _ in range(3)]
    for order in orders:
        queue.push(order)
    assert list(queue) == orders


@pytest.mark.parametrize("place", [0, 1, 2])
def test_an_order_leaves_from_wherever_it_stands(place: int) -> None:
    queue, orders = Queue(), [Order() for _ in range(3)]
    for order in orders:
        queue.push(order)
    gone = orders.pop(place)
    queue.remove(gone)
    assert list(queue) == orders
    assert (gone.prev, gone.next) == (None, None)
    assert queue.tail is orders[-1]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_another_order_can_take_its_place(place: int) -> None:
    queue, orders, new = Queue(), [Order() for _ in range(3)], Order()
    for order in orders:
        queue.push(order)
    queue.substitute(orders[place], new)
    orders[place] = new
    last = Order()
    queue.push(last)
    assert list(queue) == [*orders, last]


def test_the_last_order_of_a_queue_leaves_it_empty() -> None:
    queue, order = Queue(), Order()
    queue.push(order)
    queue.remove(order)
    assert (queue.head, queue.tail, list(queue)) == (None, None, [])


def test_the_best_bid_is_the_highest_and_the_best_ask_the_lowest(book: Book) -> None:
    for price in (10_100, 10_300, 10_200):
        rest(book, True, price - 1_000)
        rest(book, False, price)
    assert [level.price for level in book.bids] == [9_300, 9_200, 9_100]
    assert [level.price for level in book.asks] == [10_100, 10_200, 10_300]


def test_the_view_shows_displayed_shares_only(book: Book) -> None:
    rest(book, True, 9_900, shares=30)
    rest(book, True, 9_900, shares=40)
    rest(book, True, 9_900, displayed=False)
    rest(book, True, 9_950, displayed=False)
    assert book.view() == {"bids": [[9_900, 70, 2]], "asks": []}


def test_a_hidden_order_may_be_best_but_is_not_the_touch(book: Book) -> None:
    rest(book, False, 10_000, displayed=False)
    shown = rest(book, False, 10_100)
    best, touch = book.asks.best(), book.asks.best_displayed()
    assert best is not None
    assert best.price == 10_000
    assert touch is shown.level


def test_an_empty_level_disappears(book: Book) -> None:
    shown, hidden = rest(book, True, 9_900), rest(book, True, 9_900, displayed=False)
    book.bids.remove(shown)
    assert [level.price for level in book.bids] == [9_900]
    assert book.bids.best_displayed() is None
    book.bids.remove(hidden)
    assert (book.bids.best(), book.bids.levels, hidden.level) == (None, [], None)


def test_the_midpoint_needs_both_sides_and_a_spread(book: Book) -> None:
    rest(book, True, 9_900)
    assert book.midpoint_twice() == 0
    rest(book, False, 10_000, displayed=False)
    assert book.midpoint_twice() == 0
    rest(book, False, 10_001)
    assert book.midpoint_twice() == 19_901
    rest(book, False, 9_900)
    assert book.midpoint_twice() == 0


@pytest.mark.parametrize("state", ["halted", "quoting"])
def test_there_is_no_midpoint_while_the_book_does_not_trade(book: Book, state: str) -> None:
    rest(book, True, 9_900)
    rest(book, False, 10_000)
    setattr(book, state, True)
    assert book.midpoint_twice() == 0


@given(st.booleans(), st.lists(st.tuples(st.integers(1, 12), st.booleans(), st.booleans())))
def test_a_side_is_sorted_however_orders_come_and_go(buy: bool, steps: list[tuple[int, bool, bool]]) -> None:
    book = Book("AAPL", 1)
    side, standing = book.side(buy), list[Order]()
    for price, displayed, leave in steps:
        if leave and standing:
            side.remove(standing.pop(price % len(standing)))
        else:
            standing.append(rest(book, buy, price, shares=price, displayed=displayed))
        prices = sorted({order.price for order in standing}, reverse=buy)
        assert [level.price for level in side] == prices
        for level in side:
            shown = [order for order in standing if order.price == level.price and order.displayed]
            hidden = [order for order in standing if order.price == level.price and not order.displayed]
            assert list(level) == shown
            assert list(level.hidden or ()) == hidden
            assert (level.shares, level.orders) == (sum(order.shares for order in shown), len(shown))
