"""Parts that several test files of the exchange start from."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from exchange.account import Account, Login
from exchange.market import Market
from exchange.market_data import Publisher
from exchange.order_entry import OrderEntry


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
