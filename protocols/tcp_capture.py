"""TCP in captured frames: its segments, and the byte streams that they carried (RFC 9293 §3.1, §3.4, §3.10).

A capture sees what went over a wire, so a stream here knows retransmissions, segments out of order, and bytes that the
capture itself lost. Of bytes that went by twice the first time counts.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from protocols.frames import LINK_ETHERNET, LINK_RAW

FIN, SYN, RST, ACK = 1, 2, 4, 16
HELD_BYTES: Final = 1 << 20
"""Bytes of a direction that wait for those before them; more than that, and those are taken for lost."""

_ETHERTYPE_IPV4: Final = 0x0800
_ETHERTYPES_VLAN: Final = (0x8100, 0x88A8)
_PROTOCOL_TCP: Final = 6
_FRAGMENT: Final = 0x3FFF
_HEADER: Final = struct.Struct(">HHIIBB")
_HALF, _WHOLE = 1 << 31, 1 << 32


class TcpSegment(NamedTuple):
    """A segment: IPv4 addresses as integers, ports, sequence and acknowledgement number, flags, payload."""

    source: int
    source_port: int
    destination: int
    destination_port: int
    sequence: int
    acknowledgement: int
    flags: int
    payload: bytes


def tcp_segment(frame: bytes, link_type: int) -> TcpSegment | None:
    """The segment of a frame, None for anything else: other protocols, fragments, cut or malformed frames."""
    start = 0
    if link_type == LINK_ETHERNET:
        start = 12
        while (ethertype := int.from_bytes(frame[start : start + 2], "big")) in _ETHERTYPES_VLAN:
            start += 4
        if ethertype != _ETHERTYPE_IPV4:
            return None
        start += 2
    elif link_type != LINK_RAW:
        return None
    if len(frame) < start + 40 or frame[start] >> 4 != 4 or frame[start + 9] != _PROTOCOL_TCP:
        return None
    header, total = 4 * (frame[start] & 15), int.from_bytes(frame[start + 2 : start + 4], "big")
    fragmented = int.from_bytes(frame[start + 6 : start + 8], "big") & _FRAGMENT
    if header < 20 or fragmented or not header + 20 <= total <= len(frame) - start:
        return None
    at = start + header
    source_port, destination_port, sequence, acknowledgement, offset, flags = _HEADER.unpack_from(frame, at)
    data = at + 4 * (offset >> 4)
    if data < at + 20 or data > start + total:
        return None
    source, destination = frame[start + 12 : start + 16], frame[start + 16 : start + 20]
    return TcpSegment(
        int.from_bytes(source, "big"),
        source_port,
        int.from_bytes(destination, "big"),
        destination_port,
        sequence,
        acknowledgement,
        flags,
        frame[data : start + total],
    )


class Flow(NamedTuple):
    """One direction of a connection; `number` tells connections between the same ports apart, from 0."""

    source: int
    source_port: int
    destination: int
    destination_port: int
    number: int

    @property
    def reverse(self) -> "Flow":
        """The other direction."""
        return Flow(self.destination, self.destination_port, self.source, self.source_port, self.number)


class Piece(NamedTuple):
    """The next bytes of a flow, and when the frame that brought them came (ns).

    `fresh`: they do not continue the piece before, because the flow begins here or bytes before them are missing.
    """

    flow: Flow
    time: int
    data: bytes
    fresh: bool


@dataclass(slots=True)
class _Direction:
    """Where a direction stands: next byte wanted (unwrapped, None: nothing seen), bytes that wait by position."""

    start: int = -1
    next: int = -1
    fresh: bool = True
    lost: int = 0
    waiting: int = 0
    held: dict[int, tuple[int, bytes]] = field(default_factory=dict)

    def begin(self, position: int) -> None:
        self.start = self.next = position
        self.fresh = True
        self.held.clear()
        self.waiting = 0

    def position(self, sequence: int) -> int:
        """The position nearest to the one wanted that has this sequence number."""
        return self.next + (sequence - self.next + _HALF) % _WHOLE - _HALF

    def hold(self, position: int, time: int, data: bytes) -> None:
        """Keep bytes that came before their time; of two that begin alike the longer."""
        known = self.held.get(position)
        if known is None or len(known[1]) < len(data):
            self.waiting += len(data) - (len(known[1]) if known else 0)
            self.held[position] = (time, data)

    def ready(self) -> Iterator[tuple[int, bytes]]:
        """Take out what continues the stream now: (time, bytes)."""
        while self.held:
            first = min(self.held)
            if first > self.next:
                return
            time, data = self.held.pop(first)
            self.waiting -= len(data)
            data = data[self.next - first :]
            if data:
                self.next += len(data)
                yield time, data

    def skip(self, position: int) -> None:
        """Give up the bytes before a position."""
        self.lost += position - self.next
        self.next = position
        self.fresh = True


class TcpStreams:
    """The byte streams of all connections of a capture, put together from its segments in the order of the capture."""

    def __init__(self) -> None:
        self._directions: dict[Flow, _Direction] = {}
        self._numbers: dict[tuple[int, int, int, int], int] = {}

    @property
    def lost(self) -> int:
        """Bytes that the receivers acknowledged or that must have been sent, and that the capture does not have."""
        return sum(direction.lost for direction in self._directions.values())

    def lost_of(self, flow: Flow) -> int:
        """The same of one flow."""
        direction = self._directions.get(flow)
        return 0 if direction is None else direction.lost

    def take(self, time: int, segment: TcpSegment) -> list[Piece]:
        """Take a segment; give what became readable by it, in the order of the streams."""
        flow = self._flow(segment)
        found: list[Piece] = []
        back = self._directions.get(flow.reverse)
        if back is not None and segment.flags & ACK:
            self._acknowledged(flow.reverse, back, segment.acknowledgement, found)
        direction = self._directions.setdefault(flow, _Direction())
        data_at = segment.sequence + (1 if segment.flags & SYN else 0)
        if direction.next < 0:
            direction.begin(data_at % _WHOLE)
        if segment.payload:
            self._data(flow, direction, time, data_at, segment.payload, found)
        return found

    def _data(
        self, flow: Flow, direction: _Direction, time: int, sequence: int, payload: bytes, found: list[Piece]
    ) -> None:
        position = direction.position(sequence)
        if position + len(payload) <= direction.next:
            return
        direction.hold(position, time, payload)
        self._drain(flow, direction, found)
        while direction.waiting > HELD_BYTES:
            direction.skip(min(direction.held))
            self._drain(flow, direction, found)

    def _acknowledged(self, flow: Flow, direction: _Direction, number: int, found: list[Piece]) -> None:
        """The receiver has everything before `number`: what of it is not here, the capture missed."""
        if direction.next < 0:
            return
        end = direction.position(number)
        # What is not held needs no skip: the next bytes that come will lie behind it, and be acknowledged in turn.
        while direction.held and min(direction.held) < end:
            direction.skip(min(direction.held))
            self._drain(flow, direction, found)

    @staticmethod
    def _drain(flow: Flow, direction: _Direction, found: list[Piece]) -> None:
        for time, data in direction.ready():
            found.append(Piece(flow, time, data, direction.fresh))
            direction.fresh = False

    def _flow(self, segment: TcpSegment) -> Flow:
        """The flow of a segment; a SYN with another sequence number begins a new connection between known ports."""
        ends = segment[:4]
        back = (ends[2], ends[3], ends[0], ends[1])
        number = self._numbers.get(ends, 0)
        if segment.flags & SYN and not segment.flags & ACK:
            known = self._directions.get(Flow(*ends, number))
            if known is not None and known.start != (segment.sequence + 1) % _WHOLE:
                number += 1
            self._numbers[ends] = self._numbers[back] = number
        return Flow(*ends, number)
