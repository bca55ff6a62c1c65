"""What captures of a switch port hold: feed messages where they lie, and order messages; both lines, several files.

Both lines carry the same messages: the one that came first is taken. Captures rotate, so a feed goes on from file to
file.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from protocols.errors import ProtocolError, TruncatedError
from protocols.order_capture import CapturedOrder, CapturedOrders
from protocols.pcap_index import PacketIndex
from protocols.tcp_capture import tcp_segment
from store.captured_lines import Feed, Key, Stream, feeds
from store.errors import StoreError
from store.feed_scan import FeedScan
from store.load_feed import Int64s, Uint64s

SETTLED: Final = 5_000_000_000
"""A gap is final when the capture goes on for so long behind it, in ns."""


@dataclass(slots=True)
class Messages:
    """The feed messages of one file: where they lie, when they came (ns), their numbers, and streams by place."""

    starts: Int64s
    lengths: Int64s
    times: Int64s
    sequences: Uint64s
    streams: Int64s
    names: list[Key]


@dataclass(slots=True)
class Captured:
    """What a load found: counts, and the order messages with their times."""

    counts: dict[str, int] = field(default_factory=dict)
    orders: list[CapturedOrder] = field(default_factory=list)
    arrivals: dict[int, tuple[Uint64s, Int64s]] = field(default_factory=dict)
    """By venue: sequence numbers in their order, and when each first came (ns)."""

    def count(self, name: str, amount: int) -> None:
        """Add to a count."""
        self.counts[name] = self.counts.get(name, 0) + amount


def open_index(path: Path, captured: Captured) -> PacketIndex:
    """Open a capture; StoreError when it is none or damaged. One that ends inside a packet is read so far."""
    try:
        index = PacketIndex(path)
    except (ProtocolError, ValueError) as error:
        raise StoreError(f"{path}: {error}") from error
    if index.fault is not None:
        if not isinstance(index.fault, TruncatedError):
            index.close()
            raise StoreError(f"{path} is damaged: {index.fault}")
        captured.count("cut_captures", 1)
    captured.count("packets", len(index))
    return index


def messages(index: PacketIndex, captured: Captured) -> Messages:
    """Find the feed messages of a file, of all lines."""
    scan = FeedScan()
    parts: list[tuple[npt.NDArray[Any], ...]] = []
    columns = index.columns
    row = 0
    while row < len(index):
        row = scan.scan(index.data, columns.starts, columns.lengths, columns.links, row)
        names = ("starts", "lengths", "packets", "sequences", "streams")
        parts.append(tuple(np.asarray(getattr(scan, name))[: scan.count].copy() for name in names))
    captured.count("empty_packets", scan.empty)
    captured.count("other_datagrams", scan.malformed)
    empty = tuple(np.empty(0, kind) for kind in (np.int64, np.int64, np.int64, np.uint64, np.int64))
    starts, lengths, packets, sequences, streams = (
        np.concatenate(column) for column in zip(*(parts or [empty]), strict=True)
    )
    return Messages(starts, lengths, columns.times[packets], sequences.astype(np.uint64), streams, scan.names)


class _Lying:
    """The messages of one stream where they lie, by the place of their number."""

    def __init__(self, parts: list[tuple[PacketIndex, Messages, Int64s]]) -> None:
        sequences = np.concatenate([lying.sequences[chosen] for _, lying, chosen in parts])
        owners = np.concatenate([np.full(len(chosen), number) for number, (_, _, chosen) in enumerate(parts)])
        places = np.concatenate([chosen for _, _, chosen in parts])
        self.sequences, first = np.unique(sequences, return_index=True)
        self._owners, self._places, self._parts = owners[first], places[first], parts

    def __getitem__(self, place: int) -> bytes:
        index, lying, _ = self._parts[self._owners[place]]
        start = int(lying.starts[self._places[place]])
        return bytes(index.data[start : start + int(lying.lengths[self._places[place]])])


def feeds_of(indices: Sequence[PacketIndex], found: Sequence[Messages]) -> list[Feed]:
    """The feeds in captures, each with its lines."""
    parts: dict[Key, list[tuple[PacketIndex, Messages, Int64s]]] = {}
    for index, lying in zip(indices, found, strict=True):
        for place, key in enumerate(lying.names):
            parts.setdefault(key, []).append((index, lying, np.flatnonzero(lying.streams == place)))
    streams = []
    for key, of in parts.items():
        messages_of = _Lying(of)
        streams.append(Stream(key, messages_of.sequences, messages_of))
    return feeds(streams)


def orders(indices: Sequence[PacketIndex], captured: Captured) -> list[CapturedOrder]:
    """Every order message of all connections, in the order in which they were complete."""
    wire = CapturedOrders()
    found: list[CapturedOrder] = []
    for index in indices:
        for row in _tcp_rows(index):
            segment = tcp_segment(index.frame(row), int(index.columns.links[row]))
            if segment is not None:
                found += wire.take(int(index.columns.times[row]), segment)
    captured.count("order_bytes_lost", wire.lost)
    captured.count("order_pieces_damaged", wire.damaged)
    captured.count("order_messages", len(found))
    return found


def _tcp_rows(index: PacketIndex) -> Iterator[int]:
    """Rows of frames that may carry TCP: protocol 6 where IPv4 has it, behind at most one VLAN tag; or no Ethernet."""
    columns = index.columns
    long = columns.lengths > 40
    places = np.minimum(columns.starts + 27, len(index.data) - 1)
    plain = index.data[np.minimum(columns.starts + 23, len(index.data) - 1)] == 6
    tagged = index.data[np.minimum(columns.starts + 12, len(index.data) - 1)] != 0x08
    chosen = long & ((columns.links != 1) | plain | (tagged & (index.data[places] == 6)))
    return iter(np.flatnonzero(chosen).tolist())


def first_of_each(found: Sequence[Messages], feed: Feed) -> tuple[Int64s, Int64s, Uint64s, Int64s]:
    """Of every message of a feed the one that came first: file, place in it, sequence number, time."""
    parts = []
    for number, messages in enumerate(found):
        streams = [place for place, name in enumerate(messages.names) if name in feed.keys]
        chosen = np.flatnonzero(np.isin(messages.streams, streams))
        parts.append((np.full(len(chosen), number), chosen, messages.sequences[chosen], messages.times[chosen]))
    files, places, sequences, times = (np.concatenate(column) for column in zip(*parts, strict=True))
    order = np.lexsort((times, sequences))  # stable: of two at the same time the one that stands first
    files, places, sequences, times = files[order], places[order], sequences[order], times[order]
    first = np.ones(len(sequences), bool)
    first[1:] = sequences[1:] != sequences[:-1]
    return files[first], places[first], sequences[first], times[first]


def settled(sequences: Uint64s, times: Int64s) -> int:
    """How many may be taken: all in front of the first gap that may still close."""
    if not len(sequences):
        return 0
    last = int(times.max())
    gaps = np.flatnonzero(np.diff(sequences) > 1) + 1
    for place in gaps.tolist():
        if last - int(times[place]) < SETTLED:
            return int(place)
    return len(sequences)
