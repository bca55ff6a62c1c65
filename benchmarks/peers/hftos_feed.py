"""This project's decoder and books."""

from benchmarks.native.contest import Contest
from benchmarks.native.shape import LEVELS, LOCATES, orders
from hftapp.book.books import Books
from hftapp.feed.itch import ItchRecord


def decode(data: bytes) -> Contest:
    """Load every field of every message into a record."""
    record = ItchRecord()
    return Contest(lambda: record.decode_all(data, 0, len(data)), lambda: {"malformed": record.malformed})


def books(data: bytes) -> Contest:
    """Decode, and keep the books of all symbols in full depth."""
    kept = Books(orders(data), LOCATES, LEVELS)
    return Contest(lambda: kept.apply_all(data, 0, len(data)), lambda: {"orders": kept.orders.count})
