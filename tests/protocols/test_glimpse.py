"""GLIMPSE 5.0, the client's end: PROTOCOLS §7 over SoupBinTCP (§3)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols.errors import ProtocolError
from protocols.glimpse import GlimpseClient, GlimpseState, decode_end_of_snapshot, encode_end_of_snapshot
from protocols.soup import (
    ClientHeartbeat,
    Debug,
    EndOfSession,
    LoginAccepted,
    LoginRejected,
    LoginRequest,
    SequencedData,
    ServerHeartbeat,
    SoupPacket,
    decode,
)

SECOND = 1_000_000_000


def join(*packets: SoupPacket) -> bytes:
    return b"".join(packet.encode() for packet in packets)


ACCEPTED = LoginAccepted("SESSION", 1)
END = SequencedData(encode_end_of_snapshot(4711))
WHOLE = join(ACCEPTED, SequencedData(b"Rone"), ServerHeartbeat(), Debug("text"), SequencedData(b"Atwo"), END)


@pytest.fixture
def client() -> GlimpseClient:
    return GlimpseClient("user", "secret", "SESSION", 0)


def test_end_of_snapshot_has_type_and_20_digits() -> None:
    assert encode_end_of_snapshot(4711) == b"G" + b"4711".rjust(20)
    assert decode_end_of_snapshot(b"G" + b"4711".rjust(20)) == 4711
    assert decode_end_of_snapshot(b"G" + b"4711".zfill(20)) == 4711


@pytest.mark.parametrize("data", [b"", b"G", b"G" + b"x" * 20, b"S" + b"1".rjust(20), b"G" + b"0".rjust(20)])
def test_a_malformed_end_of_snapshot_is_an_error(data: bytes) -> None:
    with pytest.raises(ProtocolError):
        decode_end_of_snapshot(data)


def test_numbers_beyond_64_bits_are_errors() -> None:
    for number in (0, 1 << 64):
        with pytest.raises(ProtocolError, match=str(number)):
            encode_end_of_snapshot(number)
    with pytest.raises(ProtocolError):
        decode_end_of_snapshot(b"G" + b"9" * 20)


def test_it_logs_in_with_wanted_number_1(client: GlimpseClient) -> None:
    assert decode(client.take_output()) == LoginRequest("user", "secret", "SESSION", 1)


@given(st.lists(st.integers(0, len(WHOLE)), max_size=20))
def test_the_snapshot_may_come_in_any_pieces(cuts: list[int]) -> None:
    client = GlimpseClient("user", "secret", "", 0)
    edges = [0, *sorted(cuts), len(WHOLE)]
    messages = [m for a, b in pairwise(edges) for m in client.on_bytes(WHOLE[a:b], 1)]
    assert messages == [b"Rone", b"Atwo"]
    assert (client.state, client.next_sequence, client.session) == (GlimpseState.DONE, 4711, "SESSION")
    client.connection_closed()
    assert client.state is GlimpseState.DONE


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (join(LoginRejected("A")), "not authorized"),
        (join(LoginAccepted("OTHER", 1)), "asked for session 'SESSION', was given 'OTHER'"),
        (join(SequencedData(b"A")), "unexpected SequencedData while login sent"),
        (join(ACCEPTED, ACCEPTED), "unexpected LoginAccepted while receiving"),
        (join(ACCEPTED, EndOfSession()), "unexpected EndOfSession"),
        (join(ACCEPTED, SequencedData(b"G")), "malformed packet"),
        (join(ACCEPTED) + b"\0\0S", "malformed packet"),
        (join(ACCEPTED) + b"\xff\xffS", "malformed packet"),
        (join(ACCEPTED) + b"\0\1?", "malformed packet"),
    ],
)
def test_a_fault_of_the_server_fails_the_snapshot(client: GlimpseClient, data: bytes, reason: str) -> None:
    client.on_bytes(data, 0)
    assert client.state is GlimpseState.FAILED
    assert reason in client.reason
    assert client.on_bytes(WHOLE, 0) == []
    assert client.next_deadline() is None


def test_a_connection_that_breaks_fails_the_snapshot(client: GlimpseClient) -> None:
    client.on_bytes(WHOLE[:-1], 0)
    client.connection_closed()
    assert (client.state, client.reason) == (GlimpseState.FAILED, "connection closed before the end of the snapshot")


def test_it_says_that_it_is_alive_and_has_limited_patience(client: GlimpseClient) -> None:
    client.take_output()
    assert client.next_deadline() == SECOND
    client.tick(SECOND)
    assert decode(client.take_output()) == ClientHeartbeat()
    client.tick(15 * SECOND)
    assert client.reason == "the server is silent"


def test_a_snapshot_without_end_is_given_up() -> None:
    client = GlimpseClient("user", "secret", "", 0)
    client.on_bytes(join(ACCEPTED), 0)
    for second in range(1, 121):
        client.on_bytes(join(SequencedData(b"A")), second * SECOND)
        client.tick(second * SECOND)
    assert client.reason == "the snapshot takes too long"


@given(st.lists(st.binary(max_size=60), max_size=10), st.booleans())
def test_no_bytes_are_too_hostile(pieces: list[bytes], accepted: bool) -> None:
    client = GlimpseClient("user", "secret", "", 0)
    if accepted:
        client.on_bytes(join(ACCEPTED), 0)
    for piece in pieces:
        client.on_bytes(piece, 0)
    assert client.state is not GlimpseState.DONE or client.next_sequence
