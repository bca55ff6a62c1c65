"""Order messages in a capture: OUCH 5.0 in SoupBinTCP 3.00, each with the time at which its last byte went by."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from protocols import ouch50
from protocols.errors import ProtocolError
from protocols.soup import Framer, SequencedData, UnsequencedData
from protocols.tcp_capture import Flow, Piece, TcpSegment, TcpStreams

LONGEST: Final = 1024
"""Longest packet that is waited for, in bytes; no OUCH message comes near. Where a capture begins inside a message, or
lost a piece of one, two of its bytes are read as a length: up to 65,535 bytes, and the good messages in them, would go.
"""


class CapturedOrder(NamedTuple):
    """An OUCH message on the wire: its flow, time in ns, whether the client sent it, its bytes, and it decoded."""

    flow: Flow
    time: int
    sent: bool
    payload: bytes
    message: ouch50.OuchMessage

    @property
    def reference(self) -> int:
        """Its UserRefNum, 0 for a message without one."""
        return int(getattr(self.message, "user_ref_num", 0))


@dataclass(slots=True)
class _Reader:
    framer: Framer = field(default_factory=lambda: Framer(LONGEST))
    latest: int = 0
    broken: bool = False


@dataclass(slots=True)
class CapturedOrders:
    """Finds the order messages in a capture's segments.

    What is counted is that of order connections. Those that carried no order message are others' business: whatever
    else goes over the port is no damage.
    """

    streams: TcpStreams = field(default_factory=TcpStreams)
    _readers: dict[Flow, _Reader] = field(default_factory=dict)
    _damaged: Counter[Flow] = field(default_factory=Counter)
    _undecoded: Counter[Flow] = field(default_factory=Counter)
    _carriers: set[Flow] = field(default_factory=set)

    @property
    def damaged(self) -> int:
        """Pieces of streams that were no SoupBinTCP."""
        return sum(self._damaged[flow] for flow in self._carriers)

    @property
    def undecoded(self) -> int:
        """SoupBinTCP packets that carry no OUCH message."""
        return sum(self._undecoded[flow] for flow in self._carriers)

    @property
    def lost(self) -> int:
        """Bytes that the capture does not have."""
        return sum(self.streams.lost_of(flow) for flow in self._carriers)

    def take(self, time: int, segment: TcpSegment) -> Iterator[CapturedOrder]:
        """Take a segment captured at a time (ns); iterate over the messages that it completes."""
        for piece in self.streams.take(time, segment):
            yield from self._piece(piece)

    def _piece(self, piece: Piece) -> Iterator[CapturedOrder]:
        """After a fault a flow is read again where bytes are known to start afresh, or at the next segment."""
        reader = self._readers.get(piece.flow)
        if reader is None or piece.fresh or reader.broken:
            reader = self._readers[piece.flow] = _Reader()
        time = max(reader.latest, piece.time)
        try:
            for packet in reader.framer.feed(piece.data):
                if isinstance(packet, SequencedData | UnsequencedData):
                    yield from self._message(piece.flow, time, packet)
                time = piece.time
        except ProtocolError:
            self._damaged[piece.flow] += 1
            reader.broken = True
        reader.latest = time if reader.framer.pending else 0

    def _message(self, flow: Flow, time: int, packet: SequencedData | UnsequencedData) -> Iterator[CapturedOrder]:
        sent = isinstance(packet, UnsequencedData)
        message: ouch50.OuchMessage
        try:
            message = ouch50.decode_inbound(packet.payload) if sent else ouch50.decode_outbound(packet.payload)
        except ProtocolError:
            self._undecoded[flow] += 1
            return
        self._carriers |= {flow, flow.reverse}
        yield CapturedOrder(flow, time, sent, packet.payload, message)
