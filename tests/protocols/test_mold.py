"""MoldUDP64: real and constructed packets, malformed ones, and packing."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import mold
from protocols.errors import LengthError, ProtocolError, RangeError, TruncatedError
from protocols.mold import EndOfSession, Heartbeat, Packet, Packetizer, Request

REAL = "303030303130303539420000000000e12f5a00010013440dbd00001f1aced85ad80000000001668bd6"
HEADER = "303030303130303539420000000000e12f5b"

sessions = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=10)
sequences = st.integers(0, (1 << 64) - 1)


def test_a_real_packet_both_ways() -> None:
    packet = mold.decode(bytes.fromhex(REAL))
    assert isinstance(packet, Packet)
    assert (packet.session, packet.sequence, packet.next_sequence) == ("000010059B", 14_757_722, 14_757_723)
    assert [len(message) for message in packet.messages] == [19]
    assert mold.encode_packet(packet.session, packet.sequence, packet.messages).hex() == REAL


def test_heartbeat_end_of_session_and_request_both_ways() -> None:
    assert mold.decode(bytes.fromhex(HEADER + "0000")) == Heartbeat("000010059B", 14_757_723)
    assert mold.encode_heartbeat("000010059B", 14_757_723).hex() == HEADER + "0000"
    assert mold.decode(bytes.fromhex(HEADER + "ffff")) == EndOfSession("000010059B", 14_757_723)
    assert mold.encode_end("000010059B", 14_757_723).hex() == HEADER + "ffff"
    request = Request("000010059B", 14_757_700, 5)
    assert request.encode().hex() == "303030303130303539420000000000e12f440005"
    assert mold.decode_request(request.encode()) == request


@given(sessions, sequences, st.lists(st.binary(max_size=60), min_size=1, max_size=20))
def test_any_packet_survives_the_wire(session: str, sequence: int, messages: list[bytes]) -> None:
    raw = mold.encode_packet(session, sequence, messages)
    assert mold.decode(raw) == Packet(session, sequence, tuple(messages))
    assert mold.decode(memoryview(raw)) == Packet(session, sequence, tuple(messages))
    for size in range(len(raw)):
        with pytest.raises(TruncatedError) as caught:
            mold.decode(raw[:size])
        assert caught.value.offset == size
    with pytest.raises(LengthError) as too_long:
        mold.decode(raw + b"\0")
    assert too_long.value.offset == len(raw)


headers = st.tuples(sessions, st.binary(min_size=8, max_size=8), st.sampled_from([0, 1, 2, 3, 0xFFFF]), st.binary())
almost = headers.map(lambda parts: parts[0].encode().ljust(10) + parts[1] + parts[2].to_bytes(2, "big") + parts[3])


def encode(decoded: Packet | Heartbeat | EndOfSession | Request) -> bytes:
    match decoded:
        case Packet():
            return mold.encode_packet(decoded.session, decoded.sequence, decoded.messages)
        case Heartbeat():
            return mold.encode_heartbeat(decoded.session, decoded.sequence)
        case EndOfSession():
            return mold.encode_end(decoded.session, decoded.sequence)
        case Request():
            return decoded.encode()


@given(st.binary(max_size=120) | almost)
def test_any_bytes_are_what_they_decode_to_or_a_protocol_error_within_them(data: bytes) -> None:
    for decoder in (mold.decode, mold.decode_request):
        try:
            decoded = decoder(data)
        except ProtocolError as error:
            assert error.offset is not None
            assert 0 <= error.offset <= len(data)
        else:
            assert encode(decoded) == data


def test_an_empty_message_is_a_message() -> None:
    packet = mold.decode(mold.encode_packet("S", 5, [b"", b"x"]))
    assert isinstance(packet, Packet)
    assert packet.messages == (b"", b"x")
    assert packet.next_sequence == 7


def test_headers_with_bytes_after_them() -> None:
    for raw in (mold.encode_heartbeat("S", 1), mold.encode_end("S", 1)):
        with pytest.raises(LengthError):
            mold.decode(raw + b"\0")
    with pytest.raises(LengthError):
        mold.decode_request(Request("S", 1, 1).encode() + b"\0")


def test_a_session_that_is_not_ascii() -> None:
    with pytest.raises(RangeError) as caught:
        mold.decode(b"ABC\xff" + bytes(16))
    assert (caught.value.offset, caught.value.value) == (3, 0xFF)


def test_what_cannot_be_encoded() -> None:
    with pytest.raises(RangeError, match="session"):
        mold.encode_heartbeat("ELEVEN CHAR", 1)
    with pytest.raises(RangeError, match="sequence"):
        mold.encode_heartbeat("S", 1 << 64)
    with pytest.raises(RangeError, match="1 to 65534"):
        mold.encode_packet("S", 1, [])
    with pytest.raises(RangeError, match="65535"):
        mold.encode_packet("S", 1, [bytes(65_536)])
    with pytest.raises(RangeError, match="count"):
        Request("S", 1, 65_536).encode()


@given(st.lists(st.binary(max_size=100), max_size=80), st.integers(60, 400))
def test_the_packetizer_loses_nothing_and_fills_packets(messages: list[bytes], limit: int) -> None:
    packer = Packetizer("S", 10, limit)
    packets = packer.add_all(messages)
    rest = packer.flush()
    raw_packets = packets if rest is None else [*packets, rest]
    expected = 10
    seen: list[bytes] = []
    for raw in raw_packets:
        packet = mold.decode(raw)
        assert isinstance(packet, Packet)
        assert packet.sequence == expected
        assert len(raw) <= limit or len(packet.messages) == 1
        expected = packet.next_sequence
        seen += packet.messages
    assert seen == messages
    assert packer.next_sequence == 10 + len(messages)
    assert packer.flush() is None
    assert mold.decode(packer.heartbeat()) == Heartbeat("S", packer.next_sequence)
    assert mold.decode(packer.end_of_session()) == EndOfSession("S", packer.next_sequence)


def test_the_packetizer_respects_the_count_limit() -> None:
    packer = Packetizer("S", max_payload=1 << 20)
    packets = packer.add_all([b""] * (mold.MAX_COUNT + 1))
    assert len(packets) == 1
    assert packer.next_sequence == 1 + mold.MAX_COUNT
