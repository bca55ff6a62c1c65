"""Hostile market data: malformed packets and messages through arbiter, decoder and books.

Forged packets that are well-formed down to their messages cannot be told from the exchange's own (UDP's checksum and
the network guard against those); nothing else is left out.
"""

import random
import struct
from pathlib import Path
from typing import Any

from hftapp.feed.arbiter import Arbiter
from hftapp.trader.market import Market
from hftapp.trader.venue_market import VenueMarket
from protocols import itch50, mold
from protocols.errors import ProtocolError

SLICE = Path(__file__).parents[2] / "data" / "12302019_SNIPPET.NASDAQ_ITCH50"
SESSION = "REAL191230"
FRAMES = 125_000
HEADER = struct.Struct(">10sQH")


def real_packets() -> list[bytes]:
    packetizer = mold.Packetizer(SESSION, max_payload=200)
    packets = packetizer.add_all(real_messages())
    last = packetizer.flush()
    return [*packets, last] if last else packets


def real_messages() -> list[bytes]:
    data, found, at = SLICE.read_bytes(), [], 0
    while at < len(data):
        (length,) = struct.unpack_from(">H", data, at)
        found.append(data[at + 2 : at + 2 + length])
        at += 2 + length
    return found


def damage(rng: random.Random, packet: bytes, messages: list[bytes], at: int) -> bytes:
    """A packet that stands where the stream is, with one fault in it; rarely none, when chance undoes the fault."""
    changed = bytearray(packet)
    struct.pack_into(">Q", changed, 10, at + rng.randrange(3))
    kind = rng.randrange(7)
    if kind == 0:
        return bytes(changed[: rng.randrange(len(changed))])
    if kind == 1:
        return bytes(changed) + rng.randbytes(rng.randrange(1, 40))
    if kind == 2:
        struct.pack_into(">H", changed, 18, rng.getrandbits(16))
    elif kind == 3:
        struct.pack_into(">H", changed, HEADER.size, rng.getrandbits(16))
    elif kind == 4:
        changed[HEADER.size :] = rng.randbytes(len(changed) - HEADER.size)
    elif kind == 5:
        changed[HEADER.size + 2] = rng.randrange(256)
    else:
        message = rng.choice(messages)
        size = rng.choice([rng.randrange(len(message)), len(message) + rng.randrange(1, 9)])
        return mold.encode_packet(SESSION, at, [message.ljust(size, b"\0")[:size]])
    return bytes(changed)


def undecodable(packet: bytes) -> list[bytes] | None:
    """The messages of a well-framed packet that do not decode; None when the frame itself is malformed."""
    try:
        found = mold.decode(packet)
    except ProtocolError:
        return None
    return [message for message in getattr(found, "messages", ()) if not decodes(message)]


def decodes(message: bytes) -> bool:
    try:
        itch50.decode(message)
    except ProtocolError:
        return False
    return True


class Receiver:
    """The books of one venue behind its arbiter."""

    def __init__(self) -> None:
        self.venue = VenueMarket(Market())
        self.arbiter = Arbiter(self.venue, session=SESSION)

    def views(self) -> list[dict[str, Any]]:
        return self.venue.views()

    def by_type(self) -> dict[str, int]:
        return {chr(kind): count for kind, count in enumerate(self.venue.by_type) if count}


def replay(seed: int | None) -> tuple[Receiver, int]:
    """The real slice, with malformed packets between its own when there is a seed; returns how many went in.

    The arbiter gets every frame that is malformed. One that is well framed in the right place is the exchange's as far
    as it can tell: its messages go where they then would, to the books, if they do not decode.
    """
    receiver = Receiver()
    arbiter = receiver.arbiter
    packets, messages = real_packets(), real_messages()
    rng = random.Random(seed)
    faults = 0 if seed is None else -(-FRAMES // len(packets))
    count = 0
    for packet in packets:
        for _ in range(faults):
            bad = damage(rng, rng.choice(packets), messages, arbiter.expected or 1)
            broken = undecodable(bad)
            if broken is None:
                assert arbiter.on_datagram(rng.randrange(2), bad, 0) == 0
            else:
                receiver.venue.apply_all(broken)
            count += broken is None or bool(broken)
        arbiter.on_datagram(0, packet, 0)
    return receiver, count


def check_books(receiver: Receiver) -> None:
    for view in receiver.views():
        bids, asks = view["bids"], view["asks"]
        assert [level[0] for level in bids] == sorted({level[0] for level in bids}, reverse=True)
        assert [level[0] for level in asks] == sorted({level[0] for level in asks})
        assert all(shares > 0 and orders > 0 for _, shares, orders in (*bids, *asks))


def test_a_hundred_thousand_malformed_packets_change_no_book() -> None:
    clean, _ = replay(None)
    receiver, count = replay(20191230)
    counters = receiver.arbiter.counters
    assert count >= 100_000
    assert counters.malformed >= 60_000
    assert receiver.venue.malformed >= 20_000
    assert counters.malformed + receiver.venue.malformed >= count
    assert (counters.messages, counters.gaps, counters.held, receiver.arbiter.expected) == (1000, 0, 0, 1001)
    assert receiver.by_type() == clean.by_type()
    assert receiver.views() == clean.views()
    check_books(receiver)


def test_packets_of_other_sessions_and_numbers_long_past_change_no_book() -> None:
    clean, _ = replay(None)
    receiver = Receiver()
    arbiter = receiver.arbiter
    rng = random.Random(7)
    packets = real_packets()
    for packet in packets:
        for _ in range(20):
            other = bytearray(rng.choice(packets))
            other[rng.randrange(10)] ^= 1 << rng.randrange(8)
            assert arbiter.on_datagram(0, bytes(other), 0) == 0
        assert arbiter.on_datagram(0, packet, 0) > 0
        assert arbiter.on_datagram(1, packet, 0) == 0
    assert arbiter.counters.wrong_session == 20 * len(packets)
    assert arbiter.counters.duplicates == len(packets)
    assert receiver.views() == clean.views()


def test_damaged_messages_never_raise_and_never_break_a_book() -> None:
    """Messages damaged inside a well-formed packet: what does not decode is counted, what does is applied."""
    rng = random.Random(5)
    messages = real_messages()
    receiver = Receiver()
    for _ in range(100):
        batch = []
        for _ in range(1000):
            data = bytearray(rng.choice(messages))
            kind = rng.randrange(4)
            if kind == 0:
                data = data[: rng.randrange(len(data))]
            elif kind == 1:
                data += rng.randbytes(3)
            else:
                for _ in range(rng.randrange(1, 4)):
                    data[rng.randrange(len(data))] = rng.randrange(256)
            batch.append(bytes(data))
        receiver.venue.apply_all(batch)
    check_books(receiver)
    assert receiver.venue.malformed > 50_000
    assert sum(receiver.by_type().values()) + receiver.venue.malformed == 100_000


def test_the_decoder_raises_typed_errors_only() -> None:
    rng = random.Random(6)
    for _ in range(20_000):
        data = rng.randbytes(rng.randrange(0, 60))
        try:
            itch50.decode(data)
        except ProtocolError as error:
            assert error.message
