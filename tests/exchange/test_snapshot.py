"""The snapshot writer: SoupBinTCP packets in pieces."""

import pytest

from exchange.market_data import Publisher
from exchange.snapshot import SnapshotWriter, take_snapshot
from protocols import itch50
from protocols.glimpse import decode_end_of_snapshot
from protocols.order_book import OrderBooks
from protocols.soup import Framer, SequencedData
from tests.exchange.live_venue import LiveVenue, queues_of


def payloads(pieces: tuple[bytes, ...]) -> list[bytes]:
    packets = list(Framer().feed(b"".join(pieces)))
    assert all(isinstance(packet, SequencedData) for packet in packets)
    return [packet.payload for packet in packets if isinstance(packet, SequencedData)]


@pytest.mark.parametrize("chunk_size", [64, 100, 1 << 18])
def test_pieces_hold_whole_packets_and_end_with_the_number(chunk_size: int) -> None:
    writer = SnapshotWriter(chunk_size)
    writer.publish(b"R" * 39)
    writer.add_order(1, 2, 3, True, 4, b"AAPL    ", 5)
    writer.publish(b"X" * 200)
    writer.add_attributed(1, 2, 4, False, 4, b"AAPL    ", 5, b"HFTX")
    pieces = writer.finish(4711)
    got = payloads(pieces)
    assert [len(data) for data in got] == [39, 36, 200, 40, 21]
    assert itch50.decode(got[1]).encode() == got[1]
    assert decode_end_of_snapshot(got[-1]) == 4711
    assert writer.messages == 5
    assert all(len(payloads((piece,))) for piece in pieces)


def test_a_snapshot_shows_every_queue() -> None:
    venue = LiveVenue(Publisher("S", []), 7)
    for _ in range(2000):
        venue.step()
    *state, end = payloads(take_snapshot(venue))
    books = OrderBooks()
    for data in state:
        books.apply(itch50.decode(data))
    assert queues_of(books) == venue.queues()
    assert decode_end_of_snapshot(end) == venue.publisher.next_sequence
