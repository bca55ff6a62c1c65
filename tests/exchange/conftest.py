"""Parts that several test files of the exchange start from."""

import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

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


NOW = 34_200_000_000_000
"""When clients send, in ns of the day."""


def enter(
    ref: int,
    side: str = "B",
    quantity: int = 100,
    symbol: str = "AAPL",
    price: int = 1_500_000,
    *,
    tif: str = "0",
    display: str = "Y",
    capacity: str = "P",
    iso: str = "N",
    cross: str = "N",
    cl_ord_id: bytes = b"ID            ",
    options: bytes = b"",
) -> bytes:
    flags = f"{tif}{display}{capacity}{iso}{cross}".encode()
    fixed = struct.pack(
        ">cIcI8sQ5s14s", b"O", ref, side.encode(), quantity, symbol.encode("latin-1").ljust(8), price, flags, cl_ord_id
    )
    return fixed + struct.pack(">H", len(options)) + options


def replace(
    old: int, ref: int, quantity: int = 100, price: int = 1_500_000, flags: bytes = b"0YN", options: bytes = b""
) -> bytes:
    return struct.pack(">cIIIQ3s14sH", b"U", old, ref, quantity, price, flags, b"RE".ljust(14), len(options)) + options


def cancel(ref: int, quantity: int = 0) -> bytes:
    return struct.pack(">cII", b"X", ref, quantity)


def modify(ref: int, side: str, quantity: int) -> bytes:
    return struct.pack(">cIcI", b"M", ref, side.encode(), quantity)


def firm_request(kind: str, ref: int, firm: str = "", symbol: str = "", options: bytes = b"") -> bytes:
    tail = symbol.encode().ljust(8) if kind == "C" else b""
    fixed = struct.pack(">cI4s", kind.encode(), ref, firm.encode().ljust(4)) + tail
    return fixed + struct.pack(">H", len(options)) + options


class Client:
    """One client without a wire: sends bytes or requests made by hand, reads what is new in its stream."""

    def __init__(self, entry: OrderEntry) -> None:
        self.entry = entry
        self.read = 0

    def send(self, data: bytes) -> list[bytes]:
        self.entry.on_message(data, NOW)
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
