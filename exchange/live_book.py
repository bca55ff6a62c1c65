"""`hftos exchange book SYMBOL`: a live book in the terminal, taken from the feed as any client takes it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import Mapping
from typing import Any

import click
from rich.console import Console
from rich.live import Live
from rich.table import Table

from exchange.clock import SECOND
from exchange.feed_reader import FeedReader
from protocols.book_view import BookView

# GLIMPSE of 9,000 symbols takes a second or two; a feed that is not there never comes.
JOIN_TIMEOUT = 30.0
_REDRAWS = 8
# MoldUDP64 has a heartbeat every second: a few missing ones are news, many are the end.
SILENT = 3.0
DEAD = 15.0


class LiveBookError(ValueError):
    """The book cannot be shown; the text names the value and the remedy."""


def ladder(view: BookView, depth: int, title: str) -> Table:
    """Bids and asks side by side, best first, with sizes and numbers of orders."""
    table = Table(title=title, title_justify="left")
    for name in ("orders", "shares", "bid"):
        table.add_column(name, justify="right", style="green")
    for name in ("ask", "shares", "orders"):
        table.add_column(name, justify="left", style="red")
    bids, asks = view["bids"][:depth], view["asks"][:depth]
    for row in range(max(len(bids), len(asks))):
        bid = _cells(bids[row]) if row < len(bids) else ("", "", "")
        ask = _cells(asks[row]) if row < len(asks) else ("", "", "")
        table.add_row(bid[2], bid[1], bid[0], *ask)
    if not (bids or asks):
        table.title = f"{title}  no orders"
    return table


def _cells(level: list[int]) -> tuple[str, str, str]:
    price, shares, orders = level
    return f"{price // 10_000:,}.{price % 10_000:04}", f"{shares:,}", f"{orders:,}"


async def show(venue: Mapping[str, Any], symbol: str, depth: int, once: bool, as_json: bool) -> None:
    """Join the venue's feed and show the book, until the session ends; raises LiveBookError."""
    reader = FeedReader(venue, time.monotonic_ns)
    await reader.start()
    try:
        try:
            await asyncio.wait_for(reader.synchronised.wait(), JOIN_TIMEOUT)
        except TimeoutError:
            raise LiveBookError(
                f"nothing came from the exchange within {JOIN_TIMEOUT:.0f} s ({reader.client.state.value}); "
                "is the ready file that of a running exchange?"
            ) from None
        if reader.books.locate_of(symbol) is None:
            known = reader.books.symbols()
            raise LiveBookError(
                f"{symbol} is not traded here; {len(known)} symbols are, such as {', '.join(known[:5])}"
            )
        if as_json:
            click.echo(json.dumps({"symbol": symbol, "book": reader.books.view(symbol, depth)}))
        elif once:
            Console().print(_table(reader, symbol, depth))
        else:
            await _follow(reader, symbol, depth)
    finally:
        reader.close()


async def _follow(reader: FeedReader, symbol: str, depth: int) -> None:
    changed = asyncio.Event()
    reader.on_change = changed.set
    loop = asyncio.get_running_loop()
    with Live(_table(reader, symbol, depth), auto_refresh=False, console=Console()) as live:
        while not reader.ended.is_set():
            changed.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(changed.wait(), 1.0)
            if _silence(reader) > DEAD:
                raise LiveBookError(
                    f"nothing has come from the exchange for {DEAD:.0f} s: it is gone, or the lines are"
                )
            # The terminal is drawn a few times a second, however busy the book is.
            drawn = loop.time()
            live.update(_table(reader, symbol, depth), refresh=True)
            await asyncio.sleep(max(0.0, drawn + 1 / _REDRAWS - loop.time()))


def _silence(reader: FeedReader) -> float:
    """Seconds since the last datagram."""
    return (time.monotonic_ns() - reader.last_heard) / SECOND


def _table(reader: FeedReader, symbol: str, depth: int) -> Table:
    title = f"{symbol}  {reader.client.state.value}  {reader.messages:,} messages since the snapshot"
    if _silence(reader) > SILENT:
        title = f"[bold red]{symbol}  silent for {_silence(reader):.0f} s: this book is old[/bold red]"
    if reader.client.counters.recovered:
        title += f"  {reader.client.counters.recovered:,} packets recovered"
    if reader.snapshots > 1:
        title += f"  {reader.snapshots} snapshots"
    return ladder(reader.books.view(symbol, depth), depth, title)
