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


@given(st.binary(max_size=80), st.sampled_from([LINK_ETHERNET, LINK_RAW]))
def test_random_bytes_never_raise(frame: bytes, link_type: int) -> None:
    udp_datagram(frame, link_type)
