"""Segments as they are on the wire: what we send is what scapy builds, what we read is what was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import IP, TCP

from hftapp.net import checksum, tcp_segment
from hftapp.net.sequence import seq_add
from tests.hftapp.net import segments
from tests.hftapp.net.segments import ACK, FIN, RST, SYN, Segment

if TYPE_CHECKING:
    from tests.hftapp.net.conftest import ScriptedPeer

PSEUDO = checksum.pseudo_header_sum(0x0A14000A, 0x0A140001, 6)
HEAD = 14


def scapys(**fields: Any) -> bytes:
    """Return our packet as scapy builds it."""
    payload = fields.pop("payload", b"")
    head = IP(src="10.20.0.10", dst="10.20.0.1", flags="DF", id=0)
    return bytes(head / TCP(sport=50000, dport=24000, **fields) / payload)


def test_syn_is_what_scapy_builds(make_peer: Callable[..., ScriptedPeer]) -> None:
    options = [("MSS", 1460), ("NOP", None), ("WScale", 3), ("NOP", None), ("NOP", None), ("SAckOK", b"")]
    (frame,) = make_peer(iss=1).frames()
    assert frame[HEAD:] == scapys(seq=1, flags="S", window=65535, options=options)


@pytest.mark.parametrize("payload", [b"odd", b"even", bytes(1000)])
def test_data_is_what_scapy_builds(peer: ScriptedPeer, payload: bytes) -> None:
    peer.client.send(payload, peer.now)
    (frame,) = peer.frames()
    assert frame[HEAD:] == scapys(seq=peer.seen, ack=peer.next, flags="PA", window=65535, payload=payload)


def test_selective_acknowledgement_is_what_scapy_builds(make_peer: Callable[..., ScriptedPeer]) -> None:
    """RFC 2018 §3 and §4: the latest run first."""
    peer = make_peer()
    peer.establish(sack=True)
    hole = peer.next
    blocks = [seq_add(hole, distance) for distance in (10, 20, 50, 60)]
    peer.send(data=bytes(10), at=blocks[0])
    peer.send(data=bytes(10), at=blocks[2])
    frame = peer.frames()[-1]
    options = [("NOP", None), ("NOP", None), ("SAck", (*blocks[2:], *blocks[:2]))]
    assert frame[HEAD:] == scapys(seq=peer.seen, ack=hole, flags="A", window=65535, options=options)


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
def test_read_returns_what_was_encoded(segment: Segment) -> None:
    raw = segments.encode(1, 2, segment, PSEUDO)
    assert (checksum.word_sum(raw) + PSEUDO + len(raw)) % 0xFFFF == 0
    found = tcp_segment.Segment()
    assert found.read(b"xx" + raw + b"yy", 2, 2 + len(raw))
    assert (found.sequence, found.acknowledgement, found.flags, found.window) == segment[:4]
    assert (found.mss, found.window_shift, found.sack_permitted) == (segment.mss, segment.window_shift, segment[7])
    assert found.frame[found.data_at : found.data_at + found.data_length] == segment.data
    assert found.length() == segment.length


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
    head = bytearray(segments.encode(1, 2, Segment(0, 0, ACK, 0, 0, -1, raw), PSEUDO))
    head[12] = (20 + len(raw)) << 2
    segment = tcp_segment.Segment()
    good = segment.read(bytes(head), 0, len(head))
    found = (segment.mss, segment.window_shift, segment.sack_permitted) if good else None
    assert found == decoded


@pytest.mark.parametrize("offset", [0x00, 0x40, 0x60])
def test_impossible_header_lengths(offset: int) -> None:
    raw = bytearray(segments.encode(1, 2, Segment(0, 0, ACK, 0, 0, -1, b""), PSEUDO))
    raw[12] = offset
    segment = tcp_segment.Segment()
    assert not segment.read(bytes(raw), 0, 20)
    assert not segment.read(bytes(raw), 0, 19)


def test_reset_for_a_stranger() -> None:
    """RFC 9293 §3.10.7.1."""
    segment = tcp_segment.Segment()
    for theirs, answer in (
        (Segment(7, 9, ACK, 0, 0, -1, b""), (9, 0, RST)),
        (Segment(0xFFFFFFFF, 0, SYN | FIN, 0, 0, -1, b"ab"), (0, 3, RST | ACK)),
    ):
        raw = segments.encode(1, 2, theirs, PSEUDO)
        assert segment.read(raw, 0, len(raw))
        assert tcp_segment.reset_for(segment) == answer
        reset = segments.decode(tcp_segment.encode_reset(2, 1, segment, PSEUDO), 0, 20)
        assert reset is not None
        assert reset[:3] == answer
