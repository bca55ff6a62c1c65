"""One number for the whole state of a market: what two runs over the same inputs must agree on."""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Iterable

from exchange.book import Book, Queue
from exchange.market import Market
from exchange.orders import Order

_ORDER = struct.Struct(">QQiqqqqq")
_COUNTERS = struct.Struct(">QQQQq")


def state_hash(market: Market, accounts: Iterable[int]) -> str:
    """Hex digest over every book, queue by queue, and the orders that wait for a cross.

    The counters of engine and feed and ``accounts`` (numbers of the accounts) are in it as well.
    """
    digest = hashlib.blake2b(digest_size=16)
    engine = market.engine
    digest.update(
        _COUNTERS.pack(
            engine.last_reference, engine.last_match, engine.random, market.publisher.next_sequence, market.time
        )
    )
    for book in engine.books.values():
        digest.update(book.stock)
        for chunk in _book(book):
            digest.update(chunk)
    if market.auctions is not None:
        for order in market.auctions.held():
            digest.update(_order(order))
    for number in accounts:
        digest.update(number.to_bytes(8, "big"))
    return digest.hexdigest()


def _book(book: Book) -> Iterable[bytes]:
    yield struct.pack(">???qq", book.halted, book.quoting, book.short_restricted, book.lower, book.upper)
    for side in (book.bids, book.asks):
        for level in side:
            yield from _queue(level)
            if level.hidden is not None:
                yield from _queue(level.hidden)
    for order in book.pegs.values():
        yield _order(order)


def _queue(queue: Queue) -> Iterable[bytes]:
    yield b"Q"
    for order in queue:
        yield _order(order)


def _order(order: Order) -> bytes:
    return _ORDER.pack(
        order.ref,
        order.shown_ref,
        order.owner,
        order.token,
        order.price,
        order.shares,
        order.executed,
        order.min_quantity,
    )
