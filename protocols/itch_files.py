"""What the command-line tools say about files of ITCH messages: counts, books, one line a message."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

from protocols import itch50, mold, pcap_read
from protocols.binaryfile import Reader
from protocols.book_view import BookView
from protocols.errors import ProtocolError
from protocols.frames import udp_datagram
from protocols.itch50 import AddOrder, AddOrderMpid, ItchMessage
from protocols.order_book import OrderBooks

_SECOND: Final = 1_000_000_000
_COMPRESSIONS: Final = {
    b"\x1f\x8b": "gunzip",
    b"\x28\xb5\x2f\xfd": "unzstd",
    b"\xfd7zXZ\0": "unxz",
    b"BZh": "bunzip2",
    b"PK\x03\x04": "unzip",
}


@dataclass(slots=True)
class FileStats:
    """Figures about one BinaryFILE of ITCH messages. Times are ns since midnight New York time."""

    messages: int = 0
    malformed: int = 0
    first_fault: str | None = None
    end_record: bool = False
    by_type: Counter[str] = field(default_factory=Counter)
    symbols_in_adds: set[str] = field(default_factory=set)
    first_ns: int | None = None
    last_ns: int | None = None
    books: OrderBooks = field(default_factory=OrderBooks)

    def as_json(self) -> dict[str, Any]:
        """Return the figures as plain data."""
        span = None if self.first_ns is None or self.last_ns is None else self.last_ns - self.first_ns
        return {
            "messages": self.messages,
            "by_type": dict(sorted(self.by_type.items())),
            "symbols": len(self.books.symbols()),
            "symbols_in_adds": len(self.symbols_in_adds),
            "unknown_references": self.books.unknown_references,
            "orphan_references": self.books.orphan_references,
            "duplicate_references": self.books.duplicate_references,
            "over_executions": self.books.over_executions,
            "open_orders": self.books.open_orders,
            "time_span": {"first_ns": self.first_ns, "last_ns": self.last_ns, "span_ns": span},
            "end_record": self.end_record,
            "malformed": self.malformed,
            "first_fault": self.first_fault,
        }


def file_stats(reader: Reader) -> FileStats:
    """Read a whole file; messages that do not decode are counted, faults of the file itself are ProtocolErrors."""
    stats = FileStats()
    for raw in reader:
        stats.messages += 1
        try:
            message = itch50.decode(raw)
        except ProtocolError as error:
            stats.malformed += 1
            stats.first_fault = stats.first_fault or f"message {stats.messages}: {error}"
            continue
        stats.by_type[message.TYPE] += 1
        stats.books.apply(message)
        if isinstance(message, AddOrder | AddOrderMpid):
            stats.symbols_in_adds.add(message.stock)
        stats.first_ns = message.timestamp if stats.first_ns is None else min(stats.first_ns, message.timestamp)
        stats.last_ns = message.timestamp if stats.last_ns is None else max(stats.last_ns, message.timestamp)
    stats.end_record = reader.complete
    return stats


class UnknownSymbolError(KeyError):
    """No message names a symbol; `symbols` are those that the messages do name, sorted."""

    def __init__(self, symbol: str, symbols: list[str]) -> None:
        super().__init__(symbol)
        self.symbol = symbol
        self.symbols = symbols

    def nearest(self) -> list[str]:
        """Up to five symbols that somebody who gave this one may have meant, best first."""
        return get_close_matches(self.symbol.upper(), self.symbols, n=5, cutoff=0.5)


def book_after(messages: Iterable[bytes], symbol: str, after: int | None) -> BookView:
    """Return a symbol's book after the first `after` messages (None: all).

    UnknownSymbolError when no message names the symbol, IndexError when there are fewer than `after` messages. A symbol
    that only later messages name has an empty book.
    """
    books = OrderBooks()
    source = iter(messages)
    count = 0
    if after != 0:
        for raw in source:
            books.apply(_decode_numbered(raw, count + 1))
            count += 1
            if count == after:
                break
    if after is not None and count < after:
        raise IndexError(count)
    if books.locate_of(symbol) is not None:
        return books.view(symbol)
    later: set[str] = set()
    for number, raw in enumerate(source, count + 1):
        named = getattr(_decode_numbered(raw, number), "stock", None)
        if named == symbol:
            return {"bids": [], "asks": []}
        if named is not None:
            later.add(named)
    raise UnknownSymbolError(symbol, sorted(later.union(books.symbols())))


def _decode_numbered(raw: bytes, number: int) -> ItchMessage:
    try:
        return itch50.decode(raw)
    except ProtocolError as error:
        raise type(error)(f"message {number}: {error.message}", error.offset, error.value) from None


def dump_messages(messages: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Iterate over descriptions of messages, malformed ones included."""
    for number, raw in enumerate(messages, 1):
        yield {"number": number, **describe(raw)}


