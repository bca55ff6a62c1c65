"""Small tables for worked examples: one symbol, one venue unless told otherwise, prices in price4, times in ns."""

from typing import Any, Final

import polars as pl

from store.analytics.inputs import Inputs, inputs

S: Final = 1_000_000_000
MS: Final = 1_000_000
HALF: Final = 20_000
"""Half price units in a dollar."""
Row = dict[str, Any]


def quote(sequence: int, t: int, bid: int, ask: int, **other: Any) -> Row:
    """The best bid and offer of venue 0 after a message."""
    row = {"venue": 0, "sequence": sequence, "t": t, "symbol": "IVOO", "bid": bid, "ask": ask}
    return row | {"bid_shares": 100, "ask_shares": 100} | other


def trade(sequence: int, t: int, price: int, shares: int, match: int = 0, **other: Any) -> Row:
    """A print."""
    row = {"venue": 0, "sequence": sequence, "t": t, "symbol": "IVOO", "price": price, "shares": shares, "side": "B"}
    return row | {"match": match} | other


def order(number: int, t: int, event: str, reference: int = 1, shares: int = 0, **other: Any) -> Row:
    """A row of own orders."""
    row = {"venue": 0, "number": number, "t": t, "event": event, "reference": reference, "replaces": 0}
    row |= {
        "symbol": "IVOO",
        "side": "B",
        "price": 0,
        "shares": shares,
        "tif": "0",
        "strategy": "0:maker",
        "reason": "",
    }
    return row | other


def execution(number: int, t: int, price: int, shares: int, match: int = 0, **other: Any) -> Row:
    """An own execution."""
    row = {"venue": 0, "number": number, "t": t, "reference": 1, "symbol": "IVOO", "side": "B", "price": price}
    row |= {"shares": shares, "liquidity": "A", "match": match, "fee": 0, "strategy": "0:maker"}
    return row | other


def decision(number: int, t: int, sequence: int, reference: int = 1, **other: Any) -> Row:
    """A decision of the risk gate that passed."""
    row = {"number": number, "t": t, "code": 0, "check": "passed", "strategy": "0:maker", "cause": "B", "venue": 0}
    row |= {"feed_venue": 0, "sequence": sequence, "symbol": "IVOO", "side": "B", "reference": reference}
    return row | {"replaces": 0, "shares": 100, "price": 0} | other


def event(sequence: int, kind: str, ref: int, **other: Any) -> Row:
    """An order-by-order event; its time is its sequence number, in ms, on both clocks."""
    row = {"venue": 0, "sequence": sequence, "t": sequence * MS, "exchange_ns": sequence * MS, "symbol": "IVOO"}
    row |= {"event": kind, "order_ref": ref, "new_ref": 0, "side": "B", "price": 0, "shares": 0, "match": 0}
    return row | other


def tables(**rows: list[Row]) -> Inputs:
    """Inputs of the rows given; orders and executions are empty where there are none."""
    return inputs("worked", {name: pl.DataFrame(some) for name, some in rows.items() if some})
