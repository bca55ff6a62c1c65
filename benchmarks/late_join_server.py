"""`python -m benchmarks.late_join_server DEPTH READY`: a venue of 9,000 symbols with full books and a live feed."""

from __future__ import annotations

import asyncio
import json
import sys
import time
from ipaddress import IPv4Address
from pathlib import Path

from hftos.compiling import finder

finder.install()

from benchmarks.late_join import SYMBOLS  # noqa: E402 - after the finder is installed
from exchange.flow.universe import universe  # noqa: E402
from exchange.glimpse import GlimpseServer  # noqa: E402
from exchange.glimpse_endpoint import GlimpseEndpoint  # noqa: E402
from exchange.lines import MulticastLine  # noqa: E402
from exchange.market import Market  # noqa: E402
from exchange.market_data import Publisher  # noqa: E402
from exchange.orders import limit_order  # noqa: E402
from exchange.rerequest import RerequestEndpoint, RerequestServer  # noqa: E402

HOST = IPv4Address("127.0.0.1")
GROUPS = (IPv4Address("239.20.7.1"), IPv4Address("239.20.7.2"))
PORT = 26_701
TIME = 34_200_000_000_000
LIVE_EVERY = 0.001
"""Seconds between live messages: the feed goes on while the client joins."""


def fill(market: Market, depth: int) -> None:
    """List the symbols and rest ``depth`` orders in each of them, around its price."""
    for one in universe(SYMBOLS, 1):
        market.list_symbol(one.symbol, None, one.price)
    market.system_event("O", TIME)
    market.announce_symbols(TIME)
    market.system_event("S", TIME)
    market.system_event("Q", TIME)
    for symbol, listing in market.directory.listings.items():
        book = market.book(symbol)
        for number in range(depth):
            buy = number % 2 == 0
            away = 100 * (1 + number // 2)
            price = max(1, listing.price - away) if buy else listing.price + away
            market.enter(limit_order(book, buy, 100, price, market.engine.next_reference()), TIME)


async def serve(depth: int, ready: Path) -> None:
    """Serve until terminated."""
    lines = [MulticastLine(group, PORT, HOST) for group in GROUPS]
    publisher = Publisher("LATEJOIN", lines)
    market = Market(publisher)
    publisher.muted = True
    fill(market, depth)
    publisher.muted = False
    glimpse = GlimpseEndpoint(GlimpseServer("LATEJOIN", market, {"U": "P"}), time.monotonic_ns)
    rerequest = RerequestEndpoint(RerequestServer("LATEJOIN", publisher.store), time.monotonic_ns)
    venue = {
        "session": "LATEJOIN",
        "glimpse": {"host": str(HOST), "port": await glimpse.listen(HOST, 0), "user": "U", "password": "P"},
        "rerequest": {"host": str(HOST), "port": await rerequest.listen(HOST, 0)},
        **{
            name: {"group": str(group), "port": PORT, "interface": str(HOST)}
            for name, group in zip(("feed_a", "feed_b"), GROUPS, strict=True)
        },
    }
    ready.write_text(json.dumps(venue))
    book = market.book(next(iter(market.directory.listings)))
    while True:
        market.enter(limit_order(book, True, 100, 100, market.engine.next_reference()), TIME)
        publisher.flush(time.monotonic_ns())
        await asyncio.sleep(LIVE_EVERY)


if __name__ == "__main__":
    asyncio.run(serve(int(sys.argv[1]), Path(sys.argv[2])))
