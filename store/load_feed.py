"""Rows of events, quotes and trades from the messages of one feed, in the order of its sequence numbers."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from store import rows
from store.itch_walk import ItchWalk
from store.tables import L3_EVENTS, QUOTES, TRADES

ROOM = 1 << 18
"""Messages of a batch."""

Int64s = npt.NDArray[np.int64]
Uint64s = npt.NDArray[np.uint64]
Bytes = npt.NDArray[np.uint8]

_LETTERS = [chr(code) for code in range(128)]


class FeedRows:
    """Turns the messages of one venue's feed into rows; its books go on from batch to batch."""

    def __init__(self, run: str, venue: int, room: int = ROOM) -> None:
        self.walk = ItchWalk(room)
        self.room = room
        self._run = run
        self._venue = venue

    def take(
        self,
        data: Bytes,
        starts: Int64s,
        lengths: Int64s,
        sequences: Uint64s,
        time_of: Callable[[Int64s, Uint64s], Int64s],
    ) -> Iterator[tuple[str, pa.Table]]:
        """Batches of rows by table. `time_of`: the time (ns UTC) of events, by place and the exchange's ns."""
        for first in range(0, len(starts), self.room):
            piece = slice(first, first + self.room)
            self.walk.walk(data, np.ascontiguousarray(starts[piece]), np.ascontiguousarray(lengths[piece]))
            yield from self._tables(first, sequences[piece], data, starts[piece], time_of)

    def _tables(
        self, first: int, sequences: Uint64s, data: Bytes, starts: Int64s, time_of: Callable[[Int64s, Uint64s], Int64s]
    ) -> Iterator[tuple[str, pa.Table]]:
        walk = self.walk

        def column(name: str, count: int) -> npt.NDArray[Any]:
            return np.asarray(getattr(walk, name))[:count].copy()

        def common(prefix: str, count: int) -> dict[str, Any]:
            places, locates = column(f"{prefix}_row", count), column(f"{prefix}_locate", count)
            return {
                "venue": np.full(count, self._venue, np.uint8),
                "sequence": sequences[places],
                "t": time_of(places + first, _clock(data, starts[places])),
                "symbol": self._symbols(locates, places),
                "locate": locates,
            }

        events, quotes, trades = walk.events, walk.quotes, walk.trades
        yield (
            L3_EVENTS.name,
            rows.columns(
                L3_EVENTS,
                self._run,
                {
                    **common("e", events),
                    "exchange_ns": column("e_time", events),
                    "event": _letters(column("e_kind", events)),
                    "order_ref": column("e_reference", events),
                    "new_ref": column("e_replacement", events),
                    "side": _letters(column("e_side", events)),
                    "price": column("e_price", events),
                    "shares": column("e_shares", events),
                    "match": column("e_match", events),
                },
            ),
        )
        names = ("bid", "bid_shares", "ask", "ask_shares")
        values = {name: column(f"q_{name}", quotes) for name in names}
        yield QUOTES.name, rows.columns(QUOTES, self._run, {**common("q", quotes), **values})
        values = {name: column(f"t_{name}", trades) for name in ("price", "shares", "match")}
        values["side"] = _letters(column("t_side", trades))
        yield TRADES.name, rows.columns(TRADES, self._run, {**common("t", trades), **values})

    def _symbols(self, locates: npt.NDArray[Any], places: Int64s) -> pa.DictionaryArray:
        """The symbols as they were known at each message, so that batches of any size give the same."""
        found, codes = np.unique(locates, return_inverse=True)
        texts = [self.walk.symbols.get(int(locate), "") for locate in found]
        for place, locate in enumerate(found.tolist()):
            if locate in self.walk.named:
                codes[(codes == place) & (places < self.walk.named[locate])] = len(texts)
        return rows.coded(codes.astype(np.int32), [*texts, ""])


def _letters(codes: Bytes) -> pa.DictionaryArray:
    return rows.coded(codes.astype(np.int32), _LETTERS)


def _clock(data: Bytes, starts: Int64s) -> Uint64s:
    """The exchange's time of messages: 6 bytes from byte 5 (ITCH 5.0 §4.2)."""
    if not len(starts):
        return np.empty(0, np.uint64)
    octets = data[starts[:, None] + np.arange(5, 11)].astype(np.uint64)
    shifts = np.array([40, 32, 24, 16, 8, 0], np.uint64)
    clock: Uint64s = np.bitwise_or.reduce(octets << shifts, axis=1)
    return clock


def payloads(data: Bytes, starts: Int64s, lengths: Int64s) -> pa.Array:
    """The messages' bytes as one Arrow column."""
    offsets = np.zeros(len(starts) + 1, np.int64)
    np.cumsum(lengths, out=offsets[1:])
    places = np.repeat(starts - offsets[:-1], lengths) + np.arange(offsets[-1])
    return pa.Array.from_buffers(
        pa.large_binary(), len(starts), [None, pa.py_buffer(offsets), pa.py_buffer(data[places])]
    ).cast(pa.binary())
