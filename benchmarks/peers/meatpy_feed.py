"""MeatPy: pure Python, for research. It keeps the book of one instrument at a time."""

import datetime

from meatpy.itch50.itch50_market_message import ITCH50MarketMessage
from meatpy.itch50.itch50_market_processor import ITCH50MarketProcessor

from benchmarks.native.contest import Contest, messages

_DAY = datetime.datetime(2019, 12, 30)


def decode(data: bytes) -> Contest:
    """Make an object of every message."""
    each = [bytes(message) for message in messages(data)]

    def run() -> int:
        for message in each:
            ITCH50MarketMessage.from_bytes(message)
        return len(each)

    return Contest(run)


def books(data: bytes) -> Contest:
    """Decode, and keep the book of the first symbol of the directory."""
    each = [bytes(message) for message in messages(data)]
    stock = next(message[11:19] for message in each if message[:1] == b"R")
    processor = ITCH50MarketProcessor(stock, _DAY)

    def run() -> int:
        for message in each:
            processor.process_message(ITCH50MarketMessage.from_bytes(message))
        return len(each)

    return Contest(run)
