"""Who takes part in the native contests, and what exactly each of them does there."""

from __future__ import annotations

from dataclasses import dataclass

SLOW = 1_000_000
VERY_SLOW = 100_000


@dataclass(frozen=True, slots=True)
class Contestant:
    """One row. `package` is None for this project; `limit` messages are given to it (0: all), since it is slow.

    `many`: it can keep the books of many symbols.
    """

    name: str
    module: str
    package: str | None
    kind: str
    what: str
    limit: int = 0
    many: bool = True


DECODE = (
    Contestant("hftos", "benchmarks.peers.hftos_feed", None, "Cython", "loads every field of every message"),
    Contestant(
        "itchcpp",
        "benchmarks.peers.itchcpp_feed",
        "itchcpp",
        "C++",
        "makes a Python object of every message (its only decoder)",
        SLOW,
    ),
    Contestant(
        "itchfeed",
        "benchmarks.peers.itchfeed_feed",
        "itchfeed",
        "Python",
        "makes a Python object of every message, without its C++ backend",
        VERY_SLOW,
    ),
    Contestant(
        "meatpy",
        "benchmarks.peers.meatpy_feed",
        "meatpy",
        "Python",
        "makes a Python object of every message",
        VERY_SLOW,
    ),
)

BOOKS = (
    Contestant("hftos", "benchmarks.peers.hftos_feed", None, "Cython", "decodes; books by price, orders by reference"),
    Contestant("itch-book", "benchmarks.peers.itch_book_feed", "itch-book", "C++", "decodes; books order by order"),
    Contestant("itchcpp", "benchmarks.peers.itchcpp_feed", "itchcpp", "C++", "decodes; books order by order"),
    Contestant(
        "hftbacktest",
        "benchmarks.peers.hftbacktest_book",
        "hftbacktest",
        "Rust",
        "decoded beforehand; its backtest replays one symbol's orders into its order-by-order depth",
        SLOW,
        many=False,
    ),
    Contestant(
        "nautilus_trader",
        "benchmarks.peers.nautilus_book",
        "nautilus_trader",
        "Rust",
        "decoded beforehand; books order by order, one call from Python an operation",
        VERY_SLOW,
    ),
    Contestant(
        "meatpy",
        "benchmarks.peers.meatpy_feed",
        "meatpy",
        "Python",
        "decodes; one symbol's book order by order",
        VERY_SLOW,
        many=False,
    ),
)
