"""The spooled stream stands in for the stream in memory, also under a SoupBinTCP session."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchange.spooled_stream import SpooledStream
from protocols.soup_client import Sequenced, SoupClient
from protocols.soup_server import SequencedStream, SoupServerSession


@given(st.lists(st.binary(min_size=1, max_size=60), max_size=200), st.integers(1, 250), st.integers(0, 250))
def test_it_reads_like_the_stream_in_memory(messages: list[bytes], first: int, count: int) -> None:
    spooled, plain = SpooledStream("S", buffer_size=256), SequencedStream("S")
    for message in messages:
        assert spooled.append(message) == plain.append(message)
    assert spooled.next_sequence == plain.next_sequence
    assert spooled.read(first) == plain.read(first)
    assert spooled.read(first, count) == plain.read(first, count)
    spooled.close()


def test_a_read_of_everything_has_no_limit_of_its_own() -> None:
    stream = SpooledStream("S")
    message = bytes(60_000)
    for _ in range(40):
        stream.append(message)
    assert stream.read(1) == [message] * 40
    stream.close()


def test_after_the_end_it_takes_no_more() -> None:
    stream = SpooledStream("S")
    stream.end()
    with pytest.raises(ValueError, match="'S' has ended"):
        stream.append(b"x")


def test_a_client_that_comes_back_is_sent_what_was_spilled() -> None:
    stream = SpooledStream("S", buffer_size=128)
    sent = [b"message %d" % number for number in range(1, 101)]
    for message in sent:
        stream.append(message)
    server = SoupServerSession(lambda request: stream, 0)
    client = SoupClient("user", "secret", next_sequence=11)
    client.connected(0)
    server.on_bytes(client.take_output(), 0)
    server.tick(0)
    got = [event.payload for event in client.on_bytes(server.take_output(), 0) if isinstance(event, Sequenced)]
    assert got == sent[10:]
    stream.close()
