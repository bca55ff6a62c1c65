"""Loads captures of a switch port: every message as it came, and the feed's events, each once.

Events are taken in the order of their sequence numbers, so that books are right whatever the network did to the
packets. Nothing behind a gap is taken while the gap may still close (`captured_feed.SETTLED`), unless nothing more will
come: what was stored then stays right.
"""

from collections.abc import Callable, Mapping, Sequence
from ipaddress import IPv4Address
from pathlib import Path
from typing import Final

import numpy as np

from protocols.order_capture import CapturedOrder
from protocols.pcap_index import PacketIndex
from store import rows
from store.captured_feed import Captured, Messages, feeds_of, first_of_each, messages, open_index, orders, settled
from store.captured_lines import Feed, Key, text_of, venues
from store.errors import StoreError
from store.load_feed import FeedRows, Int64s, Uint64s, payloads
from store.pipeline import Pipeline
from store.tables import MESSAGES

BATCH: Final = 1 << 18
MOST_VENUES: Final = 128

_LETTERS: Final = [chr(code) for code in range(256)]


def load(
    paths: Sequence[Path],
    run: str,
    port: str,
    pipeline: Pipeline,
    sessions: Sequence[str],
    *,
    final: bool = True,
    progress: Callable[[int, int], None] = lambda *_: None,
) -> Captured:
    """Load the captures of one port, in the order in which they were taken; gives what was found.

    `sessions`: MoldUDP64 sessions of the venues by number, as far as they are known. `final`: nothing more will come.
    StoreError for a file that is no capture, or is damaged; one that ends inside a packet is read so far.
    """
    captured = Captured()
    indices = [open_index(path, captured) for path in paths]
    try:
        found = [messages(index, captured) for index in indices]
        feeds = feeds_of(indices, found)
        if len(feeds) > MOST_VENUES:
            raise StoreError(f"{paths[0]} holds {len(feeds)} feeds, the store keeps {MOST_VENUES} apart")
        numbers = venues(feeds, sessions)
        of_line = {key: venue for feed, venue in zip(feeds, numbers, strict=True) for key in feed.keys}
        _load_messages(indices, found, of_line, run, port, pipeline)
        captured.orders = _load_orders(indices, run, port, pipeline, captured)
        for feed, venue in zip(feeds, numbers, strict=True):
            captured.arrivals[venue] = _load_events(
                indices, found, feed, FeedRows(run, venue), pipeline, captured, final, progress
            )
    finally:
        for index in indices:
            index.close()
    return captured


def _load_messages(
    indices: Sequence[PacketIndex],
    found: Sequence[Messages],
    of_line: Mapping[Key, int],
    run: str,
    port: str,
    pipeline: Pipeline,
) -> None:
    """Every feed message of every line, numbered as it came on its line."""
    numbers: dict[str, int] = {}
    for index, feed in zip(indices, found, strict=True):
        groups = [f"{port}/{IPv4Address(group)}:{number}" for _, group, number in feed.names]
        venue_of = np.array([of_line[key] for key in feed.names], np.uint8)
        texts = [text_of(session) for session, _, _ in feed.names]
        for source in dict.fromkeys(groups):
            streams = [place for place, name in enumerate(groups) if name == source]
            chosen = np.flatnonzero(np.isin(feed.streams, streams) & (feed.lengths > 0))
            for first in range(0, len(chosen), BATCH):
                piece = chosen[first : first + BATCH]
                begin = numbers.get(source, 0)
                numbers[source] = begin + len(piece)
                pipeline.put(
                    MESSAGES.name,
                    rows.columns(
                        MESSAGES,
                        run,
                        {
                            "source": rows.constant(source, len(piece)),
                            "sequence": np.arange(begin + 1, begin + len(piece) + 1, dtype=np.uint64),
                            "t": feed.times[piece],
                            "venue": venue_of[feed.streams[piece]],
                            "session": rows.coded(feed.streams[piece].astype(np.int32), texts),
                            "feed_sequence": feed.sequences[piece],
                            "kind": rows.coded(index.data[feed.starts[piece]].astype(np.int32), _LETTERS),
                            "length": feed.lengths[piece].astype(np.uint16),
                            "payload": payloads(index.data, feed.starts[piece], feed.lengths[piece]),
                        },
                    ),
                )


def _load_orders(
    indices: Sequence[PacketIndex], run: str, port: str, pipeline: Pipeline, captured: Captured
) -> list[CapturedOrder]:
    """Every order message, numbered as it came in its direction of its connection."""
    found = orders(indices, captured)
    sources: dict[str, list[CapturedOrder]] = {}
    flows: dict[object, int] = {}
    for order in found:
        flow = order.flow if order.sent else order.flow.reverse
        number = flows.setdefault(flow, len(flows))
        sources.setdefault(f"{port}/ouch.{'out' if order.sent else 'in'}.{number}", []).append(order)
    for source, sent in sources.items():
        values = {
            "source": rows.constant(source, len(sent)),
            "sequence": np.arange(1, len(sent) + 1, dtype=np.uint64),
            "t": [order.time for order in sent],
            "venue": np.zeros(len(sent), np.uint8),
            "session": rows.constant("", len(sent)),
            "feed_sequence": np.zeros(len(sent), np.uint64),
            "kind": [order.message.TYPE for order in sent],
            "length": [len(order.payload) for order in sent],
            "payload": [order.payload for order in sent],
        }
        pipeline.put(MESSAGES.name, rows.columns(MESSAGES, run, values))
    return found


def _load_events(
    indices: Sequence[PacketIndex],
    found: Sequence[Messages],
    feed: Feed,
    into: FeedRows,
    pipeline: Pipeline,
    captured: Captured,
    final: bool,
    progress: Callable[[int, int], None],
) -> tuple[Uint64s, Int64s]:
    """The events of one feed, each once, in the order of their numbers; gives these, and when each message came."""
    files, places, sequences, times = first_of_each(found, feed)
    end = len(sequences) if final else settled(sequences, times)
    captured.count("events_waiting", len(sequences) - end)
    if len(sequences):
        captured.count("lost", int(sequences[-1] - sequences[0]) + 1 - len(sequences))
    begin = 0
    while begin < end:
        # Messages of one file that follow each other; captures rotate, so there are few such pieces.
        others = np.flatnonzero(files[begin:end] != files[begin])
        stop = begin + int(others[0]) if len(others) else end
        lying, chosen = found[files[begin]], places[begin:stop]
        stamps = times[begin:stop]

        def time_of(rows_of: Int64s, clock: Uint64s, stamps: Int64s = stamps) -> Int64s:
            del clock
            return stamps[rows_of]

        for table, batch in into.take(
            indices[files[begin]].data,
            lying.starts[chosen],
            lying.lengths[chosen],
            sequences[begin:stop],
            time_of,
        ):
            pipeline.put(table, batch)
        begin = stop
        progress(begin, end)
    captured.count("feed_messages", end)
    captured.count("malformed", into.walk.malformed)
    captured.count("unknown_references", into.walk.unknown)
    captured.count("duplicate_references", into.walk.duplicates)
    return sequences, times
