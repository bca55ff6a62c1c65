"""The Python peer does the whole job: its books and its orders are those of the reference codecs."""

from pathlib import Path

import pytest

from benchmarks.icount.peers.python_arbiter import Arbiter
from benchmarks.icount.peers.python_book import BUY, SELL, Book, Books
from benchmarks.icount.peers.python_orders import SECOND, Orders
from benchmarks.native.feed_file import Load, ensure
from lab.lockstep import job
from protocols import binaryfile, itch50, mold, ouch50, soup
from protocols.order_book import OrderBooks
from tests.lab.lockstep.guest_double import job_module

LOAD = Load("test", 8, 4_000)


def quoted(bid: int = 900, ask: int = 100) -> Book:
    """A book of 16 symbols' kind: bid 100.01, ask 100.02."""
    book = Book()
    book.stock, book.trading = b"TICK01  ", True
    book.add(BUY, 1_000_100, bid)
    book.add(SELL, 1_000_200, ask)
    return book


def test_its_books_are_those_of_the_reference(tmp_path: Path) -> None:
    ensure(LOAD, tmp_path, lambda _: None)
    reference, books = OrderBooks(), Books()
    with binaryfile.read(LOAD.path(tmp_path)) as reader:
        for message in reader:
            reference.apply(itch50.decode(message))
            books.apply(memoryview(message))
    for symbol in reference.symbols():
        locate = reference.locate_of(symbol)
        assert locate is not None
        for side, letter in ((BUY, "B"), (SELL, "S")):
            levels = {price: shares for price, shares, *_ in reference.book(locate).levels(letter)}
            book = books.books[locate]
            assert book.levels[side] == levels
            assert book.best[side] == ((max if side == BUY else min)(levels) if levels else 0)


def test_its_order_is_the_one_the_codecs_write() -> None:
    orders, book = Orders(job_module()), quoted()
    wanted = orders.decide(1, book)
    assert wanted == (100, 1_000_200)
    assert orders.passes(1, book, *wanted, 0)
    expected = ouch50.EnterOrder(
        user_ref_num=1,
        side="B",
        quantity=100,
        symbol="TICK01",
        price=1_000_200,
        time_in_force="3",
        display="Y",
        capacity="P",
        inter_market_sweep_eligibility="N",
        cross_type="N",
        cl_ord_id="PEER0000000001",
        appendage=(ouch50.Option(2, "HFTX"),),
    )
    assert orders.encode(1, book, *wanted) == soup.UnsequencedData(expected.encode()).encode()


@pytest.mark.parametrize(("bid", "ask"), [(100, 100), (150, 40), (399, 100)])
def test_it_does_nothing_below_the_ratio_or_the_least_shares(bid: int, ask: int) -> None:
    assert Orders(job_module()).decide(1, quoted(bid, ask)) is None


@pytest.mark.parametrize(("shares", "price"), [(0, 1_000_200), (1_001, 1_000_200), (100, 1_030_200), (100, 970_000)])
def test_it_refuses_what_is_too_large_or_too_far_away(shares: int, price: int) -> None:
    orders = Orders(job_module())
    assert not orders.passes(1, quoted(), shares, price, 0)
    assert orders.refused == 1


def test_its_rate_is_that_of_the_last_second() -> None:
    module = job_module()
    vars(module)["MAX_ORDERS_PER_SECOND"] = 2
    orders, book = Orders(module), quoted()
    times = [0, 1, 2, SECOND, SECOND + 1]
    assert [orders.passes(1, book, 100, 1_000_200, now) for now in times] == [True, True, False, True, True]


def test_its_position_stops_it_and_a_cancel_frees_what_was_open() -> None:
    module = job_module()
    vars(module)["MAX_POSITION_SHARES"] = 150
    orders, book = Orders(module), quoted()
    assert orders.passes(1, book, 100, 1_000_200, 0)
    orders.encode(1, book, 100, 1_000_200)
    assert not orders.passes(1, book, 100, 1_000_200, 0)
    orders.answer(ouch50.OrderCanceled(timestamp=1, user_ref_num=1, quantity=100, reason="I").encode())
    assert orders.passes(1, book, 100, 1_000_200, 0)


def test_its_arbiter_gives_each_message_once_and_in_order() -> None:
    seen: list[bytes] = []
    arbiter = Arbiter(lambda message: seen.append(bytes(message)))
    first, second, third = (mold.encode_packet("X", number, [b"m%d" % number]) for number in (1, 2, 3))
    for packet in (first, first, third, third, second, second, b"short"):
        arbiter.on_packet(packet)
    assert seen == [b"m1", b"m2", b"m3"]
    assert (arbiter.duplicates, arbiter.malformed) == (2, 1)
    assert job.SYMBOLS < 64  # what the C peer has room for
