"""Tables of a made-up run: a market that walks at random, quotes of two venues, and orders that make and take in it."""

from typing import Any, Final

import numpy as np
import polars as pl

MS: Final = 1_000_000
START: Final = 1_764_136_800 * 1_000_000_000
SYMBOLS: Final = ("AAPL", "MSFT", "IVOO", "QQQ")
REPLACED: Final = 1_000_000
"""What the reference of an order that replaces another is higher by."""
STRATEGIES: Final = ("0:market_maker", "1:imbalance_taker")
Row = dict[str, Any]


def run(orders: int = 400, seed: int = 1, seconds: int = 60, venues: int = 2) -> dict[str, pl.DataFrame]:
    """All tables but l3_events; every order has a decision, most have a fate."""
    rng = np.random.default_rng(seed)
    quotes = _quotes(rng, seconds, venues)
    book = {
        symbol: quotes.filter((pl.col("symbol") == symbol) & (pl.col("venue") == 0)).rows(named=True)
        for symbol in SYMBOLS
    }
    tables: dict[str, list[Row]] = {"orders": [], "executions": [], "decisions": [], "trades": []}
    for reference in range(1, orders + 1):
        _order(rng, reference, book[SYMBOLS[int(rng.integers(len(SYMBOLS)))]], tables)
    _renumber(tables)
    frames = {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in tables.items()}
    return frames | {"quotes": quotes}


def _quotes(rng: np.random.Generator, seconds: int, venues: int) -> pl.DataFrame:
    rows: list[Row] = []
    for symbol_number, symbol in enumerate(SYMBOLS):
        centre = 1_000_000 + 400_000 * symbol_number
        times = np.sort(rng.integers(0, seconds * 1000 * MS, seconds * 20))
        walk = np.cumsum(rng.integers(-2, 3, len(times))) * 50 + centre
        for t, mid in zip(times.tolist(), walk.tolist(), strict=True):
            half = int(rng.integers(1, 4)) * 100
            empty = rng.random() < 0.01
            rows.append(
                {
                    "venue": int(rng.integers(venues)),
                    "t": START + t,
                    "symbol": symbol,
                    "bid": 0 if empty else int(mid) // 100 * 100 - half,
                    "bid_shares": 0 if empty else int(rng.integers(1, 9)) * 100,
                    "ask": int(mid) // 100 * 100 + half,
                    "ask_shares": int(rng.integers(1, 9)) * 100,
                }
            )
    rows.sort(key=lambda row: (row["t"], row["symbol"]))
    for row in rows:
        row["sequence"] = _sequence(row)
    return pl.DataFrame(rows)


def _order(rng: np.random.Generator, reference: int, quotes: list[Row], tables: dict[str, list[Row]]) -> None:
    quote = quotes[int(rng.integers(3, len(quotes) - 1))]
    side = "BS"[int(rng.integers(2))]
    taker = rng.random() < 0.35
    bid, ask = quote["bid"] or quote["ask"] - 200, quote["ask"]
    price = (ask if side == "B" else bid) if taker else (bid if side == "B" else ask)
    shares = int(rng.integers(1, 6)) * 100
    common = {"venue": 0, "reference": reference, "symbol": quote["symbol"], "side": side}
    t = quote["t"] + int(rng.integers(2_000, 90_000))
    strategy = STRATEGIES[1 if taker else 0]
    refused = rng.random() < 0.05
    tables["decisions"].append(
        common
        | {"t": t, "code": 10 if refused else 0, "check": "price_collar" if refused else "passed", "strategy": strategy}
        | {"reference": 0 if refused else reference, "cause": "B", "feed_venue": 0, "sequence": quote["sequence"]}
        | {"replaces": 0, "shares": shares, "price": price}
    )
    if refused:
        return
    order = common | {"replaces": 0, "price": price, "tif": "3" if taker else "0", "strategy": strategy, "reason": ""}

    def event(name: str, at: int, count: int, **extra: Any) -> None:
        tables["orders"].append(order | {"event": name, "t": at, "shares": count, "order_ref": 0} | extra)

    event("entered", t, shares)
    t += int(rng.integers(20_000, 400_000))
    if rng.random() < 0.03:
        event("rejected", t, 0, reason="13")
        return
    event("accepted", t, shares)
    if not taker and rng.random() < 0.2:
        again = {"reference": reference + REPLACED, "replaces": reference}
        event("replace_sent", t + 10 * MS, shares, **again)
        t += 11 * MS
        event("replaced", t, shares, **again)
        common |= {"reference": reference + REPLACED}
        order |= common
    left = shares
    while left and rng.random() < (0.85 if taker else 0.5):
        t += int(rng.integers(1_000, 5_000) if taker else rng.exponential(800 * MS))
        count = min(left, int(rng.integers(1, 4)) * 100)
        left -= count
        match = len(tables["trades"]) + 1
        fee = count * (30 if taker else -20)
        tables["executions"].append(
            common
            | {"t": t + 30_000, "price": price, "shares": count, "liquidity": "R" if taker else "A", "match": match}
            | {"fee": fee, "strategy": strategy}
        )
        aggressor = side if taker else _other(side)
        tables["trades"].append(
            {"venue": 0, "t": t, "symbol": quote["symbol"], "price": price, "shares": count, "side": aggressor}
            | {"match": match}
        )
    if left and rng.random() < 0.95:
        event("cancelled", t + int(rng.integers(MS, 900 * MS)), left, reason="U")


def _sequence(row: Row) -> int:
    """A sequence number that grows with time, with room for what happens at the same time in other symbols."""
    return 8 * int(row["t"] - START) + SYMBOLS.index(row["symbol"]) + 1


def _other(side: str) -> str:
    return "S" if side == "B" else "B"


def _renumber(tables: dict[str, list[Row]]) -> None:
    """Journal numbers over orders, executions and decisions; sequence numbers of prints."""
    journal = [row for name in ("decisions", "orders", "executions") for row in tables[name]]
    for number, row in enumerate(sorted(journal, key=lambda row: row["t"]), 1):
        row["number"] = number
    for row in tables["trades"]:
        row["sequence"] = _sequence(row) + 4
