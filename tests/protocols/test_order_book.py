"""Books built from ITCH messages: the rules one by one, hostile input, and a naive model as the second opinion."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import itch50
from protocols.itch50 import (
    AddOrder,
    AddOrderMpid,
    ItchMessage,
    OrderCancel,
    OrderDelete,
    OrderExecuted,
    OrderExecutedWithPrice,
    OrderReplace,
    StockDirectory,
    Trade,
)
from protocols.order_book import NO_CHANGE, OrderBooks

HEADER = {"tracking_number": 0, "timestamp": 0}


def add(reference: int, side: str, shares: int, price: int, *, locate: int = 1, stock: str = "AAPL") -> AddOrder:
    return AddOrder(
        stock_locate=locate,
        order_reference_number=reference,
        buy_sell_indicator=side,
        shares=shares,
        stock=stock,
        price=price,
        **HEADER,
    )


def execute(reference: int, shares: int) -> OrderExecuted:
    return OrderExecuted(
        stock_locate=1, order_reference_number=reference, executed_shares=shares, match_number=1, **HEADER
    )


def cancel(reference: int, shares: int) -> OrderCancel:
    return OrderCancel(stock_locate=1, order_reference_number=reference, cancelled_shares=shares, **HEADER)


def delete(reference: int) -> OrderDelete:
    return OrderDelete(stock_locate=1, order_reference_number=reference, **HEADER)


def replace(old: int, new: int, shares: int, price: int) -> OrderReplace:
    return OrderReplace(
        stock_locate=1,
        original_order_reference_number=old,
        new_order_reference_number=new,
        shares=shares,
        price=price,
        **HEADER,
    )


def build(*messages: ItchMessage) -> OrderBooks:
    books = OrderBooks()
    for message in messages:
        books.apply(message)
    return books


def test_levels_are_best_first_and_aggregate_orders() -> None:
    books = build(
        add(1, "B", 100, 10_0000), add(2, "B", 50, 10_0100), add(3, "B", 25, 10_0000), add(4, "S", 10, 10_0300),
        add(5, "S", 20, 10_0200),
    )  # fmt: skip
    assert books.view("AAPL") == {
        "bids": [[10_0100, 50, 1], [10_0000, 125, 2]],
        "asks": [[10_0200, 20, 1], [10_0300, 10, 1]],
    }
    book = books.book(1)
    assert (book.best_bid(), book.best_ask()) == ((10_0100, 50, 1), (10_0200, 20, 1))
    assert book.levels("B", depth=1) == [[10_0100, 50, 1]]
    assert book.orders("B", 10_0000) == [(1, 100), (3, 25)]
    assert book.orders("S", 1) == []
    assert books.open_orders == 5


def test_executions_and_cancels_take_from_what_remains_and_zero_is_gone() -> None:
    books = build(add(1, "B", 100, 10), execute(1, 30), cancel(1, 20))
    assert books.view("AAPL")["bids"] == [[10, 50, 1]]
    with_price = OrderExecutedWithPrice(
        stock_locate=1, order_reference_number=1, executed_shares=50, match_number=2, printable="N",
        execution_price=9, **HEADER,
    )  # fmt: skip
    assert books.apply(with_price) == 1
    assert books.view("AAPL") == {"bids": [], "asks": []}
    assert books.book(1).best_bid() is None
    assert books.apply(execute(1, 1)) == NO_CHANGE
    assert (books.unknown_references, books.over_executions, books.open_orders) == (1, 0, 0)


def test_a_replace_keeps_the_side_and_goes_to_the_back_of_the_queue() -> None:
    books = build(add(1, "S", 100, 10), add(2, "S", 100, 10), replace(1, 3, 70, 10))
    assert books.book(1).orders("S", 10) == [(2, 100), (3, 70)]
    assert books.apply(delete(1)) == NO_CHANGE
    assert books.apply(replace(2, 4, 5, 20)) == 1
    assert books.view("AAPL")["asks"] == [[10, 70, 1], [20, 5, 1]]


def test_an_order_is_found_by_its_reference_while_it_is_on_a_book() -> None:
    books = build(add(1, "S", 100, 10, locate=7, stock="MSFT"), execute(1, 30))
    order = books.order(1)
    assert order is not None
    assert (order.reference, order.side, order.shares, order.price, order.book.locate) == (1, "S", 70, 10, 7)
    books.apply(replace(1, 2, 50, 20))
    assert books.order(1) is None
    replaced = books.order(2)
    assert replaced is not None
    assert (replaced.shares, replaced.price) == (50, 20)
    books.apply(execute(2, 50))
    assert books.order(2) is None
    assert (order.price, replaced.price) == (10, 20), "what it rested at stays known"


def test_apply_names_the_book_that_changed() -> None:
    books = OrderBooks()
    assert books.apply(add(1, "B", 1, 1, locate=7, stock="MSFT")) == 7
    assert books.apply(delete(1)) == 7
    assert books.apply(delete(1)) == NO_CHANGE
    trade = Trade(
        stock_locate=9, order_reference_number=0, buy_sell_indicator="B", shares=1, stock="GOOGL", price=1,
        match_number=1, **HEADER,
    )  # fmt: skip
    assert books.apply(trade) == NO_CHANGE
    assert (books.symbol_of(9), books.locate_of("GOOGL"), books.symbols()) == ("GOOGL", 9, ["GOOGL", "MSFT"])
    assert (books.symbol_of(1), books.locate_of("AAPL")) == (None, None)
    with pytest.raises(KeyError):
        books.view("AAPL")


def test_the_directory_names_stocks(golden_itch: Any) -> None:
    raw = next(golden["hex"] for golden in golden_itch if golden["type"] == "R")
    directory = itch50.decode(bytes.fromhex(raw))
    assert isinstance(directory, StockDirectory)
    books = build(directory)
    assert books.locate_of("A") == 1
    assert books.view("A") == {"bids": [], "asks": []}


def test_attributed_orders_are_orders() -> None:
    attributed = AddOrderMpid(
        stock_locate=1, order_reference_number=1, buy_sell_indicator="B", shares=5, stock="AAPL", price=10,
        attribution="UBSS", **HEADER,
    )  # fmt: skip
    assert build(attributed).view("AAPL")["bids"] == [[10, 5, 1]]


def test_hostile_input_is_counted_and_breaks_nothing() -> None:
    books = build(
        add(1, "B", 10, 5), add(1, "S", 99, 6), add(2, "B", 0, 5), execute(1, 11), replace(9, 10, 1, 1), delete(10),
        execute(8, 1), add(3, "B", 1, 5, stock="OTHER"), add(4, "S", 7, 9), add(5, "S", 7, 8), replace(5, 4, 1, 9),
        replace(4, 4, 3, 9), replace(4, 6, 0, 9),
    )  # fmt: skip
    assert books.view("AAPL") == {"bids": [[5, 1, 1]], "asks": []}
    assert books.duplicate_references == 2
    assert books.empty_orders == 2
    assert books.over_executions == 1
    assert books.unknown_references == 2
    assert books.orphan_references == 1
    assert books.symbol_conflicts == 1


def test_a_real_slice(snippet: list[bytes]) -> None:
    books = build(*map(itch50.decode, snippet))
    assert (books.unknown_references, books.orphan_references) == (394, 5)
    assert books.duplicate_references == books.over_executions == books.symbol_conflicts == 0
    assert len(books.symbols()) == 190
    assert books.open_orders == sum(
        level[2]
        for symbol in books.symbols()
        for side in books.view(symbol).values()
        for level in side  # type: ignore[attr-defined]
    )


references = st.integers(1, 12)
shares = st.integers(0, 20)
prices = st.integers(1, 6)
events = st.lists(
    st.one_of(
        st.builds(add, references, st.sampled_from("BS"), shares, prices),
        st.builds(execute, references, shares),
        st.builds(cancel, references, shares),
        st.builds(delete, references),
        st.builds(replace, references, references, shares, prices),
    ),
    max_size=80,
)


class Model:
    """A dictionary of orders in arrival sequence; every question is answered by going through all of them."""

    def __init__(self) -> None:
        self.orders: dict[int, tuple[str, int, int]] = {}

    def apply(self, message: ItchMessage) -> None:
        match message:
            case AddOrder():
                self.enter(message.order_reference_number, message.buy_sell_indicator, message.shares, message.price)
            case OrderExecuted():
                self.reduce(message.order_reference_number, message.executed_shares)
            case OrderCancel():
                self.reduce(message.order_reference_number, message.cancelled_shares)
            case OrderDelete():
                self.orders.pop(message.order_reference_number, None)
            case OrderReplace():
                old = self.orders.pop(message.original_order_reference_number, None)
                if old is not None:
                    self.enter(message.new_order_reference_number, old[0], message.shares, message.price)

    def enter(self, reference: int, side: str, shares: int, price: int) -> None:
        if shares and reference not in self.orders:
            self.orders[reference] = (side, shares, price)

    def reduce(self, reference: int, shares: int) -> None:
        if reference in self.orders:
            side, left, price = self.orders[reference]
            if shares >= left:
                del self.orders[reference]
            else:
                self.orders[reference] = (side, left - shares, price)

    def levels(self, side: str) -> list[list[int]]:
        total: Counter[int] = Counter()
        count: Counter[int] = Counter()
        for order_side, shares, price in self.orders.values():
            if order_side == side:
                total[price] += shares
                count[price] += 1
        return [[price, total[price], count[price]] for price in sorted(total, reverse=side == "B")]

    def queue(self, side: str, price: int) -> list[tuple[int, int]]:
        return [(ref, order[1]) for ref, order in self.orders.items() if (order[0], order[2]) == (side, price)]


@given(events)
def test_the_book_agrees_with_the_model_after_every_message(messages: list[ItchMessage]) -> None:
    books, model = OrderBooks(), Model()
    for message in messages:
        before = books.book(1).view()
        changed = books.apply(message)
        model.apply(message)
        view = books.book(1).view()
        assert view == {"bids": model.levels("B"), "asks": model.levels("S")}
        assert changed == 1 or view == before
        best = books.book(1).best_bid(), books.book(1).best_ask()
        assert best == tuple(tuple(levels[0]) if levels else None for levels in (view["bids"], view["asks"]))
        for side in "BS":
            for price, _, _ in books.book(1).levels(side):
                expected = [
                    (ref, order[1]) for ref, order in model.orders.items() if order[0] == side and order[2] == price
                ]
                assert books.book(1).orders(side, price) == expected
