"""Hostile market data: malformed packets and messages through arbiter, decoder and books.

Forged packets that are well-formed down to their messages cannot be told from the exchange's own (UDP's checksum and
the network guard against those); nothing else is left out.
"""

import random
import struct
from pathlib import Path

from hftapp.feed.arbiter import Arbiter
from hftapp.trader.market import Market
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


def replay(seed: int | None) -> tuple[Market, Arbiter, int]:
    """The real slice, with malformed packets between its own when there is a seed; returns how many went in.

    The arbiter gets every frame that is malformed. One that is well framed in the right place is the exchange's as far
    as it can tell: its messages go where they then would, to the decoder, if they do not decode.
    """
    arbiter, market = Arbiter(session=SESSION), Market()
    packets, messages = real_packets(), real_messages()
    rng = random.Random(seed)
    faults = 0 if seed is None else -(-FRAMES // len(packets))
    count = 0
    for packet in packets:
        for _ in range(faults):
            bad = damage(rng, rng.choice(packets), messages, arbiter.expected or 1)
            broken = undecodable(bad)
            if broken is None:
                assert list(arbiter.on_packet(rng.randrange(2), bad, 0)) == []
            else:
                market.apply_all(broken)
            count += broken is None or bool(broken)
        market.apply_all(arbiter.on_packet(0, packet, 0))
    return market, arbiter, count


def check_books(market: Market) -> None:
    for symbol in market.books.symbols():
        view = market.books.view(symbol)
        bids, asks = view["bids"], view["asks"]
        assert [level[0] for level in bids] == sorted({level[0] for level in bids}, reverse=True)
        assert [level[0] for level in asks] == sorted({level[0] for level in asks})
        assert all(shares > 0 and orders > 0 for _, shares, orders in (*bids, *asks))


def same_books(market: Market, clean: Market) -> bool:
    symbols = clean.books.symbols()
    return market.books.symbols() == symbols and all(market.books.view(s) == clean.books.view(s) for s in symbols)


def test_a_hundred_thousand_malformed_packets_change_no_book() -> None:
    clean, _, _ = replay(None)
    market, arbiter, count = replay(20191230)
    counters = arbiter.counters
    assert count >= 100_000
    assert counters.malformed >= 60_000
    assert market.malformed >= 20_000
    assert counters.malformed + market.malformed >= count
    assert (counters.messages, counters.gaps, counters.held, arbiter.expected) == (1000, 0, 0, 1001)
    assert market.by_type == clean.by_type
    assert same_books(market, clean)
    check_books(market)


def test_packets_of_other_sessions_and_numbers_long_past_change_no_book() -> None:
    clean, _, _ = replay(None)
    arbiter, market = Arbiter(session=SESSION), Market()
    rng = random.Random(7)
    packets = real_packets()
    for packet in packets:
        for _ in range(20):
            other = bytearray(rng.choice(packets))
            other[rng.randrange(10)] ^= 1 << rng.randrange(8)
            assert list(arbiter.on_packet(0, bytes(other), 0)) == []
        market.apply_all(arbiter.on_packet(0, packet, 0))
        assert list(arbiter.on_packet(1, packet, 0)) == []
    assert arbiter.counters.wrong_session == 20 * len(packets)
    assert arbiter.counters.duplicates == len(packets)
    assert same_books(market, clean)


def test_damaged_messages_never_raise_and_never_break_a_book() -> None:
    """Messages damaged inside a well-formed packet: what does not decode is counted, what does is applied."""
    rng = random.Random(5)
    messages = real_messages()
    market = Market()
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
        market.apply_all(batch)
    check_books(market)
    assert market.malformed > 50_000
    assert sum(market.by_type.values()) + market.malformed == 100_000


def test_the_decoder_raises_typed_errors_only() -> None:
    rng = random.Random(6)
    for _ in range(20_000):
        data = rng.randbytes(rng.randrange(0, 60))
        try:
            itch50.decode(data)
        except ProtocolError as error:
            assert error.message
