"""The management stream: what a trading server tells the office, and what the office answers.

One TCP connection, the server connects. Both ways it is frames: `FRAME`, then a message of this module. A frame's
`stream` says how its `number` counts: `LIVE` numbers belong to one run of the server (`Hello.session`) and start at
1; `JOURNAL` numbers are those of its journal (`Hello.journal`), which outlives runs.

The server greets (`Hello`). The office answers with an `Ack` of each stream: what it has stored so far. Only then the
server sends, each stream from the number behind that; and the office acknowledges what it has stored. So everything
arrives, and what arrives twice has a number seen before.

Integers are big-endian, prices in 1/10,000 dollar, times in ns since 1970 UTC, durations of stages in ticks of the
trader's clock (`Hello.ticks_per_second`).
"""

import struct
from collections.abc import Mapping
from typing import Annotated, Final, NamedTuple, Self

from protocols.errors import LengthError, RangeError, TruncatedError, UnknownTypeError
from protocols.fields import I32, U8, U16, U32, U64, Alpha8, Buffer, Char, Integer, Price4, Price4U64, alpha
from protocols.wire import Message

VERSION: Final = 1
FRAME: Final = struct.Struct(">IBQq")
"""Head of a frame: bytes of the message behind it, stream, number, time."""
FRAME_LIMIT: Final = 4 << 20
"""Longest message, in bytes."""
CONTROL, LIVE, JOURNAL = range(3)
"""Streams. `CONTROL` has no numbers: greetings, acknowledgements, commands."""
OUT, IN, DECISION = 1, 2, 3
"""Kinds of journal records: an OUCH message sent, one received, a decision of the risk gate (`Decision`)."""

I64 = Annotated[int, Integer("i64", 8, "q", signed=True)]
Alpha16 = Annotated[str, alpha(16)]
Alpha32 = Annotated[str, alpha(32)]
Side = Annotated[str, Char({"B": "buy", "S": "sell"})]
Cause = Annotated[
    str, Char({"B": "book", "T": "trade", "F": "fill", "C": "timer", "O": "order's end", "R": "request of an operator"})
]


class ManagementMessage(Message):
    """Any message of the stream: fixed fields, then `body`, whose meaning the class says."""

    body: bytes = b""

    @classmethod
    def decode(cls, data: Buffer) -> Self:
        """Decode one whole message of this class; raises a ProtocolError for anything else."""
        if len(data) < cls.SIZE or data[0] != ord(cls.TYPE):
            raise cls.explain(bytes(data))
        try:
            message: Self = cls._parse(data[: cls.SIZE], bytes(data[cls.SIZE :]))
        except (struct.error, KeyError, ValueError):
            raise cls.explain(bytes(data[: cls.SIZE])) from None
        return message

    def encode(self) -> bytes:
        """Encode the message; RangeError or EnumError names the attribute that does not fit."""
        return super().encode() + self.body


class Hello(ManagementMessage, type="H"):
    """First on every connection. `body`: the boot record, JSON. `session` and `journal`: random, never 0."""

    version: U16
    session: U64
    journal: U64
    ticks_per_second: U64
    host: Alpha16


class JournalRecord(ManagementMessage, type="J"):
    """A record of the journal, in the stream `JOURNAL`. `kind`: `OUT`, `IN` or `DECISION`, `body`: its payload."""

    kind: U8
    venue: U8


class Decision(ManagementMessage, type="D"):
    """One decision of the risk gate; the payload of journal records of the kind `DECISION`.

    `code`: 0 it passed, else the check that refused, which found `value` where the limit is `limit`. `reference`: the
    UserRefNum it was sent with, 0 when it was not; `replaces`: that of the order it replaces, 0 when none. `strategy`:
    its number in the configuration. `cause`: what the strategy was told when it decided; `sequence`: the last message
    applied of the feed of `feed_venue`. `burst`: the raw clock when the burst came; the stages count ticks from there,
    0 where the order was not the first of its tick.
    """

    code: U16
    strategy: U8
    cause: Cause
    venue: U8
    feed_venue: U8
    side: Side
    symbol: Alpha8
    reference: U32
    replaces: U32
    shares: U32
    price: Price4U64
    sequence: U64
    value: I64
    limit: I64
    burst: U64
    parsed: U32
    booked: U32
    decided: U32
    passed: U32
    rung: U32


