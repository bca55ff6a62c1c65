"""SoupBinTCP packets and the framer: real bytes, any chunking, every kind of fault."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import soup
from protocols.errors import EnumError, LengthError, ProtocolError, RangeError, UnknownTypeError
from protocols.soup import (
    ClientHeartbeat,
    Debug,
    EndOfSession,
    Framer,
    LoginAccepted,
    LoginRejected,
    LoginRequest,
    LogoutRequest,
    SequencedData,
    ServerHeartbeat,
    SoupPacket,
    UnsequencedData,
)

# Real captures and constructed packets (reference §9.3).
GOLDEN: list[tuple[str, SoupPacket]] = [
    (
        "002f4c75736572202070617373776f72642020202020202020202020202020202020202020202020202020202020202030",
        LoginRequest("user", "password", "", 0),
    ),
    ("001f41313638393139323132312020202020202020202020202020202020313335", LoginAccepted("1689192121", 135)),
    ("000148", ServerHeartbeat()),
    ("000152", ClientHeartbeat()),
    ("00024a41", LoginRejected("A")),
    ("00015a", EndOfSession()),
    ("00014f", LogoutRequest()),
]

names = st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=6)
sequences = st.integers(0, (1 << 64) - 1)
packets = st.one_of(
    st.builds(Debug, st.text(st.characters(max_codepoint=255), max_size=40)),
    st.builds(LoginAccepted, names, sequences),
    st.builds(LoginRejected, st.sampled_from("AS")),
    st.builds(SequencedData, st.binary(max_size=80)),
    st.builds(UnsequencedData, st.binary(max_size=80)),
    st.builds(LoginRequest, names, names, names, sequences),
    st.sampled_from([ServerHeartbeat(), EndOfSession(), ClientHeartbeat(), LogoutRequest()]),
)


@pytest.mark.parametrize(("raw", "packet"), GOLDEN, ids=lambda item: type(item).__name__)
def test_golden_bytes_both_ways(raw: str, packet: SoupPacket) -> None:
    assert soup.decode(bytes.fromhex(raw)) == packet
    assert packet.encode().hex() == raw


@given(st.lists(packets, max_size=12), st.data())
def test_the_framer_finds_packets_in_any_pieces(sent: list[SoupPacket], data: st.DataObject) -> None:
    stream = b"".join(packet.encode() for packet in sent)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=10)))
    framer = Framer()
    received: list[SoupPacket] = []
    for start, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        received += framer.feed(stream[start:end])
    assert received == sent
    assert framer.pending == 0


@given(st.lists(st.binary(max_size=60) | packets.map(lambda packet: packet.encode()), max_size=5))
def test_any_bytes_become_packets_wait_or_are_a_protocol_error_within_them(chunks: list[bytes]) -> None:
    framer = Framer(max_length=4096)
    fed = 0
    received: list[SoupPacket] = []
    for chunk in chunks:
        fed += len(chunk)
        try:
            for packet in framer.feed(chunk):
                received.append(packet)  # noqa: PERF402  (those before a fault count)
        except ProtocolError as error:
            assert error.offset is not None
            assert 0 <= error.offset < framer.pending
            break
    assert sum(len(packet.encode()) for packet in received) + framer.pending == fed
    assert all(type(soup.decode(packet.encode())) is type(packet) for packet in received)


def test_good_packets_come_before_the_fault_and_the_fault_stays() -> None:
    framer = Framer()
    stream = framer.feed(ServerHeartbeat().encode() + b"\x00\x01?" + ServerHeartbeat().encode())
    assert next(stream) == ServerHeartbeat()
    with pytest.raises(UnknownTypeError):
        next(stream)
    with pytest.raises(UnknownTypeError):
        next(framer.feed(b""))


def test_what_is_not_taken_from_the_iterator_is_not_lost() -> None:
    framer = Framer()
    first = next(framer.feed(SequencedData(b"1").encode() + SequencedData(b"2").encode()))
    assert first == SequencedData(b"1")
    assert list(framer.feed(b"")) == [SequencedData(b"2")]


@pytest.mark.parametrize(
    ("raw", "error", "offset", "value"),
    [
        ("0000", LengthError, 0, 0),
        ("0101", LengthError, 0, 257),
        ("00013f", UnknownTypeError, 2, "?"),
        ("000248", LengthError, 0, 2),
        ("00034a41", LengthError, 0, 3),
        ("00024a42", EnumError, 3, "B"),
        ("00344c", LengthError, 0, 52),
    ],
)
def test_faults_are_named_as_soon_as_they_can_be_seen(
    raw: str, error: type[ProtocolError], offset: int, value: object
) -> None:
    with pytest.raises(error) as caught:
        list(Framer(max_length=256).feed(bytes.fromhex(raw)))
    assert (type(caught.value), caught.value.offset, caught.value.value) == (error, offset, value)


@pytest.mark.parametrize(
    "digits", ["                 135", "135                 ", "00000000000000000135", " 135 ".center(20)]
)
def test_numbers_are_accepted_justified_either_way(digits: str) -> None:
    raw = b"\0\x1fA" + b"  SESSION1" + digits.encode()
    assert soup.decode(raw) == LoginAccepted("SESSION1", 135)


@pytest.mark.parametrize("digits", ["", "-1", "+1", "1_0", "1 2", "99999999999999999999", "x"])
def test_numbers_that_are_none(digits: str) -> None:
    with pytest.raises(RangeError) as caught:
        soup.decode(b"\0\x1fA" + bytes(10) + digits.rjust(20).encode())
    assert caught.value.offset == 13


def test_text_that_is_not_ascii() -> None:
    raw = bytearray(LoginRequest("user", "password").encode())
    raw[4] = 0xFF
    with pytest.raises(RangeError, match="username"):
        soup.decode(bytes(raw))


def test_what_cannot_be_encoded() -> None:
    with pytest.raises(RangeError, match="username"):
        LoginRequest("seven77", "p").encode()
    with pytest.raises(RangeError, match="sequence number"):
        LoginAccepted("S", -1).encode()
    with pytest.raises(EnumError):
        LoginRejected("B").encode()
    with pytest.raises(RangeError, match="65534"):
        SequencedData(bytes(65_535)).encode()
    assert len(SequencedData(bytes(65_534)).encode()) == 65_537


def test_a_whole_packet_has_the_length_it_says() -> None:
    for raw in (b"", b"\0", b"\0\x01", b"\0\x02H", b"\0\x01HH"):
        with pytest.raises(LengthError):
            soup.decode(raw)


def test_credentials_know_no_case() -> None:
    request = LoginRequest("HFT1", "Secret1")
    assert request.matches("hft1", "SECRET1")
    assert not request.matches("hft1", "secret2")
