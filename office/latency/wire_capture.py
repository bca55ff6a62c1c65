"""One pass over the captures of the trader's port: when feed messages came in, and all order messages both ways."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from office.capture.feed import Line, feed_packets
from office.capture.headers import segments
from office.capture.source import Capture, CaptureError, paths_of
from office.latency.feed_arrivals import FeedArrivals
from protocols.order_capture import CapturedOrder, CapturedOrders
from protocols.pcap_index import PacketIndex
from protocols.tcp_capture import tcp_segment


@dataclass(slots=True)
class Wire:
    """What the captures hold. `faults`: what was wrong with their files; `frames`: how many there were."""

    arrivals: FeedArrivals = field(default_factory=FeedArrivals)
    messages: list[CapturedOrder] = field(default_factory=list)
    orders: CapturedOrders = field(default_factory=CapturedOrders)
    faults: list[str] = field(default_factory=list)
    frames: int = 0
    feed_packets: int = 0

    def notes(self) -> list[str]:
        """What is not as it should be, in words."""
        counted = (
            (self.orders.lost, "bytes of order connections are not in the capture"),
            (self.orders.damaged, "pieces of order connections are no SoupBinTCP"),
            (self.orders.undecoded, "SoupBinTCP packets carry no OUCH message"),
        )
        return [*self.faults, *(f"{count:,} {text}" for count, text in counted if count)]


def captures(run: Path) -> list[Path]:
    """The files of the capture of the trader's port in a run's folder, in their order; none: there is no capture."""
    try:
        return paths_of(run)
    except CaptureError:
        return []


def scan(run: Path, progress: Callable[[int], None] = lambda _: None) -> Wire:
    """Read a run's captures (a capture file does too); `progress` gets the bytes read so far.

    A file that ends early, or is damaged, is read as far as it goes and is a fault noted. Raises CaptureError for one
    that is no capture at all.
    """
    wire = Wire()
    done = 0
    with Capture(run) as capture:
        for part in capture.parts:
            _feed(wire, part)
            _orders(wire, part)
            wire.frames += len(part)
            done += part.size
            progress(done)
        wire.faults += capture.notes()
    return wire


def _feed(wire: Wire, part: PacketIndex) -> None:
    """Note the feed's packets of a file, session by session; lines are told apart by nobody here."""
    lines: list[Line] = []
    packets = feed_packets(part.data, part.columns, lines)
    packets = packets.at(packets.messages > 0)
    times = part.columns.times[packets.rows]
    for session in dict.fromkeys(line.session for line in lines):
        own = np.isin(packets.lines, [number for number, line in enumerate(lines) if line.session == session])
        wire.arrivals.add(session, times[own], packets.sequences[own], packets.counts[own])
    wire.feed_packets += len(packets.rows)


def _orders(wire: Wire, part: PacketIndex) -> None:
    for row in segments(part.data, part.columns).rows.tolist():
        columns = part.columns
        segment = tcp_segment(part.frame(row), int(columns.links[row]))
        if segment is not None:
            wire.messages += wire.orders.take(int(columns.times[row]), segment)
