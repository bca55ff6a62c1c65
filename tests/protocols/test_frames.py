"""UDP datagrams in frames, with scapy as the one that builds them."""

from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Dot1Q, Ether
from scapy.packet import Packet, Raw

from protocols.frames import LINK_ETHERNET, LINK_RAW, UdpDatagram, udp_datagram

ETHER = Ether(src="52:54:00:00:00:01", dst="01:00:5e:14:00:01")
DATAGRAM = IP(src="10.20.0.1", dst="239.20.0.1") / UDP(sport=40_000, dport=26_401) / Raw(b"payload")
EXPECTED = UdpDatagram(IPv4Address("10.20.0.1"), 40_000, IPv4Address("239.20.0.1"), 26_401, b"payload")


@pytest.mark.parametrize(
    "frame",
    [
        ETHER / DATAGRAM,
        ETHER / Dot1Q(vlan=7) / DATAGRAM,
        ETHER / Dot1Q(vlan=7) / Dot1Q(vlan=8) / DATAGRAM,
        ETHER / DATAGRAM / Raw(b""),
    ],
)
def test_datagrams_are_found_under_vlan_tags(frame: Packet) -> None:
    assert udp_datagram(bytes(frame), LINK_ETHERNET) == EXPECTED
    assert udp_datagram(bytes(frame) + bytes(10), LINK_ETHERNET) == EXPECTED


def test_raw_ip_and_ip_options() -> None:
    assert udp_datagram(bytes(DATAGRAM), LINK_RAW) == EXPECTED
    with_options = IP(src="10.20.0.1", dst="239.20.0.1", options=b"\x94\x04\0\0") / DATAGRAM[UDP]
    assert udp_datagram(bytes(with_options), LINK_RAW) == EXPECTED


@pytest.mark.parametrize(
    "frame",
    [
        ETHER / ARP(psrc="10.0.0.1", pdst="10.0.0.2", hwsrc="52:54:00:00:00:01"),
        ETHER / IP(src="10.0.0.1", dst="10.0.0.2") / TCP(),
        ETHER / IP(src="10.0.0.1", dst="10.0.0.2") / ICMP(),
        ETHER / IP(src="10.0.0.1", dst="10.0.0.2", flags="MF") / UDP() / Raw(b"x"),
        ETHER / IP(src="10.0.0.1", dst="10.0.0.2", frag=1) / UDP() / Raw(b"x"),
        ETHER / IPv6(src="fe80::1", dst="fe80::2") / UDP() / Raw(b"x"),
        ETHER / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(len=7),
        ETHER / IP(src="10.0.0.1", dst="10.0.0.2") / UDP(len=9),
    ],
)
def test_everything_else_is_none(frame: Packet) -> None:
    assert udp_datagram(bytes(frame), LINK_ETHERNET) is None


def test_cut_frames_and_other_links_are_none() -> None:
    raw = bytes(ETHER / DATAGRAM)
    for size in range(len(raw)):
        assert udp_datagram(raw[:size], LINK_ETHERNET) is None
    assert udp_datagram(raw, 105) is None


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A good frame with a few bytes replaced, cut or extended."""
    frame = bytearray(draw(st.sampled_from([bytes(ETHER / DATAGRAM), bytes(ETHER / Dot1Q(vlan=7) / DATAGRAM)])))
    for _ in range(draw(st.integers(0, 3))):
        frame[draw(st.integers(0, len(frame) - 1))] = draw(st.integers(0, 255))
    return bytes(frame[: draw(st.integers(0, 80))]) + draw(st.binary(max_size=4))


@given(st.binary(max_size=80) | damaged(), st.sampled_from([LINK_ETHERNET, LINK_RAW]))
def test_any_bytes_give_none_or_a_datagram_that_is_in_them(frame: bytes, link_type: int) -> None:
    found = udp_datagram(frame, link_type)
    if found is None:
        return
    addresses = found.source.packed + found.destination.packed
    ports = found.source_port.to_bytes(2, "big") + found.destination_port.to_bytes(2, "big")
    udp = ports + (8 + len(found.payload)).to_bytes(2, "big")
    assert addresses in frame[12:]
    assert any(frame[at:].startswith(udp) and frame[at + 8 :].startswith(found.payload) for at in range(20, len(frame)))
