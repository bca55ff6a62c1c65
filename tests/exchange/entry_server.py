"""A whole venue behind real sockets on loopback, whose time of day the test sets."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from ipaddress import IPv4Address
from typing import Any

from exchange.account import Account
from exchange.clock import SECOND, SessionClock
from exchange.core import Exchange
from exchange.drop_copy import DropCopyEndpoint
from exchange.gateway import Gateway
from exchange.instant_day import InstantDay
from exchange.journal import Journal
from exchange.login import Login
from exchange.market import Market
from exchange.market_data import Publisher
from exchange.order_entry import OrderEntry
from exchange.risk_limits import Limits
from exchange.schedule import REGULAR
from exchange.script import Script
from exchange.soup_session import Timeouts
from exchange.supervision import supervise
from exchange.trading_day import TradingDay
from exchange.venue import VENUES, Venue
from tests.exchange.ouch_wire import WireClient

LOOPBACK = IPv4Address("127.0.0.1")
LOGINS = (Login("HFT1", "secret1", "HFTX"), Login("HFT2", "secret2", "HFTY"), Login("HFT3", "secret3", "HFTX"))
PASSWORDS = {login.user: login.password for login in LOGINS}


@dataclass
class EntryServer:
    """A venue that serves, and the clients that a test opened."""

    exchange: Exchange
    market: Market
    clock: SessionClock
    gateway: Gateway
    drop_copy: DropCopyEndpoint
    port: int
    copy_port: int
    logins: list[str] = field(default_factory=list)
    clients: list[WireClient] = field(default_factory=list)

    async def connect(self, data: bytes = b"", port: int | None = None) -> WireClient:
        client = await WireClient.open(self.port if port is None else port)
        client.writer.write(data)
        self.clients.append(client)
        return client

    async def log_in(self, user: str = "HFT1", sequence: int = 1) -> WireClient:
        client = await self.connect()
        await client.log_in(user, PASSWORDS[user], sequence)
        return client

    async def copy_of(self, firm: str, sequence: int = 1) -> WireClient:
        client = await self.connect(port=self.copy_port)
        login = self.drop_copy.login(firm)
        await client.log_in(login["user"], login["password"], sequence)
        return client

    def at(self, hour: int, minute: int = 0, second: int = 0) -> int:
        """Make it that time of day; everything that was due until then happens, in its order."""
        return self.at_time((hour * 3600 + minute * 60 + second) * SECOND)

    def at_time(self, now: int) -> int:
        self.clock.set(now, time.monotonic_ns(), 0.0)
        while (due := self.exchange.next_deadline()) is not None and due <= now:
            self.exchange.advance(due)
        self.exchange.commit(time.monotonic_ns())
        return now

    def command(self, **request: Any) -> None:
        """Give an operator's command."""
        assert self.exchange.command(request, self.clock.now(time.monotonic_ns()))["ok"]
        self.exchange.commit(time.monotonic_ns())


def build(
    day: bool, limits: Limits | None, record: Callable[[str, bool, bytes], None], logins: Sequence[Login]
) -> Venue:
    """A venue with AAPL and MSFT, whose last close is $150."""
    market = Market(Publisher("SESSION1", []), entry_closes="E" if day else "M")
    for symbol in ("AAPL", "MSFT"):
        market.list_symbol(symbol, price=1_500_000)
    supervision = supervise(market, REGULAR if day else None)
    market.trades = supervision.trades
    entries = [OrderEntry(Account(login, "SESSION1", record), market, limits) for login in logins]

    def close_day(now: int) -> None:
        for entry in entries:
            entry.close_day(now)

    def close_extended(now: int) -> None:
        for entry in entries:
            entry.close_extended(now)

    course = (
        TradingDay(market, REGULAR, supervision, close_day, close_extended)
        if day
        else InstantDay(market, True, close_day, close_extended)
    )
    return Venue(VENUES["NSDQ"], market, course, Script([], lambda: market.time), supervision, entries)


def _no_record(_user: str, _inbound: bool, _data: bytes) -> None:
    pass


@asynccontextmanager
async def serving(
    *,
    day: bool = False,
    started: bool = True,
    limits: Limits | None = None,
    record: Callable[[str, bool, bytes], None] = _no_record,
    copy_timeouts: Timeouts = Timeouts(),  # noqa: B008 - immutable
    journal: Journal | None = None,
    **options: Any,
) -> AsyncIterator[EntryServer]:
    """Serve a venue that has opened (``day``: that begins its day at 03:00; not ``started``: that takes orders, but has
    no day and tells nobody of it); ``options`` are the gateway's."""
    venue = build(day, limits, record, LOGINS)
    exchange = Exchange([venue], journal)
    clock, users = SessionClock(), list[str]()
    gateway = Gateway(exchange, venue, clock, time.monotonic_ns, users.append, **options)
    drop_copy = DropCopyEndpoint(venue, "SESSION1", time.monotonic_ns, copy_timeouts, exchange.failed)
    ports = await gateway.listen(LOOPBACK, 0), await drop_copy.listen(LOOPBACK, 0)
    server = EntryServer(exchange, venue.market, clock, gateway, drop_copy, *ports, users)
    start = (3 if day else 10) * 3600 * SECOND
    clock.set(start, time.monotonic_ns(), 0.0)
    if started:
        exchange.start(start)
    try:
        yield server
    finally:
        await gateway.close()
        await drop_copy.close()
        for client in server.clients:
            await client.close()
        for entry in venue.entries:
            entry.account.close()
        venue.supervision.trades.close()
        venue.market.publisher.close()


def scenario(test: Callable[[EntryServer], Awaitable[None]], **options: Any) -> None:
    """Run a test against a venue of its own."""

    async def body() -> None:
        async with serving(**options) as server:
            await test(server)

    asyncio.run(body())
