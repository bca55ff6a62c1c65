"""A venue's feed as it is in the store: every message once, in the order of its numbers, to be played again."""

from collections.abc import Iterator
from typing import Final

from store.client import Store
from store.errors import StoreError
from store.schema import DATABASE

PIECE: Final = 1 << 18
"""Sequence numbers that are read at a time."""

_OF: Final = f"FROM {DATABASE}.messages WHERE run = {{run:String}} AND venue = {{venue:UInt8}} AND feed_sequence > 0"


def messages(store: Store, run: str, venue: int = 0) -> Iterator[tuple[int, bytes]]:
    """Each message with the time (ns UTC) at which it first came, on whichever line. StoreError when there are none."""
    parameters = {"run": run, "venue": venue}
    first, last, count = store.rows(f"SELECT min(feed_sequence), max(feed_sequence), count() {_OF}", parameters)[0]
    if not count:
        raise StoreError(f"the store has no feed of venue {venue} in run {run}: `hftos store runs` lists the runs")
    sql = (
        f"SELECT toUnixTimestamp64Nano(min(t)) AS time, argMin(payload, t) AS payload {_OF} "
        "AND feed_sequence BETWEEN {low:UInt64} AND {high:UInt64} GROUP BY feed_sequence ORDER BY feed_sequence"
    )
    while first <= last:
        yield from store.rows(sql, parameters | {"low": first, "high": first + PIECE - 1})
        # Behind a hole, however wide, it goes on at the next number that is there.
        found = store.rows(
            f"SELECT min(feed_sequence) {_OF} AND feed_sequence >= {{next:UInt64}}",
            parameters | {"next": first + PIECE},
        )[0][0]
        if not found:
            return
        first = found
