"""The huge pages that are reserved for books are those that books take."""

import mmap

import pytest

from hftapp.book import memory, pages
from hftapp.book.books import Books
from hftapp.feed.arbiter import SLOT_SIZE
from hftapp.feed.holdback import HoldBack


@pytest.mark.parametrize(("orders", "levels"), [(1 << 18, 1 << 17), (1 << 10, 1 << 10), (100_000, 1 << 20)])
def test_what_is_reserved_is_what_books_take(monkeypatch: pytest.MonkeyPatch, orders: int, levels: int) -> None:
    taken: list[int] = []

    def area(size: int) -> mmap.mmap:
        taken.append(-(-size // memory.HUGE))
        return mmap.mmap(-1, size)

    monkeypatch.setattr(memory, "_area", area)
    Books(orders, pages.LOCATES, levels)
    assert sum(taken) == pages.of_books(orders, levels) > 0


def test_early_packets_take_what_is_reserved_for_them(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []

    def area(size: int) -> mmap.mmap:
        taken.append(-(-size // memory.HUGE))
        return mmap.mmap(-1, size)

    monkeypatch.setattr(memory, "_area", area)
    HoldBack(4096 + 1, SLOT_SIZE)
    assert taken == [pages.of_early_packets(4096)]
    assert pages.of_early_packets(16) == 0


@pytest.mark.parametrize(
    "count", [1, memory.HUGE // 8 - 1, memory.HUGE // 8, memory.HUGE // 8 + 1, 3 * memory.HUGE // 8]
)
def test_tables_are_zero_and_as_long_as_asked_for_with_and_without_huge_pages(count: int) -> None:
    for mapped in (True, False):
        words = memory.words(count, mapped=mapped)
        assert len(words) == count
        assert not any(words[:: max(count // 1000, 1)])
        words[count - 1] = 1 << 63
    assert memory.pages(count) == (0 if 8 * count < memory.HUGE else -(-8 * count // memory.HUGE))
