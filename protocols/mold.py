"""MoldUDP64 1.00: datagrams that carry numbered messages downstream, and the request for missing ones (§2).

A session (10 characters) names one sequence space. A datagram holds the number of its first message; a message's number
is that plus its place. A datagram that does not end with its last message is malformed.
"""

import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

from protocols.errors import LengthError, RangeError, TruncatedError
from protocols.fields import Buffer, alpha, unsigned

HEADER_SIZE: Final = 20
"""Bytes of session, sequence number and message count."""
MAX_COUNT: Final = 0xFFFE
"""Most messages of one packet."""
MAX_PAYLOAD: Final = 1400
"""Default bytes of UDP payload that a `Packetizer` fills: well inside an Ethernet frame with a VLAN tag."""

_END_OF_SESSION: Final = 0xFFFF
_HEADER: Final = struct.Struct(">10sQH")
_LENGTH: Final = struct.Struct(">H")
_SESSION: Final = alpha(10)
_SEQUENCE: Final = unsigned(8)
_COUNT: Final = unsigned(2)


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet with messages; `sequence` is the number of the first."""

    session: str
    sequence: int
    messages: tuple[bytes, ...]

    @property
    def next_sequence(self) -> int:
        """The number after this packet's last message."""
        return self.sequence + len(self.messages)


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """A packet without messages; `sequence` is the next number that will be sent."""

    session: str
    sequence: int


@dataclass(frozen=True, slots=True)
class EndOfSession:
    """No more messages will come; `sequence` is the last number plus one."""

    session: str
    sequence: int


@dataclass(frozen=True, slots=True)
class Request:
    """A receiver's request for `count` messages from number `sequence`; the answer may hold fewer."""

    session: str
    sequence: int
    count: int

    def encode(self) -> bytes:
        """Encode the request; RangeError names what does not fit."""
        return _encode_header(self.session, self.sequence, self.count)


def decode(data: Buffer) -> Packet | Heartbeat | EndOfSession:
    """Decode one downstream datagram; any fault is a ProtocolError with offset and value."""
    session, sequence, count = _decode_header(data)
    if count == 0 or count == _END_OF_SESSION:
        if len(data) > HEADER_SIZE:
            raise LengthError("a packet without messages has 20 bytes", HEADER_SIZE, len(data))
        return Heartbeat(session, sequence) if count == 0 else EndOfSession(session, sequence)
    return Packet(session, sequence, _decode_blocks(bytes(data), count))


def decode_request(data: Buffer) -> Request:
    """Decode a request datagram; only the socket it came on tells it from a heartbeat."""
    session, sequence, count = _decode_header(data)
    if len(data) > HEADER_SIZE:
        raise LengthError("a request has 20 bytes", HEADER_SIZE, len(data))
    return Request(session, sequence, count)


def encode_packet(session: str, sequence: int, messages: Sequence[bytes]) -> bytes:
    """Encode 1 to 65534 messages, the first of them number `sequence`."""
    if not 1 <= len(messages) <= MAX_COUNT:
        raise RangeError(f"a packet holds 1 to {MAX_COUNT} messages, not {len(messages)}", None, len(messages))
    parts = [_encode_header(session, sequence, len(messages))]
    for message in messages:
        if len(message) > 0xFFFF:
            raise RangeError(f"a message has at most 65535 bytes, not {len(message)}", None, len(message))
        parts += (_LENGTH.pack(len(message)), message)
    return b"".join(parts)


def encode_heartbeat(session: str, next: int) -> bytes:
    """Encode a heartbeat; `next` is the next number that will be sent."""
    return _encode_header(session, next, 0)


def encode_end(session: str, next: int) -> bytes:
    """Encode an end of session; `next` is the last number plus one."""
    return _encode_header(session, next, _END_OF_SESSION)


@dataclass(slots=True)
class Packetizer:
    """Collects messages into packets of at most `max_payload` bytes and counts their numbers.

    A packet is full when the next message would not fit; a message larger than that goes alone into a larger packet.
    """

    session: str
    next_sequence: int = 1
    max_payload: int = MAX_PAYLOAD
    _pending: list[bytes] = field(default_factory=list, init=False, repr=False)
    _pending_size: int = field(default=HEADER_SIZE, init=False, repr=False)

    def add(self, message: bytes) -> bytes | None:
        """Take one message; returns the packet that it completed, if any."""
        size = _LENGTH.size + len(message)
        full = self._pending and self._pending_size + size > self.max_payload
        packet = self.flush() if full or len(self._pending) == MAX_COUNT else None
        self._pending.append(message)
        self._pending_size += size
        return packet

    def add_all(self, messages: Iterable[bytes]) -> list[bytes]:
        """Take messages; returns the packets that they completed."""
        return [packet for message in messages if (packet := self.add(message)) is not None]

    def flush(self) -> bytes | None:
        """Return the packet of the messages taken since the last one, None when there are none."""
        if not self._pending:
            return None
        packet = encode_packet(self.session, self.next_sequence, self._pending)
        self.next_sequence += len(self._pending)
        self._pending, self._pending_size = [], HEADER_SIZE
        return packet

    def heartbeat(self) -> bytes:
        """Return a heartbeat; it names the first message not yet flushed as the next one."""
        return encode_heartbeat(self.session, self.next_sequence)

    def end_of_session(self) -> bytes:
        """Return an end of session; flush first, or receivers will miss what is pending."""
        return encode_end(self.session, self.next_sequence)


def _encode_header(session: str, sequence: int, count: int) -> bytes:
    return (
        _SESSION.to_wire(session, "session")
        + _SEQUENCE.to_wire(sequence, "sequence number")
        + _COUNT.to_wire(count, "message count")
    )


def _decode_header(data: Buffer) -> tuple[str, int, int]:
    if len(data) < HEADER_SIZE:
        raise TruncatedError("a MoldUDP64 packet has at least 20 bytes", len(data), len(data))
    raw, sequence, count = _HEADER.unpack_from(data)
    try:
        return str(raw, "ascii").rstrip(" "), sequence, count
    except UnicodeDecodeError as error:
        raise RangeError("the session is not ASCII", error.start, raw[error.start]) from None


def _decode_blocks(data: bytes, count: int) -> tuple[bytes, ...]:
    messages = []
    position, end = HEADER_SIZE, len(data)
    for number in range(1, count + 1):
        start = position + 2
        if start > end:
            raise TruncatedError(f"message {number} of {count} has no length", end, end)
        length = data[position] << 8 | data[position + 1]
        position = start + length
        if position > end:
            raise TruncatedError(f"message {number} of {count} has {length} bytes", end, end)
        messages.append(data[start:position])
    if position != end:
        raise LengthError(f"the packet goes on after its {count} messages", position, end)
    return tuple(messages)