class State(ManagementMessage, type="S"):
    """What the trader does now. `body`: the text, UTF-8."""


class Gap(ManagementMessage, type="G"):
    """Messages `first` to `last` of a venue's feed are lost."""

    venue: U8
    first: U64
    last: U64


ALL_VENUES: Final = 255


class TopOfBook(ManagementMessage, type="T"):
    """A book as the trader has it, that of venue `venue` or (`ALL_VENUES`) of all put together; prices and shares 0
    where a side is empty. `body`: levels (`LEVEL`), `bids` of them, then `asks`, best first; `updates` counts its
    changes."""

    venue: U8
    symbol: Alpha8
    bid: Price4
    bid_shares: U64
    ask: Price4
    ask_shares: U64
    last: Price4
    updates: U64
    bids: U8
    asks: U8

    @property
    def levels(self) -> tuple[list[tuple[int, int]], list[tuple[int, int]]]:
        """(price4, shares) of the bids and of the asks, best first; what the body does not hold is left out."""
        rows = [LEVEL.unpack_from(self.body, at) for at in range(0, len(self.body) - LEVEL.size + 1, LEVEL.size)]
        return rows[: self.bids], rows[self.bids : self.bids + self.asks]


LEVEL: Final = struct.Struct(">IQ")
"""A level of a book: price4, shares."""


class Position(ManagementMessage, type="P"):
    """Shares held, shares that open orders could add, and their notional in price4 times shares."""

    symbol: Alpha8
    shares: I64
    exposed_buy: I64
    exposed_sell: I64
    open_notional: I64


class Latency(ManagementMessage, type="L"):
    """A histogram in ticks since the run began, whole. `body`: `BUCKET` for each that is not empty."""

    name: Alpha32
    least: U64
    greatest: U64

    @property
    def buckets(self) -> dict[int, int]:
        """Count by smallest value; what is left over at the end of the body is left out."""
        whole = len(self.body) - len(self.body) % BUCKET.size
        return dict(BUCKET.iter_unpack(self.body[:whole]))


BUCKET: Final = struct.Struct(">QQ")
"""A bucket: its smallest value in ticks, its count."""


class Counters(ManagementMessage, type="C"):
    """A group of counters, whole (`interrupts`, `feed.0`, `nic`, `orders`, `risk`, ...). `body`: per counter the length
    of its name (u8), the name (ASCII), the value (i64)."""

    group: Alpha32

    @classmethod
    def of(cls, group: str, values: Mapping[str, int]) -> "Counters":
        """A group as a message. A name of other characters than ASCII, or a longer one than 255, raises ValueError."""
        parts: list[bytes] = []
        for name, value in values.items():
            encoded = name.encode("ascii")
            parts.append(bytes((len(encoded),)) + encoded + value.to_bytes(8, "big", signed=True))
        return cls(group=group, body=b"".join(parts))

    @property
    def values(self) -> dict[str, int]:
        """The counters by name; ends at one that is not whole."""
        found: dict[str, int] = {}
        at = 0
        while at < len(self.body):
            end = at + 9 + self.body[at]
            if end > len(self.body):
                break
            name = self.body[at + 1 : end - 8].decode("ascii", "replace")
            found[name] = int.from_bytes(self.body[end - 8 : end], "big", signed=True)
            at = end
        return found


class Stats(ManagementMessage, type="V"):
    """All figures of the trader. `body`: JSON, as in the run's report."""


class Book(ManagementMessage, type="K"):
    """A whole book at the end of the run. `body`: JSON."""


