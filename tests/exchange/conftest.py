"""Parts that several test files of the exchange start from."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from exchange.account import Account, Login
from exchange.market import Market
from exchange.market_data import Publisher
from exchange.order_entry import OrderEntry
from tests.exchange.ouch_wire import (
    NOW,
    cancel,
    enter,
    firm_request,
    kinds,
    modify,
    number,
    option,
    replace,
)

__all__ = [
    "NOW",
    "Client",
    "cancel",
    "enter",
    "feed",
    "firm_request",
    "kinds",
    "modify",
    "number",
    "option",
    "replace",
    "standing",
]


@pytest.fixture
def real_slice() -> Path:
    return Path(__file__).parents[1] / "data" / "12302019_SNIPPET.NASDAQ_ITCH50"


@pytest.fixture
def market() -> Market:
    market = Market(Publisher("TEST", []))
    for symbol in ("AAPL", "MSFT"):
        market.list_symbol(symbol)
    return market


@pytest.fixture
def open_entry(market: Market) -> Callable[[str], OrderEntry]:
    def open_entry(user: str) -> OrderEntry:
        account = Account(Login(user, "secret", "HFTX"), "TEST", lambda user, inbound, data: None)
        return OrderEntry(account, market)

    return open_entry


@pytest.fixture
def feed_ports() -> tuple[int, int]:
    """Two UDP ports that no other test process uses at the same time."""
    base = 20_000 + os.getpid() % 10_000 * 2
    return base, base + 1


def standing(market: Market) -> list[int]:
    """The tokens of all orders in the books, buys before sells, best first."""
    return [
        order.token
        for book in market.engine.books.values()
        for side in (book.bids, book.asks)
        for level in side
        for queue in (level, level.hidden or ())
        for order in queue
    ]


def feed(market: Market, first: int = 1) -> list[bytes]:
    """The messages on the feed from a number on."""
    return market.publisher.read(first, len(market.publisher))


class Client:
    """One client without a wire: sends bytes or requests made by hand, reads what is new in its stream."""

    def __init__(self, entry: OrderEntry) -> None:
        self.entry = entry
        self.read = 0
        self.now = NOW

    def send(self, data: bytes) -> list[bytes]:
        self.entry.on_message(data, self.now)
        return self.news()

    def news(self) -> list[bytes]:
        stream = self.entry.account.stream
        new = stream.read(self.read + 1)
        self.read += len(new)
        return new

    def enter(self, ref: int, *arguments: Any, **fields: Any) -> list[bytes]:
        return self.send(enter(ref, *arguments, **fields))

    def replace(self, old: int, ref: int, *arguments: Any, **fields: Any) -> list[bytes]:
        return self.send(replace(old, ref, *arguments, **fields))

    def cancel(self, ref: int, quantity: int = 0) -> list[bytes]:
        return self.send(cancel(ref, quantity))

    def modify(self, ref: int, side: str, quantity: int) -> list[bytes]:
        return self.send(modify(ref, side, quantity))

    def firm_request(self, kind: str, ref: int, firm: str = "", symbol: str = "", options: bytes = b"") -> list[bytes]:
        return self.send(firm_request(kind, ref, firm, symbol, options))


@pytest.fixture
def client(open_entry: Callable[[str], OrderEntry]) -> Client:
    return Client(open_entry("HFT1"))


@pytest.fixture
def other(open_entry: Callable[[str], OrderEntry]) -> Client:
    return Client(open_entry("HFT2"))


@pytest.fixture
def valid_requests() -> tuple[bytes, ...]:
    """One good request of every kind."""
    firm_requests = firm_request("C", 3), firm_request("D", 4)
    return (enter(1), replace(1, 2), cancel(1, 50), modify(1, "S", 50), *firm_requests, b"Q")
