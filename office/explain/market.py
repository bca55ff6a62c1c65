"""The market data that an order followed from: the packet that brought it, and the book before and after it.

The book is built from the capture, message by message in the order of their numbers, from whichever line brought each
first. Nothing is guessed: messages that no line brought, and a feed that was joined late, are said.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from office.capture.feed import Span, missing_on_all
from office.capture.source import Capture
from protocols import itch50, mold
from protocols.book_view import BookView
from protocols.errors import ProtocolError
from protocols.order_book import OrderBooks

_NAMED = {ord("R"): 11, ord("A"): 24, ord("F"): 24, ord("P"): 24, ord("H"): 11, ord("Y"): 11}
"""Where messages by type have the stock's symbol (ITCH 5.0 §4)."""


@dataclass(slots=True)
class Carrier:
    """A packet that carried the message: its number in the capture (from 0), time in ns, line."""

    packet: int
    time: int
    line: str


@dataclass(slots=True)
class Trigger:
    """What brought a message. `carriers`: every packet that did, first the earliest; `messages`: those of that packet.

    `before`, `after`: the book of the symbol ahead of the packet, and behind the message. `gaps`: messages up to it
    that no line brought; `first`: the first message of the feed in the capture.
    """

    session: str
    sequence: int
    carriers: list[Carrier]
    messages: list[tuple[int, bytes]] = field(default_factory=list)
    before: BookView | None = None
    after: BookView | None = None
    first: int = 1
    gaps: tuple[Span, ...] = ()


def triggers(capture: Capture, sequence: int, symbol: str, session: str | None = None) -> list[Trigger]:
    """The packets that brought message `sequence`, and the symbol's book around it: one for each feed that fits.

    Those are `session` alone, or every session whose messages name the symbol.
    """
    found = []
    for name in capture.sessions() if session is None else [session]:
        numbers = capture.carriers(sequence, name)
        if not numbers:
            continue
        one = Trigger(name, sequence, _carriers(capture, numbers))
        packet = mold.decode(_payload(capture, one.carriers[0].packet))
        if isinstance(packet, mold.Packet):
            one.messages = [(packet.sequence + n, raw) for n, raw in enumerate(packet.messages)]
        if _books(capture, one, symbol) or session is not None:
            found.append(one)
    return found


def _carriers(capture: Capture, numbers: list[int]) -> list[Carrier]:
    found = []
    for number in numbers:
        place = capture.place(number)
        packets = capture.feed()[place.file]
        row = int(np.searchsorted(packets.rows, place.row))
        time = int(capture.parts[place.file].columns.times[place.row])
        found.append(Carrier(number, time, str(capture.lines[int(packets.lines[row])])))
    return sorted(found, key=lambda carrier: (carrier.time, carrier.packet))


def _payload(capture: Capture, number: int) -> bytes:
    place = capture.place(number)
    packets = capture.feed()[place.file]
    row = int(np.searchsorted(packets.rows, place.row))
    start, length = int(packets.starts[row]), int(packets.lengths[row])
    return capture.parts[place.file].data[start : start + length].tobytes()


def _books(capture: Capture, found: Trigger, symbol: str) -> bool:
    """Build the symbol's book up to the message; whether anything named the symbol."""
    ahead = found.messages[0][0] if found.messages else found.sequence
    books = OrderBooks()
    locate: int | None = None
    done = 0
    for number, raw in _messages(capture, found.session, found.sequence):
        if not done:
            found.first = number
        done += 1
        if number == ahead:
            found.before = _view(books, symbol)
        if locate is None and _names(raw, symbol):
            locate = int.from_bytes(raw[1:3], "big")
        if locate is not None and int.from_bytes(raw[1:3], "big") == locate:
            try:
                books.apply(itch50.decode(raw))
            except ProtocolError:
                continue
    found.after = _view(books, symbol)
    gaps = missing_on_all(capture.feed(), capture.lines, found.session)
    found.gaps = tuple((first, min(last, found.sequence)) for first, last in gaps if first <= found.sequence)
    return locate is not None


def _names(raw: bytes, symbol: str) -> bool:
    at = _NAMED.get(raw[0]) if raw else None
    return at is not None and raw[at : at + 8] == symbol.encode("ascii").ljust(8)


def _view(books: OrderBooks, symbol: str) -> BookView:
    return books.view(symbol) if books.locate_of(symbol) is not None else {"bids": [], "asks": []}


def _messages(capture: Capture, session: str, last: int) -> Iterator[tuple[int, bytes]]:
    """Every message of a feed up to number `last`, each once, by number."""
    own = [place for place, line in enumerate(capture.lines) if line.session == session]
    places: list[tuple[int, int, int, int]] = []
    for file, packets in enumerate(capture.feed()):
        chosen = packets.at(np.isin(packets.lines, own) & (packets.messages > 0) & (packets.sequences <= last))
        columns = (chosen.sequences.tolist(), chosen.starts.tolist(), chosen.lengths.tolist())
        places += [(sequence, file, start, length) for sequence, start, length in zip(*columns, strict=True)]
    places.sort()
    following = 0
    for sequence, file, start, length in places:
        payload = capture.parts[file].data[start : start + length].tobytes()
        number, at = sequence, mold.HEADER_SIZE
        while at < length and number <= last:
            size = payload[at] << 8 | payload[at + 1]
            if number >= following:
                yield number, payload[at + 2 : at + 2 + size]
            number, at = number + 1, at + 2 + size
        following = max(following, number)


def level_changes(before: BookView, after: BookView) -> list[tuple[str, int, int, int]]:
    """Levels that differ: side `B` or `S`, price4, shares before and after."""
    sides = (("B", before["bids"], after["bids"]), ("S", before["asks"], after["asks"]))
    found = []
    for side, *views in sides:
        old, new = ({price: shares for price, shares, _ in view} for view in views)
        prices = sorted(old.keys() | new.keys(), reverse=side == "B")
        found += [(side, price, old.get(price, 0), new.get(price, 0)) for price in prices]
    return [row for row in found if row[2] != row[3]]
