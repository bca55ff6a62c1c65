"""Ethernet II framing (IEEE 802.3 §3.2.6 type encoding) and 802.1Q tags."""

import struct
from typing import Final

ARP: Final = 0x0806
IPV4: Final = 0x0800
VLAN: Final = 0x8100
HEADER_SIZE: Final = 14
TAG_SIZE: Final = 4
BROADCAST: Final = b"\xff\xff\xff\xff\xff\xff"

_TAG = struct.Struct("!HH")


def header(destination: bytes, source: bytes, ethertype: int, vlan: int = 0) -> bytes:
    """Return an Ethernet header; `vlan` 1..4094 adds an 802.1Q tag with priority 0, 0 adds none."""
    if vlan:
        return destination + source + _TAG.pack(VLAN, vlan) + ethertype.to_bytes(2, "big")
    return destination + source + ethertype.to_bytes(2, "big")


def multicast_mac(group: int) -> bytes:
    """Return the Ethernet address of an IPv4 group: 01:00:5e and its low 23 bits (RFC 1112 §6.4)."""
    return (0x01005E000000 | (group & 0x7FFFFF)).to_bytes(6, "big")


def tag_vlan(frame: bytes) -> int:
    """Return the VLAN identifier 0..4095 of a tagged frame of at least 18 bytes."""
    return int.from_bytes(frame[14:16], "big") & 0x0FFF


def strip_tag(frame: bytes) -> bytes:
    """Return a tagged frame without its 802.1Q tag."""
    return frame[:12] + frame[16:]
