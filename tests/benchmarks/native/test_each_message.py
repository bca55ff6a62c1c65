"""Single messages are timed one by one, and the books are those of the whole run."""

import pytest

from benchmarks.native import latency
from benchmarks.native.each_message import EachMessage
from benchmarks.native.feed_file import Load, ensure
from hftapp.book.books import Books
from hftapp.clock import Clock

LOAD = Load("test", 5, 2_000)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("feed")
    ensure(LOAD, folder, lambda _: None)
    return LOAD.path(folder).read_bytes()


def books() -> Books:
    return Books(1 << 12, 64, 1 << 12)


def test_one_sample_a_message_and_the_same_books(data: bytes) -> None:
    whole = books()
    count = whole.apply_all(data, 0, len(data))
    each = EachMessage(books(), Clock(), count + 10)
    assert each.run(data, 0, len(data)) == count
    assert all(sample > 0 for sample in each.ticks[:count])
    assert not any(each.ticks[count:])
    assert each.books.orders.count == whole.orders.count


def test_a_stream_gives_the_same_books_with_a_sample_a_message(data: bytes) -> None:
    alone, stream = EachMessage(books(), Clock(), 10_000), EachMessage(books(), Clock(), 10_000)
    assert stream.run_stream(data, 0, len(data)) == alone.run(data, 0, len(data))
    assert stream.books.orders.count == alone.books.orders.count
    assert stream.books.counters() == alone.books.counters()


def test_it_ends_with_its_room(data: bytes) -> None:
    assert EachMessage(books(), Clock(), 7).run(data, 0, len(data)) == 7
    with pytest.raises(ValueError, match="room for 0 samples: give at least 1"):
        EachMessage(books(), Clock(), 0)


@pytest.mark.parametrize("stream", [False, True])
def test_percentiles_are_in_order_and_the_clock_is_part_of_them(data: bytes, stream: bool) -> None:
    found = latency.percentiles(data, stream=stream)
    assert 0 <= found["clock"] <= found["p50"] <= found["p99"] <= found["p999"] <= found["max"]
    assert found["messages"] >= LOAD.messages
