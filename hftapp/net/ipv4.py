"""IPv4 headers (RFC 791): written without options but for Router Alert, read with any."""

import struct
from typing import Final, NamedTuple

from hftapp.net.checksum import checksum, word_sum

IGMP: Final = 2
TCP: Final = 6
UDP: Final = 17
HEADER_SIZE: Final = 20
DONT_FRAGMENT: Final = 0x4000
FRAGMENT_MASK: Final = 0x3FFF
"""More-fragments flag and fragment offset: not zero in every fragment."""
TTL: Final = 64
LIMITED_BROADCAST: Final = 0xFFFFFFFF

_HEADER = struct.Struct("!BBHHHBBHII")


class Packet(NamedTuple):
    """Where a valid IPv4 packet's parts are in its frame; addresses are integers, offsets count frame bytes."""

    protocol: int
    source: int
    destination: int
    start: int
    end: int
    fragment: bool


def decode(frame: bytes, offset: int) -> Packet | None:
    """Return the parts of the IPv4 packet at `offset`, None when version or lengths are impossible.

    The checksum is the caller's business (`header_ok`); padding after the packet is tolerated.
    """
    if len(frame) < offset + HEADER_SIZE:
        return None
    version_ihl, _, total, _, fragment, _, protocol, _, source, destination = _HEADER.unpack_from(frame, offset)
    size = (version_ihl & 0x0F) * 4
    if version_ihl >> 4 != 4 or size < HEADER_SIZE or total < size or offset + total > len(frame):
        return None
    return Packet(protocol, source, destination, offset + size, offset + total, bool(fragment & FRAGMENT_MASK))


def header_ok(frame: bytes, offset: int, start: int) -> bool:
    """Say whether the header checksum over `frame[offset:start]` is right."""
    return word_sum(frame[offset:start]) == 0


def header(
    source: int,
    destination: int,
    protocol: int,
    payload_size: int,
    *,
    ttl: int = TTL,
    tos: int = 0,
    options: bytes = b"",
) -> bytes:
    """Return a header with checksum; `options` has a multiple of 4 bytes.

    Every packet is sent whole with Don't Fragment, so the identification may be 0 (RFC 6864 §4.1).
    """
    size = HEADER_SIZE + len(options)
    version_ihl = 0x40 | size // 4
    total = size + payload_size
    raw = _HEADER.pack(version_ihl, tos, total, 0, DONT_FRAGMENT, ttl, protocol, 0, source, destination) + options
    return raw[:10] + checksum(word_sum(raw)).to_bytes(2, "big") + raw[12:]


def is_multicast(address: int) -> bool:
    """Say whether an address is in 224.0.0.0/4."""
    return address >> 28 == 0xE
