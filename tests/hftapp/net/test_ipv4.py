import pytest
from scapy.layers.inet import IP

from hftapp.net import ipv4

SOURCE, DESTINATION = 0x0A14000A, 0xE0000016


def test_header_is_what_scapy_builds() -> None:
    theirs = bytes(IP(src="10.20.0.10", dst="224.0.0.22", proto=6, id=0, flags="DF", ttl=64, len=120))
    assert ipv4.header(SOURCE, DESTINATION, ipv4.TCP, 100) == theirs


def test_decode_finds_the_parts_and_tolerates_padding_and_options() -> None:
    raw = ipv4.header(SOURCE, DESTINATION, 2, 8, ttl=1, options=b"\x94\x04\x00\x00")
    frame = bytes(14) + raw + b"payload!" + bytes(20)
    packet = ipv4.decode(frame, 14)
    assert packet == ipv4.Packet(2, SOURCE, DESTINATION, 38, 46, False)
    assert frame[packet.start : packet.end] == b"payload!"
    assert ipv4.header_ok(frame, 14, packet.start)


@pytest.mark.parametrize(
    ("place", "value"),
    [(0, 0x65), (0, 0x44), (0, 0x4F), (2, 0xFF), (3, 19)],
    ids=["version 6", "header of 16 bytes", "header beyond the total", "longer than the frame", "total below header"],
)
def test_impossible_lengths(place: int, value: int) -> None:
    raw = bytearray(ipv4.header(SOURCE, DESTINATION, 17, 8) + bytes(8))
    raw[place] = value
    assert ipv4.decode(bytes(raw), 0) is None


@pytest.mark.parametrize(("flags", "fragment"), [(0x4000, False), (0x2000, True), (0x0001, True), (0x8000, False)])
def test_fragments_are_recognised(flags: int, fragment: bool) -> None:
    raw = bytearray(ipv4.header(SOURCE, DESTINATION, 17, 0))
    raw[6:8] = flags.to_bytes(2, "big")
    packet = ipv4.decode(bytes(raw), 0)
    assert packet is not None
    assert packet.fragment is fragment


def test_short_frame() -> None:
    assert ipv4.decode(bytes(19), 0) is None
