"""What the switch reads in a frame: addresses, the UDP destination, IGMP reports.

Offsets count from byte 0 of the Ethernet frame (no FCS). One 802.1Q tag is looked through. Nothing here raises on
hostile bytes: a frame that is not what is asked for gives `None`.
"""

from enum import Enum
from typing import NamedTuple

ETHERNET_HEADER = 14
MIN_FRAME = ETHERNET_HEADER
MAX_FRAME = 9_018  # a jumbo frame with its header, without FCS

_ETHERTYPE_IPV4 = b"\x08\x00"
_ETHERTYPE_VLAN = b"\x81\x00"
_PROTOCOL_IGMP = 2
_PROTOCOL_UDP = 17
_FRAGMENT_OFFSET = 0x1FFF

# RFC 2236 §2.1, RFC 3376 §4
_IGMP_QUERY = 0x11
_IGMP_V1_REPORT = 0x12
_IGMP_V2_REPORT = 0x16
_IGMP_LEAVE = 0x17
_IGMP_V3_REPORT = 0x22

# RFC 3376 §4.2.12
_MODE_IS_INCLUDE = 1
_MODE_IS_EXCLUDE = 2
_CHANGE_TO_INCLUDE = 3
_CHANGE_TO_EXCLUDE = 4
_ALLOW_NEW_SOURCES = 5


class Membership(Enum):
    """What an IGMP report says about one group."""

    JOIN = "join"
    LEAVE = "leave"


class UdpDestination(NamedTuple):
    """Where a UDP datagram goes: IPv4 address as an integer, port, and the bytes of payload it announces."""

    address: int
    port: int
    payload: int


class Igmp(NamedTuple):
    """An IGMP message: a query (from a multicast router), or membership changes `(group, change)`."""

    query: bool
    changes: tuple[tuple[int, Membership], ...]


def ipv4_offset(frame: bytes) -> int | None:
    """Where the IPv4 header starts, or None when the frame carries no whole one (RFC 791 §3.1)."""
    kind = frame[12:14]
    start = ETHERNET_HEADER
    if kind == _ETHERTYPE_VLAN:
        kind = frame[16:18]
        start += 4
    if kind != _ETHERTYPE_IPV4 or len(frame) < start + 20:
        return None
    version_ihl = frame[start]
    if version_ihl >> 4 != 4 or version_ihl & 15 < 5 or len(frame) < start + (version_ihl & 15) * 4:
        return None
    return start


def ipv4_destination(frame: bytes) -> int | None:
    """The IPv4 destination address as an integer, or None."""
    start = ipv4_offset(frame)
    return None if start is None else int.from_bytes(frame[start + 16 : start + 20], "big")


def udp_destination(frame: bytes) -> UdpDestination | None:
    """Where the frame's UDP datagram goes, or None: no UDP, a later fragment, or cut off in the header."""
    start = ipv4_offset(frame)
    if start is None or frame[start + 9] != _PROTOCOL_UDP:
        return None
    if int.from_bytes(frame[start + 6 : start + 8], "big") & _FRAGMENT_OFFSET:
        return None
    udp = start + (frame[start] & 15) * 4
    if len(frame) < udp + 8:
        return None
    return UdpDestination(
        int.from_bytes(frame[start + 16 : start + 20], "big"),
        int.from_bytes(frame[udp + 2 : udp + 4], "big"),
        max(0, int.from_bytes(frame[udp + 4 : udp + 6], "big") - 8),
    )


def igmp_message(frame: bytes) -> Igmp | None:
    """The frame's IGMP message, or None when it has none or a broken one (length, checksum)."""
    start = ipv4_offset(frame)
    if start is None or frame[start + 9] != _PROTOCOL_IGMP:
        return None
    end = start + int.from_bytes(frame[start + 2 : start + 4], "big")
    message = frame[start + (frame[start] & 15) * 4 : end]
    if end > len(frame) or len(message) < 8 or internet_checksum(message) != 0:
        return None
    kind = message[0]
    group = int.from_bytes(message[4:8], "big")
    if kind == _IGMP_QUERY:
        return Igmp(True, ())
    if kind in (_IGMP_V1_REPORT, _IGMP_V2_REPORT):
        return Igmp(False, ((group, Membership.JOIN),))
    if kind == _IGMP_LEAVE:
        return Igmp(False, ((group, Membership.LEAVE),))
    if kind == _IGMP_V3_REPORT:
        return Igmp(False, _v3_changes(message))
    return None


def _v3_changes(message: bytes) -> tuple[tuple[int, Membership], ...]:
    """Group records of a version 3 report (RFC 3376 §4.2); a record that runs over the end stops the walk."""
    changes: list[tuple[int, Membership]] = []
    offset = 8
    for _ in range(int.from_bytes(message[6:8], "big")):
        if offset + 8 > len(message):
            break
        kind = message[offset]
        sources = int.from_bytes(message[offset + 2 : offset + 4], "big")
        group = int.from_bytes(message[offset + 4 : offset + 8], "big")
        # A layer-2 switch keeps no source lists: any wanted source makes the port a listener.
        if kind in (_MODE_IS_EXCLUDE, _CHANGE_TO_EXCLUDE) or (
            sources and kind in (_MODE_IS_INCLUDE, _CHANGE_TO_INCLUDE, _ALLOW_NEW_SOURCES)
        ):
            changes.append((group, Membership.JOIN))
        elif kind in (_MODE_IS_INCLUDE, _CHANGE_TO_INCLUDE):
            changes.append((group, Membership.LEAVE))
        offset += 8 + sources * 4 + message[offset + 1] * 4
    return tuple(changes)


def internet_checksum(data: bytes) -> int:
    """The one's complement checksum of RFC 1071 over `data`; 0 when it covers its own correct checksum field."""
    if len(data) & 1:
        data += b"\0"
    total = 0
    for index in range(0, len(data), 2):
        total += data[index] << 8 | data[index + 1]
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF
