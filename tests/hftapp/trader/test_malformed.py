"""Hostile market data: random and mutated packets through arbiter, decoder and books.

Forged packets that are well-formed, carry the right session and fall into the window of the stream cannot be told from
the exchange's own (UDP's checksum and the network guard against those), so mutations of that kind are left out.
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
PACKETS = 120_000
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


def mutate(rng: random.Random, packet: bytes) -> bytes:
    """One random fault: bytes, length, header, or nothing of the original at all."""
    choice = rng.randrange(6)
    if choice == 0:
        return rng.randbytes(rng.randrange(0, 120))
    if choice == 1:
        return packet[: rng.randrange(len(packet))]
    if choice == 2:
        return packet + rng.randbytes(rng.randrange(1, 40))
    changed = bytearray(packet)
    if choice == 3:
        struct.pack_into(">Q", changed, 10, rng.getrandbits(64))
    elif choice == 4:
        struct.pack_into(">H", changed, 18, rng.getrandbits(16))
    else:
        for _ in range(rng.randrange(1, 8)):
            changed[rng.randrange(len(changed))] ^= 1 << rng.randrange(8)
    return bytes(changed)


def forged(arbiter: Arbiter, packet: bytes) -> bool:
    """Whether nothing in the packet shows that it is not the exchange's."""
    if len(packet) < HEADER.size:
        return False
    session, sequence, count = HEADER.unpack_from(packet)
    if session != SESSION.encode() or arbiter.expected is None:
        return False
    last = int(sequence) + (count if 0 < count < 0xFFFF else 0)
    return last >= arbiter.expected and int(sequence) < arbiter.expected + 2**20


def replay(seed: int | None) -> tuple[Market, Arbiter]:
    """The real slice, with faults between its packets when there is a seed."""
    arbiter, market = Arbiter(session=SESSION), Market()
    packets = real_packets()
    rng = random.Random(seed)
    faults = 0 if seed is None else -(-PACKETS // len(packets))
    for packet in packets:
        for _ in range(faults):
            bad = mutate(rng, rng.choice(packets))
            if not forged(arbiter, bad):
                market.apply_all(arbiter.on_packet(rng.randrange(2), bad, 0))
        market.apply_all(arbiter.on_packet(0, packet, 0))
    return market, arbiter


def check_books(market: Market) -> None:
    for symbol in market.books.symbols():
        view = market.books.view(symbol)
        bids, asks = view["bids"], view["asks"]
        assert [level[0] for level in bids] == sorted({level[0] for level in bids}, reverse=True)
        assert [level[0] for level in asks] == sorted({level[0] for level in asks})
        assert all(shares > 0 and orders > 0 for _, shares, orders in (*bids, *asks))


def test_faults_between_real_packets_change_no_book() -> None:
    clean, _ = replay(None)
    market, arbiter = replay(20191230)
    assert arbiter.counters.malformed > 5_000
    assert arbiter.counters.wrong_session > 10_000
    assert arbiter.expected == 1001
    assert arbiter.counters.gaps == 0
    assert market.by_type == clean.by_type
    assert market.books.symbols() == clean.books.symbols()
    assert all(market.books.view(symbol) == clean.books.view(symbol) for symbol in clean.books.symbols())
    check_books(market)


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
