"""NautilusTrader: order-by-order books in Rust, called from Python. It has no ITCH decoder: orders are made before."""

from typing import Any

from nautilus_trader.model.book import OrderBook
from nautilus_trader.model.data import BookOrder
from nautilus_trader.model.enums import BookType, OrderSide
from nautilus_trader.model.identifiers import InstrumentId
from nautilus_trader.model.objects import Price, Quantity

from benchmarks.native.contest import Contest
from benchmarks.peers.book_operations import ADD, DELETE, UPDATE, operations

_SIDES = {True: OrderSide.BUY, False: OrderSide.SELL}


def books(data: bytes) -> Contest:
    """Apply every operation to the book of its symbol."""
    kept: dict[int, OrderBook] = {}
    calls: list[tuple[Any, BookOrder]] = []
    for operation in operations(data):
        book = kept.get(operation.locate)
        if book is None:
            name = InstrumentId.from_str(f"S{operation.locate}.XNAS")
            book = kept[operation.locate] = OrderBook(name, BookType.L3_MBO)
        price, size = Price(operation.price / 10_000, 4), Quantity(operation.shares, 0)
        order = BookOrder(_SIDES[operation.buy], price, size, operation.reference)
        calls.append(({ADD: book.add, UPDATE: book.update, DELETE: book.delete}[operation.kind], order))

    def run() -> int:
        for call, order in calls:
            call(order, 0)
        return len(calls)

    return Contest(run)
