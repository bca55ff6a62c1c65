"""itch-book: a C++ core. No table is asked for, so that it decodes and keeps books, and makes no columns of them."""

from itch_book._core import Session

from benchmarks.native.contest import Contest


def books(data: bytes) -> Contest:
    """Decode, and keep the books of all symbols order by order."""
    session = Session([], 0, [])

    def run() -> int:
        session.feed(data)
        return int(session.stats()["messages"])

    return Contest(run, lambda: {"orders": int(session.stats()["live_orders"])})
