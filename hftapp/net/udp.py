"""UDP reception (RFC 768): lengths and checksum."""

import struct
from typing import Final, NamedTuple

from hftapp.net.checksum import word_sum

HEADER_SIZE: Final = 8

_HEADER = struct.Struct("!HHHH")


class Header(NamedTuple):
    """A UDP header with a possible length."""

    source_port: int
    destination_port: int
    length: int
    checksum: int


def decode(frame: bytes, start: int, end: int) -> Header | None:
    """Return the header of the datagram in `frame[start:end]`, None when its length is impossible.

    A UDP length below the IP payload's is legal: the rest is no part of the datagram.
    """
    if end - start < HEADER_SIZE:
        return None
    header = Header(*_HEADER.unpack_from(frame, start))
    if header.length < HEADER_SIZE or start + header.length > end:
        return None
    return header


def checksum_ok(frame: bytes, start: int, header: Header, pseudo: int) -> bool:
    """Say whether the checksum is right; 0 means that the sender made none (RFC 768).

    `pseudo` is `checksum.pseudo_header_sum` of the addresses.
    """
    if header.checksum == 0:
        return True
    return (word_sum(frame[start : start + header.length]) + pseudo + header.length) % 0xFFFF == 0
