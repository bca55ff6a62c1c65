"""The book in the terminal says how old it is, and ends when nothing comes any more."""

import io
from typing import Any

import pytest
from rich.console import Console

from exchange import live_book
from exchange.feed_reader import FeedReader
from exchange.live_book import ladder

VENUE = {"session": "S", "glimpse": {"host": "127.0.0.1", "port": 1, "user": "u", "password": "p"}}


def shown(table: Any) -> str:
    console = Console(file=io.StringIO(), width=80)
    console.print(table)
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_both_sides_best_first_with_prices_in_dollars() -> None:
    text = shown(ladder({"bids": [[1_000_000, 1_200, 3], [999_900, 5, 1]], "asks": [[1_000_100, 60, 1]]}, 10, "AAPL"))
    first, second = [line for line in text.splitlines() if "│" in line]
    assert first.replace("│", " ").split() == ["3", "1,200", "100.0000", "100.0100", "60", "1"]
    assert second.replace("│", " ").split() == ["1", "5", "99.9900"]


def test_an_empty_book_says_so() -> None:
    assert "no orders" in shown(ladder({"bids": [], "asks": []}, 10, "AAPL"))


@pytest.mark.parametrize(("seconds", "old"), [(0, False), (2, False), (4, True)])
def test_a_silent_exchange_makes_the_book_old(monkeypatch: pytest.MonkeyPatch, seconds: int, old: bool) -> None:
    reader = FeedReader(VENUE, lambda: 1_000_000_000)
    monkeypatch.setattr("exchange.live_book.time.monotonic_ns", lambda: (1 + seconds) * 1_000_000_000)
    monkeypatch.setattr(reader.books, "view", lambda _symbol, _depth: {"bids": [], "asks": []})
    assert ("this book is old" in shown(live_book._table(reader, "AAPL", 5))) is old
