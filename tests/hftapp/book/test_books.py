"""Books from raw messages: the same books and the same counts as `protocols.order_book`, order by order."""

from __future__ import annotations

import random
import struct
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hftapp.book.books import COUNTERS, MALFORMED, NO_CHANGE, Books
from hftapp.units import Price
from protocols import itch50
from protocols.errors import ProtocolError
from protocols.order_book import OrderBooks

SLICE = Path(__file__).parents[2] / "data" / "12302019_SNIPPET.NASDAQ_ITCH50"
BUY, SELL = 1, -1
LOCATES = 4


def real_messages() -> list[bytes]:
    data, found, at = SLICE.read_bytes(), [], 0
    while at < len(data):
        (length,) = struct.unpack_from(">H", data, at)
        found.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    return found


class Pair:
    """The books and the oracle, given the same bytes."""

    def __init__(self, **settings: Any) -> None:
        self.books = Books(**settings)
        self.oracle = OrderBooks()

    def apply(self, data: bytes) -> int:
        try:
            message = itch50.decode(data)
        except ProtocolError:
            expected = MALFORMED
        else:
            expected = self.oracle.apply(message)
        found = self.books.apply(b"\xff" + data + b"\xff", 1, len(data))
        assert found == expected, data
        return found

    def check(self) -> None:
        counters = self.books.counters()
        for name in (*COUNTERS, "symbol_conflicts"):
            assert counters[name] == getattr(self.oracle, name, 0), name
        assert self.books.orders.count == self.oracle.open_orders
        assert self.books.stocks.symbols() == self.oracle.symbols()
        for locate in range(LOCATES + 2):
            self.check_book(locate)

    def check_book(self, locate: int) -> None:
        book = self.oracle.book(locate)
        assert self.books.side_view(locate, BUY) == book.levels("B")
        assert self.books.side_view(locate, SELL) == book.levels("S")
        assert self.books.stocks.symbol_of(locate) == self.oracle.symbol_of(locate)
        for side, letter in ((BUY, "B"), (SELL, "S")):
            levels = book.levels(letter)
            assert self.books.depth(locate, side) == len(levels)
            best = levels[0] if levels else [0, 0, 0]
            assert [self.books.best_price(locate, side), self.books.best_shares(locate, side)] == best[:2]
            for i, (price, shares, orders) in enumerate(levels):
                assert self.books.level_price(locate, side, i) == price
                assert self.books.level_shares(locate, side, i) == shares
                assert self.books.level_orders(locate, side, i) == orders
                assert self.books.shares_at(locate, side, Price(price)) == shares
                for reference, left in book.orders(letter, price):
                    assert self.books.order_shares(reference) == left
                    assert self.books.order_price(reference) == price
            assert self.books.level_shares(locate, side, len(levels)) == 0


SYMBOLS = ("AAPL", "MSFT", "", "ZVZZT", "BRK.A", "A")
references = st.integers(0, 30) | st.sampled_from([(1 << 64) - 1, 1 << 63, 1 << 32])
prices = st.integers(0, 12).map(lambda step: step * 100) | st.sampled_from([(1 << 32) - 1, (1 << 31), 1])
sizes = st.integers(0, 4).map(lambda lots: lots * 100) | st.sampled_from([1, (1 << 32) - 1])


@st.composite
def messages(draw: st.DrawFn) -> bytes:
    kind = draw(st.sampled_from("AAAFECXDUHPQ"))
    locate = draw(st.integers(1, LOCATES))
    symbol = SYMBOLS[locate] if draw(st.integers(0, 9)) else draw(st.sampled_from(SYMBOLS))
    header: dict[str, Any] = {"stock_locate": locate, "tracking_number": 7, "timestamp": 1}
    values: dict[str, Any] = {
        "order_reference_number": draw(references),
        "buy_sell_indicator": draw(st.sampled_from("BS")),
        "shares": draw(sizes),
        "stock": symbol,
        "price": draw(prices),
        "attribution": "ABCD",
        "executed_shares": draw(sizes),
        "cancelled_shares": draw(sizes),
        "match_number": 1,
        "printable": "Y",
        "execution_price": 5,
        "original_order_reference_number": draw(references),
        "new_order_reference_number": draw(references),
        "trading_state": "T",
        "reserved": " ",
        "reason": "",
        "cross_price": 3,
        "cross_type": "O",
    }
    cls = itch50.MESSAGES[kind]
    own = {field.name: values[field.name] for field in cls.FIELDS[3:]}
    return cls(**header, **own).encode()


@given(st.lists(messages(), max_size=60))
@settings(max_examples=300)
def test_any_stream_gives_the_books_and_counts_of_the_oracle(stream: list[bytes]) -> None:
    pair = Pair(max_orders=1, max_locates=16, max_levels=8)
    for data in stream:
        pair.apply(data)
    pair.check()


@given(st.lists(st.tuples(messages(), st.integers(0, 60), st.binary(max_size=3)), max_size=30))
def test_damaged_messages_are_refused_as_the_decoder_refuses_them(stream: list[tuple[bytes, int, bytes]]) -> None:
    pair = Pair(max_locates=1 << 16)
    for data, at, damage in stream:
        pair.apply(data)
        pair.apply(data[:at] + damage + data[at + len(damage) :])
        pair.apply(data[:at])
    pair.oracle.book(0)
    pair.check()


