"""100,000 damaged datagrams on the way from Mold to the book: typed errors only, and books that stay sound."""

import random

from protocols import itch50, mold
from protocols.errors import ProtocolError
from protocols.order_book import OrderBooks

COUNT = 100_000


def damage(raw: bytes, rng: random.Random) -> bytes:
    """Cut, lengthen, change or replace bytes."""
    kind = rng.randrange(5)
    if kind == 0:
        return raw[: rng.randrange(len(raw))]
    if kind == 1:
        return raw + rng.randbytes(rng.randint(1, 8))
    if kind == 2:
        return rng.randbytes(rng.randint(0, 60))
    changed = bytearray(raw)
    for _ in range(1 if kind == 3 else 8):
        changed[rng.randrange(len(raw))] = rng.randrange(256)
    return bytes(changed)


def assert_sound(books: OrderBooks) -> None:
    orders = 0
    for locate in range(1 << 16):
        view = books.book(locate).view()
        assert view["bids"] == sorted(view["bids"], reverse=True)
        assert view["asks"] == sorted(view["asks"])
        for side, levels in (("B", view["bids"]), ("S", view["asks"])):
            for price, shares, count in levels:
                queue = books.book(locate).orders(side, price)
                assert count == len(queue)
                assert shares == sum(left for _, left in queue)
                assert all(left > 0 for _, left in queue)
                orders += count
    assert orders == books.open_orders


def test_damaged_datagrams_neither_raise_nor_corrupt_a_book(snippet: list[bytes]) -> None:
    rng = random.Random(20_191_230)
    books = OrderBooks()
    refused = applied = 0
    for number in range(COUNT):
        message = snippet[number % len(snippet)]
        if rng.random() < 0.5:
            datagram = mold.encode_packet("S", number, [damage(message, rng)])
        else:
            datagram = damage(mold.encode_packet("S", number, [message]), rng)
        try:
            packet = mold.decode(datagram)
            for raw in packet.messages if isinstance(packet, mold.Packet) else ():
                books.apply(itch50.decode(raw))
                applied += 1
        except ProtocolError as error:
            assert error.offset is not None
            refused += 1
    assert refused > COUNT // 2
    assert applied > COUNT // 10
    assert_sound(books)
