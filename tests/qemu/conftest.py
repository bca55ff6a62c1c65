"""Frames for the switch's tests."""

import struct
from collections.abc import Callable
from ipaddress import IPv4Address

import pytest

from qemu.switch.frames import internet_checksum

Ethernet = Callable[..., bytes]


def _ipv4(protocol: int, destination: str, payload: bytes, options: bytes = b"") -> bytes:
    header = struct.pack(
        "!BBHHHBBH4s4s",
        0x40 | (20 + len(options)) // 4,
        0,
        20 + len(options) + len(payload),
        0,
        0,
        1,
        protocol,
        0,
        IPv4Address("10.20.0.1").packed,
        IPv4Address(destination).packed,
    )
    return header + options + payload


def _group_mac(group: str) -> bytes:
    packed = IPv4Address(group).packed
    return bytes([1, 0, 0x5E, packed[1] & 0x7F, packed[2], packed[3]])


@pytest.fixture
def ethernet() -> Ethernet:
    """Builds a frame from destination and source (last octet of 02:00:00:00:00:XX, or bytes) and a payload."""

    def build(destination: int | bytes, source: int, payload: bytes = b"", ethertype: int = 0x88B5) -> bytes:
        station = destination if isinstance(destination, bytes) else bytes([2, 0, 0, 0, 0, destination])
        return station + bytes([2, 0, 0, 0, 0, source]) + struct.pack("!H", ethertype) + payload

    return build


@pytest.fixture
def udp(ethernet: Ethernet) -> Ethernet:
    """Builds a multicast UDP frame to a group and port, from a station."""

    def build(group: str, port: int, source: int = 1, payload: bytes = b"tick") -> bytes:
        datagram = struct.pack("!HHHH", 5000, port, 8 + len(payload), 0) + payload
        return ethernet(_group_mac(group), source, _ipv4(17, group, datagram), 0x0800)

    return build


@pytest.fixture
def igmp(ethernet: Ethernet) -> Ethernet:
    """Builds an IGMP frame from a station; the message's checksum is filled in."""

    def build(message: bytes, source: int, destination: str = "224.0.0.22") -> bytes:
        checksum = internet_checksum(message[:2] + b"\0\0" + message[4:])
        whole = message[:2] + struct.pack("!H", checksum) + message[4:]
        packet = _ipv4(2, destination, whole, options=b"\x94\x04\0\0")
        return ethernet(_group_mac(destination), source, packet, 0x0800)

    return build


@pytest.fixture
def v3_report() -> Callable[..., bytes]:
    """Builds an IGMPv3 report (RFC 3376 §4.2) of records (type, group, sources)."""

    def build(*records: tuple[int, str, int]) -> bytes:
        body = b"".join(
            struct.pack("!BBH4s", kind, 0, sources, IPv4Address(group).packed) + bytes(4 * sources)
            for kind, group, sources in records
        )
        return struct.pack("!BBHHH", 0x22, 0, 0, 0, len(records)) + body

    return build
