"""Finds the UDP datagram in a captured frame: Ethernet with VLAN tags, or raw IPv4 (RFC 791, RFC 768).

Tools for captures need no more; checksums are not looked at, for capturing machines leave them to the NIC.
"""

from ipaddress import IPv4Address
from typing import Final, NamedTuple

LINK_ETHERNET: Final = 1
LINK_RAW: Final = 101

_ETHERTYPE_IPV4: Final = 0x0800
_ETHERTYPES_VLAN: Final = (0x8100, 0x88A8)
_PROTOCOL_UDP: Final = 17


class UdpDatagram(NamedTuple):
    """Where a datagram came from, where it went to, and what it carried."""

    source: IPv4Address
    source_port: int
    destination: IPv4Address
    destination_port: int
    payload: bytes


def udp_datagram(frame: bytes, link_type: int) -> UdpDatagram | None:
    """Return the datagram of a frame, None for anything else: other protocols, fragments, cut or malformed frames."""
    if link_type == LINK_RAW:
        return _from_ipv4(frame)
    if link_type != LINK_ETHERNET:
        return None
    offset = 12
    while (ethertype := int.from_bytes(frame[offset : offset + 2], "big")) in _ETHERTYPES_VLAN:
        offset += 4
    return _from_ipv4(frame[offset + 2 :]) if ethertype == _ETHERTYPE_IPV4 else None


def _from_ipv4(packet: bytes) -> UdpDatagram | None:
    if len(packet) < 20 or packet[0] >> 4 != 4 or packet[9] != _PROTOCOL_UDP:
        return None
    header, total = 4 * (packet[0] & 15), int.from_bytes(packet[2:4], "big")
    fragmented = int.from_bytes(packet[6:8], "big") & 0x3FFF
    if header < 20 or fragmented or not header + 8 <= total <= len(packet):
        return None
    udp = packet[header:total]
    length = int.from_bytes(udp[4:6], "big")
    if not 8 <= length <= len(udp):
        return None
    ports = int.from_bytes(udp[0:2], "big"), int.from_bytes(udp[2:4], "big")
    return UdpDatagram(IPv4Address(packet[12:16]), ports[0], IPv4Address(packet[16:20]), ports[1], udp[8:length])
