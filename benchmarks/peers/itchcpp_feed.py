"""itchcpp: C++ behind the Python interface of itchfeed. Its books do not say how many orders they hold."""

from itchcpp.book import BookManager
from itchcpp.parser import MessageParser

from benchmarks.native.contest import Contest, messages


def decode(data: bytes) -> Contest:
    """Make an object of every message."""
    parser = MessageParser()

    def run() -> int:
        count = 0
        for _ in parser.parse_stream(data):
            count += 1
        return count

    return Contest(run)


def books(data: bytes) -> Contest:
    """Decode, and keep the books of all symbols order by order."""
    manager = BookManager()
    count = sum(1 for _ in messages(data))

    def run() -> int:
        manager.process_stream(data)
        return count

    return Contest(run, lambda: {"books": int(manager.book_count())})
