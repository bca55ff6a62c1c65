"""Rows to measure the store with: events, trades and quotes in the shape of a real feed, the same on every machine."""

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from store import rows
from store.tables import L3_EVENTS, QUOTES, TRADES

SYMBOLS = 100
BEGIN = 1_800_000_000_000_000_000
SEED = 20260101
_NAMES = [f"SYM{number:04d}" for number in range(SYMBOLS)]
_KINDS, _SIDES = ["A", "F", "E", "C", "X", "D", "U", "P"], ["B", "S"]
_SHARE = (0.42, 0.01, 0.05, 0.002, 0.02, 0.4, 0.09, 0.008)
"""How often each kind comes: about as in a day of a lit market, where most orders are deleted."""


def events(count: int, run: str) -> pa.Table:
    """`l3_events` of a feed: numbers without holes, times and references that grow, prices near each other."""
    random = np.random.default_rng(SEED)
    times = BEGIN + np.cumsum(random.exponential(2_000, count).astype(np.int64) + 1)
    references = np.arange(1, count + 1, dtype=np.uint64) * 3
    kinds = random.choice(len(_KINDS), count, p=_SHARE)
    back = random.geometric(0.002, count).astype(np.uint64) * 3
    values = {
        "venue": np.zeros(count, np.uint8),
        "sequence": np.arange(1, count + 1, dtype=np.uint64),
        "t": times,
        "exchange_ns": (times - BEGIN + 34_200_000_000_000).astype(np.uint64),
        **_symbols(random, count),
        "event": rows.coded(kinds, _KINDS),
        "order_ref": np.where(kinds < 2, references, references - np.minimum(back, references - 3)),
        "new_ref": np.where(kinds == 6, references, 0).astype(np.uint64),
        "side": rows.coded(random.integers(0, 2, count), _SIDES),
        "price": (1_000_000 + random.normal(0, 40, count).astype(np.int64) * 100).astype(np.uint32),
        "shares": (random.integers(1, 11, count) * 100).astype(np.uint64),
        "match": np.where((kinds == 2) | (kinds == 3) | (kinds == 7), references, 0).astype(np.uint64),
    }
    return rows.columns(L3_EVENTS, run, values)


def trades_and_quotes(count: int, run: str) -> tuple[pa.Table, pa.Table]:
    """`count` rows of `trades` and of `quotes`, whose numbers are those of one feed."""
    random = np.random.default_rng(SEED)
    numbers = random.permutation(np.arange(1, 2 * count + 1, dtype=np.uint64))
    bids = (1_000_000 + random.integers(-500, 500, count) * 100).astype(np.uint32)
    quotes = _numbered(numbers[count:]) | {
        **_symbols(random, count),
        "bid": bids,
        "bid_shares": (random.integers(1, 100, count) * 100).astype(np.uint64),
        "ask": bids + random.integers(1, 5, count).astype(np.uint32) * 100,
        "ask_shares": (random.integers(1, 100, count) * 100).astype(np.uint64),
    }
    trades = _numbered(numbers[:count]) | {
        **_symbols(random, count),
        "price": (1_000_000 + random.integers(-500, 500, count) * 100).astype(np.uint32),
        "shares": (random.integers(1, 11, count) * 100).astype(np.uint64),
        "side": rows.coded(random.integers(0, 2, count), _SIDES),
        "match": np.arange(count, dtype=np.uint64),
    }
    return rows.columns(TRADES, run, trades), rows.columns(QUOTES, run, quotes)


def itch_file(count: int) -> bytes:
    """A BinaryFILE of `count` adds, executions, replaces and deletes over all symbols."""
    random = np.random.default_rng(SEED)
    dice, prices = random.random(count), 1_000_000 + random.normal(0, 15, count).astype(np.int64) * 100
    symbols, places = _chosen(random, count), random.random(count)
    live: list[tuple[int, int]] = []
    parts: list[bytes] = []
    for number in range(count):
        head = (0).to_bytes(2, "big") + (34_200_000_000_000 + 2_000 * number).to_bytes(6, "big")
        if dice[number] < 0.45 or not live:
            locate = int(symbols[number]) + 1
            live.append((number + 1, locate))
            body = b"A" + locate.to_bytes(2, "big") + head + (number + 1).to_bytes(8, "big")
            body += (b"B" if number & 1 else b"S") + (500).to_bytes(4, "big") + _NAMES[locate - 1].ljust(8).encode()
            body += int(prices[number]).to_bytes(4, "big")
        else:
            place = int(places[number] * len(live))
            live[place], live[-1] = live[-1], live[place]
            reference, locate = live.pop()
            kind = b"D" if dice[number] < 0.85 else b"E" if dice[number] < 0.9 else b"U"
            body = kind + locate.to_bytes(2, "big") + head + reference.to_bytes(8, "big")
            if kind == b"E":
                body += (500).to_bytes(4, "big") + number.to_bytes(8, "big")
            elif kind == b"U":
                live.append((number + 1, locate))
                body += (number + 1).to_bytes(8, "big") + (300).to_bytes(4, "big")
                body += int(prices[number]).to_bytes(4, "big")
        parts.append(len(body).to_bytes(2, "big") + body)
    return b"".join(parts)


def _symbols(random: np.random.Generator, count: int) -> dict[str, object]:
    places = _chosen(random, count)
    return {"symbol": rows.coded(places, _NAMES), "locate": (places + 1).astype(np.uint16)}


def _chosen(random: np.random.Generator, count: int) -> npt.NDArray[np.int64]:
    """Symbols as they are traded: few often, most seldom."""
    weights = 1 / np.arange(1, SYMBOLS + 1)
    return random.choice(SYMBOLS, count, p=weights / weights.sum())


def _numbered(numbers: npt.NDArray[np.uint64]) -> dict[str, object]:
    ordered = np.sort(numbers)
    times = BEGIN + ordered.astype(np.int64) * 1_000
    return {"venue": np.zeros(len(numbers), np.uint8), "sequence": ordered, "t": times}
