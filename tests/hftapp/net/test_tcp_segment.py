from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP

from hftapp.net import checksum, tcp_segment
from hftapp.net.tcp_segment import ACK, FIN, PSH, RST, SYN, Segment

PSEUDO = checksum.pseudo_header_sum(0x0A14000A, 0x0A140001, 6)


def scapys(**fields: Any) -> bytes:
    """Return the TCP part of a packet of ours as scapy builds it."""
    payload = fields.pop("payload", b"")
    return bytes(IP(src="10.20.0.10", dst="10.20.0.1") / TCP(sport=50000, dport=24000, **fields) / payload)[20:]


def test_syn_is_what_scapy_builds() -> None:
    ours = tcp_segment.encode(50000, 24000, Segment(1, 0, SYN, 65535, 1460, 3, b"", True), PSEUDO)
    options = [("MSS", 1460), ("NOP", None), ("WScale", 3), ("NOP", None), ("NOP", None), ("SAckOK", b"")]
    assert ours == scapys(seq=1, flags="S", window=65535, options=options)


def test_data_is_what_scapy_builds() -> None:
    ours = tcp_segment.encode(50000, 24000, Segment(5, 9, ACK | PSH, 1000, 0, -1, b"odd"), PSEUDO)
    assert ours == scapys(seq=5, ack=9, flags="PA", window=1000, payload=b"odd")


def test_selective_acknowledgement_is_what_scapy_builds() -> None:
    ours = tcp_segment.encode(50000, 24000, Segment(5, 9, ACK, 1, 0, -1, b"", False, ((20, 30), (40, 50))), PSEUDO)
    options = [("NOP", None), ("NOP", None), ("SAck", (20, 30, 40, 50))]
    assert ours == scapys(seq=5, ack=9, flags="A", window=1, options=options)


@given(
    st.builds(
        Segment,
        st.integers(0, 0xFFFFFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.integers(0, 0x3F),
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFFFF),
        st.integers(-1, 14),
        st.binary(max_size=50),
        st.booleans(),
        st.just(()),
    )
)
def test_decode_returns_what_was_encoded(segment: Segment) -> None:
    raw = tcp_segment.encode(1, 2, segment, PSEUDO)
    assert (checksum.word_sum(raw) + PSEUDO + len(raw)) % 0xFFFF == 0
    assert tcp_segment.decode(b"xx" + raw + b"yy", 2, 2 + len(raw)) == segment


@pytest.mark.parametrize(
    ("options", "decoded"),
    [
        ("00000000", (0, -1, False)),
        ("01010100", (0, -1, False)),
        ("0204 05b4", (1460, -1, False)),
        ("0303 ff 00", (0, 14, False)),
        ("fe04 0000", (0, -1, False)),
        ("080a 0000000100000002 0402", (0, -1, True)),
        ("0200 0000", None),
        ("0201 0000", None),
        ("0205 0000", None),
        ("010101 02", None),
    ],
)
def test_options(options: str, decoded: tuple[int, int, bool] | None) -> None:
    raw = bytes.fromhex(options)
    head = bytearray(tcp_segment.encode(1, 2, Segment(0, 0, ACK, 0, 0, -1, raw), PSEUDO))
    head[12] = (20 + len(raw)) << 2
    segment = tcp_segment.decode(bytes(head), 0, len(head))
    found = segment and (segment.mss, segment.window_shift, segment.sack_permitted)
    assert found == decoded


@pytest.mark.parametrize("offset", [0x00, 0x40, 0x60])
def test_impossible_header_lengths(offset: int) -> None:
    raw = bytearray(tcp_segment.encode(1, 2, Segment(0, 0, ACK, 0, 0, -1, b""), PSEUDO))
    raw[12] = offset
    assert tcp_segment.decode(bytes(raw), 0, 20) is None
    assert tcp_segment.decode(bytes(raw), 0, 19) is None


def test_reset_for_a_stranger() -> None:
    """RFC 9293 §3.10.7.1."""
    assert tcp_segment.reset_for(Segment(7, 9, ACK, 0, 0, -1, b"")) == Segment(9, 0, RST, 0, 0, -1, b"")
    syn = Segment(0xFFFFFFFF, 0, SYN | FIN, 0, 0, -1, b"ab")
    assert tcp_segment.reset_for(syn) == Segment(0, 3, RST | ACK, 0, 0, -1, b"")
