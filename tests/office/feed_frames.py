"""Frames of a feed for captures: MoldUDP64 in UDP, on two lines, and whatever else a network carries."""

import struct
from collections.abc import Sequence
from ipaddress import IPv4Address
from pathlib import Path

from protocols import mold
from protocols.pcap_write import OUTBOUND, PcapngWriter

TIME = 1_795_000_000_000_000_000
A, B = ("239.20.0.1", 26401), ("239.20.0.2", 26402)
SESSION = "TODAY"


def udp(payload: bytes, to: tuple[str, int] = A, source: str = "10.20.0.1", *, tags: int = 0) -> bytes:
    """An Ethernet frame; `tags`: how many VLAN tags it has."""
    total = 28 + len(payload)
    ends = IPv4Address(source).packed + IPv4Address(to[0]).packed
    head = struct.pack(">BBHHHBBH", 0x45, 0, total, 0, 0, 64, 17, 0) + ends
    datagram = struct.pack(">HHHH", 5000, to[1], 8 + len(payload), 0) + payload
    return bytes(12) + b"\x81\x00\x00\x05" * tags + b"\x08\x00" + head + datagram


def tcp(payload: bytes, sequence: int, source: tuple[str, int], to: tuple[str, int], flags: int = 24) -> bytes:
    """An Ethernet frame with a segment."""
    ends = IPv4Address(source[0]).packed + IPv4Address(to[0]).packed
    head = struct.pack(">BBHHHBBH", 0x45, 0, 40 + len(payload), 0, 0, 64, 6, 0) + ends
    segment = struct.pack(">HHIIBBHHH", source[1], to[1], sequence, 0, 0x50, flags, 1000, 0, 0)
    return bytes(12) + b"\x08\x00" + head + segment + payload


def packet(first: int, *messages: bytes, session: str = SESSION) -> bytes:
    """A MoldUDP64 packet."""
    return mold.encode_packet(session, first, messages)


def write(path: Path, frames: Sequence[bytes], step: int = 1000) -> Path:
    """A capture with these frames, a microsecond apart."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with PcapngWriter(path, "trader") as writer:
        for number, frame in enumerate(frames):
            writer.write(OUTBOUND, frame, TIME + number * step)
    return path