def dump_capture(file: pcap_read.Readable) -> Iterator[dict[str, Any]]:
    """Iterate over descriptions of the messages in a capture's MoldUDP64 datagrams; other frames are passed over."""
    for captured in pcap_read.read(file):
        datagram = udp_datagram(captured.frame, captured.link_type)
        if datagram is None:
            continue
        place = {"capture_ns": captured.time, "to": f"{datagram.destination}:{datagram.destination_port}"}
        try:
            packet = mold.decode(datagram.payload)
        except ProtocolError as error:
            yield {**place, "malformed": str(error), "hex": datagram.payload.hex()}
            continue
        place["session"] = packet.session
        if isinstance(packet, mold.Packet):
            for index, raw in enumerate(packet.messages):
                yield {**place, "sequence": packet.sequence + index, **describe(raw)}
        else:
            name = "heartbeat" if isinstance(packet, mold.Heartbeat) else "end of session"
            yield {**place, "next_sequence": packet.sequence, "name": name}


def describe(raw: bytes) -> dict[str, Any]:
    """Describe one message as plain data: type, name and fields, or what is wrong with it."""
    try:
        message = itch50.decode(raw)
    except ProtocolError as error:
        return {"malformed": str(error), "hex": raw.hex()}
    fields = {field.name: getattr(message, field.name) for field in message.FIELDS}
    return {"type": message.TYPE, "name": type(message).__name__, **fields}


def line(description: dict[str, Any]) -> str:
    """Write a description as one line: the time first, then the place, then the fields as name=value."""
    rest = dict(description)
    time = rest.pop("timestamp", None)
    head = [str(rest.pop(key)) for key in ("number", "to", "session", "sequence", "type", "name") if key in rest]
    if time is not None:
        head.insert(0, clock(time))
    capture = rest.pop("capture_ns", None)
    if capture is not None:
        head.insert(0, f"{capture // _SECOND}.{capture % _SECOND:09d}")
    pairs = (f"{name}={value!r}" if isinstance(value, str) else f"{name}={value}" for name, value in rest.items())
    return " ".join((*head, *pairs))


def clock(time: int) -> str:
    """Write ns since midnight as HH:MM:SS.nnnnnnnnn."""
    seconds, fraction = divmod(time, _SECOND)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{fraction:09d}"


def compression_of(path: Path) -> str | None:
    """The program that unpacks the file at `path`, told by its first bytes; None when it is not compressed.

    No BinaryFILE of ITCH and no capture begins so: the records would be longer than any ITCH message.
    """
    with path.open("rb") as file:
        head = file.read(6)
    return next((program for magic, program in _COMPRESSIONS.items() if head.startswith(magic)), None)


def compressed(program: str) -> str:
    """What is wrong with a compressed file, and the remedy."""
    return f"compressed: {program} it first"


def looks_like_capture(path: Path) -> bool:
    """Tell whether the file at `path` begins as a packet capture does."""
    with path.open("rb") as file:
        return pcap_read.is_capture(file.read(4))
