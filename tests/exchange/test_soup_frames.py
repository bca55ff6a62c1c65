"""SoupBinTCP packets by the batch, against `protocols.soup`."""

from hypothesis import given
from hypothesis import strategies as st

from exchange.soup_frames import may_continue, sequenced, split_unsequenced
from protocols.soup import ClientHeartbeat, SequencedData, UnsequencedData

payloads = st.lists(st.binary(max_size=100))


@given(payloads, st.binary(max_size=3))
def test_whole_packets_come_out_and_the_rest_stays(messages: list[bytes], rest: bytes) -> None:
    data = b"".join(UnsequencedData(message).encode() for message in messages)
    found: list[bytes] = []
    torn = UnsequencedData(b"abc").encode()[: len(rest)]
    end = split_unsequenced(data + torn, 1024, found)
    assert (found, end) == (messages, len(data))
    assert may_continue(torn, 1024)


def test_it_stops_at_the_first_packet_of_another_kind() -> None:
    one, beat = UnsequencedData(b"1").encode(), ClientHeartbeat().encode()
    found: list[bytes] = []
    assert split_unsequenced(one + beat + one, 1024, found) == len(one)
    assert found == [b"1"]
    assert not may_continue(beat + one, 1024)


def test_lengths_that_cannot_be() -> None:
    for rest in (b"\0\0", b"\0\0U", b"\4\1", b"\xff\xffU", b"\0\2R"):
        assert not may_continue(rest, 1024)
        assert split_unsequenced(rest + bytes(2000), 1024, []) == 0
    assert may_continue(b"\4\0U", 1024)


@given(payloads)
def test_sequenced_data(messages: list[bytes]) -> None:
    assert sequenced(messages) == b"".join(SequencedData(message).encode() for message in messages)