def test_the_real_slice_gives_the_books_of_the_oracle() -> None:
    pair = Pair()
    changed = {pair.apply(data) for data in real_messages()} - {NO_CHANGE}
    assert changed
    for locate in changed:
        pair.check_book(locate)
    assert pair.books.orders.count == pair.oracle.open_orders > 0
    assert pair.books.counters()["unknown_references"] == pair.oracle.unknown_references


@pytest.mark.parametrize("seed", range(5))
def test_thousands_of_orders_on_deep_books_that_outgrow_every_table(seed: int) -> None:
    rng = random.Random(seed)
    pair = Pair(max_orders=1, max_locates=8, max_levels=8)
    live: list[int] = []
    reference = rng.getrandbits(40)
    for _ in range(6000):
        locate = rng.randint(1, LOCATES)
        header: dict[str, Any] = {"stock_locate": locate, "tracking_number": 0, "timestamp": 1}
        kind = rng.random()
        if kind < 0.6 or not live:
            reference += rng.choice((1, 1, 3, 8, 1 << 33))
            live.append(reference)
            side = rng.choice("BS")
            price = 1_000_000 + (-1 if side == "B" else 1) * 100 * int(rng.expovariate(0.01))
            message: itch50.ItchMessage = itch50.AddOrder(
                **header,
                order_reference_number=reference,
                buy_sell_indicator=side,
                shares=rng.randint(1, 900),
                stock=SYMBOLS[locate],
                price=price,
            )
        else:
            old = live.pop(rng.randrange(len(live)))
            message = itch50.OrderDelete(**header, order_reference_number=old)
            if kind < 0.75:
                message = itch50.OrderExecuted(
                    **header, order_reference_number=old, executed_shares=rng.randint(1, 999), match_number=1
                )
        pair.apply(message.encode())
    pair.check()
    assert pair.books.orders.grown > 3
    assert pair.books.levels.grown > 3


def executed(reference: int, shares: int) -> bytes:
    return itch50.OrderExecuted(
        stock_locate=1, tracking_number=0, timestamp=1, order_reference_number=reference,
        executed_shares=shares, match_number=1,
    ).encode()  # fmt: skip


def add(reference: int, side: str, shares: int, price: int, locate: int = 1, stock: str = "AAPL") -> bytes:
    return itch50.AddOrder(
        stock_locate=locate, tracking_number=0, timestamp=1, order_reference_number=reference,
        buy_sell_indicator=side, shares=shares, stock=stock, price=price,
    ).encode()  # fmt: skip


def test_an_execution_tells_the_price_of_its_order() -> None:
    books = Books()
    books.apply_message(add(5, "S", 100, 1234))
    assert books.apply_message(executed(5, 100)) == 1
    assert books.price == 1234
    assert books.apply_message(executed(5, 100)) == NO_CHANGE
    assert books.price == 0


def replace(old: int, new: int) -> bytes:
    return itch50.OrderReplace(
        stock_locate=1, tracking_number=0, timestamp=1, original_order_reference_number=old,
        new_order_reference_number=new, shares=100, price=99,
    ).encode()  # fmt: skip


def test_an_orphan_is_known_until_it_is_replaced_or_deleted() -> None:
    pair = Pair(max_locates=16)
    delete = itch50.OrderDelete(stock_locate=1, tracking_number=0, timestamp=1, order_reference_number=3).encode()
    for data in (replace(1, 2), executed(2, 5), replace(2, 3), executed(2, 5), executed(3, 5), delete, executed(3, 5)):
        pair.apply(data)
    pair.check()
    counters = pair.books.counters()
    assert (counters["orphan_references"], counters["unknown_references"]) == (4, 3)


def test_a_locate_beyond_the_last_is_counted_and_changes_nothing() -> None:
    books = Books(max_locates=4)
    assert books.apply_message(add(5, "S", 100, 1234, locate=4)) == NO_CHANGE
    assert books.counters()["foreign_locates"] == 1
    assert books.orders.count == 0


def test_a_framed_buffer_is_applied_up_to_its_end_or_end_record() -> None:
    stream = [add(1, "B", 100, 99), add(2, "B", 100, 98), b"?", executed(1, 40)]
    framed = b"".join(struct.pack(">H", len(data)) + data for data in stream)
    for tail in (b"", b"\0\0" + framed, framed[:20]):
        books = Books()
        assert books.apply_all(b"head" + framed + tail, 4, 4 + len(framed + tail)) == len(stream)
        assert books.side_view(1, BUY) == [[99, 60, 1], [98, 100, 1]]


def test_counts_can_be_kept_in_memory_of_somebody_else() -> None:
    shared = memoryview(bytearray(8 * len(COUNTERS))).cast("q")
    Books(counts=shared).apply_message(executed(1, 1))
    assert dict(zip(COUNTERS, shared, strict=True))["unknown_references"] == 1


def test_room_made_in_time_changes_no_book() -> None:
    books = Books(max_orders=1, max_levels=8)
    for reference in range(1, 12):
        books.apply_message(add(reference, "B", 100, 100 * reference))
    before = books.side_view(1, BUY)
    assert books.relieve()
    assert books.side_view(1, BUY) == before
    while books.relieve():
        pass
    assert 2 * books.orders.count <= books.orders.capacity


@pytest.mark.parametrize(("name", "value"), [("max_orders", 0), ("max_locates", 0), ("max_locates", 65537)])
def test_bad_sizes_are_named(name: str, value: int) -> None:
    sizes: dict[str, Any] = {name: value}
    with pytest.raises(ValueError, match=f"{name} {value}"):
        Books(**sizes)