class Recording(ManagementMessage, type="R"):
    """A piece of a recording. `body`: the bytes at `offset`."""

    offset: U64


class Exit(ManagementMessage, type="X"):
    """How the run ended. `body`: the reason, UTF-8."""

    status: I32


class Ack(ManagementMessage, type="A"):
    """The office has stored everything of `stream` up to `number`. Server's `session` or `journal` in `of`.

    `check`: of a journal the CRC-32 of the frame `number`, head and all (0: none), by which the server sees that the
    office's copy is of this journal and not of one that lost its end and went on differently.
    """

    stream: U8
    of: U64
    number: U64
    check: U32


class Command(ManagementMessage, type="Z"):
    """The office's command to the trader (`stop`, `kill`). `body`: who gave it, UTF-8."""

    name: Alpha16


class Answer(ManagementMessage, type="Q"):
    """The office's answer to whoever gave it a command: to how many `servers` it went. `body`: why it was refused,
    UTF-8; empty when it was not."""

    servers: U16


class Connection(ManagementMessage, type="N"):
    """The office's word to its watchers about a server: its connection stands (`open` is 1), or no longer does (0)."""

    open: U8


MESSAGES: Final[Mapping[str, type[ManagementMessage]]] = {
    cls.TYPE: cls
    for cls in (
        *(Hello, JournalRecord, Decision, State, Gap, TopOfBook, Position, Latency),
        *(Counters, Stats, Book, Recording, Exit, Ack, Command, Answer, Connection),
    )
}
_DECODERS: Final = {ord(code): cls.decode for code, cls in MESSAGES.items()}


def decode(data: Buffer) -> ManagementMessage:
    """Decode any message; raises a ProtocolError."""
    if not len(data):
        raise TruncatedError("a management message needs a type", 0, 0)
    decoder = _DECODERS.get(data[0])
    if decoder is None:
        raise UnknownTypeError("no management message has this type", 0, chr(data[0]))
    return decoder(data)


class Frame(NamedTuple):
    """One frame: stream, number in it, time in ns UTC, message."""

    stream: int
    number: int
    time: int
    message: ManagementMessage

    def encode(self) -> bytes:
        """The frame's bytes; RangeError when a field does not fit, LengthError when the message is too long."""
        return frame(self.stream, self.number, self.time, self.message.encode())


def frame(stream: int, number: int, time: int, message: bytes) -> bytes:
    """A frame around an encoded message; LengthError when it is too long."""
    if len(message) > FRAME_LIMIT:
        raise LengthError(f"a management message has at most {FRAME_LIMIT} bytes", None, len(message))
    return FRAME.pack(len(message), stream, number, time) + message


class Frames:
    """Cuts one connection's bytes into frames. A fault is final: there is no way back into step.

    `limit`: the longest message that is taken, in bytes.
    """

    def __init__(self, limit: int = FRAME_LIMIT) -> None:
        self._buffer = bytearray()
        self._limit = limit

    def feed(self, data: bytes) -> list[Frame]:
        """Take the next bytes; give the frames they complete. Raises a ProtocolError, whatever was good before it is
        lost with the connection and sent again."""
        return [found for found, _ in self.cut(data)]

    def cut(self, data: bytes) -> list[tuple[Frame, bytes]]:
        """As `feed`, each frame with its bytes as they came."""
        self._buffer += data
        found: list[tuple[Frame, bytes]] = []
        at = 0
        while len(self._buffer) - at >= FRAME.size:
            length, stream, number, time = FRAME.unpack_from(self._buffer, at)
            if length > self._limit:
                raise LengthError(f"a message here has at most {self._limit} bytes", at, length)
            if stream > JOURNAL:
                raise RangeError("no frame of the management stream starts so", at, stream)
            end = at + FRAME.size + length
            if end > len(self._buffer):
                break
            raw = bytes(self._buffer[at:end])
            found.append((Frame(stream, number, time, decode(raw[FRAME.size :])), raw))
            at = end
        del self._buffer[:at]
        return found
