"""Words of a capture file in either byte order, and the heads of its packets: what reader and writer are made of.

Interpreted, memory is `bytes`-like; compiled, it is a pointer, and these functions are inlined from `pcap_words.pxd`.
The caller vouches for the bounds.
"""

import struct
from typing import Any, Final, TypeAlias, TypeVar

Octets: TypeAlias = bytes | bytearray | memoryview
"""Memory that is read."""

T = TypeVar("T", bound=tuple[Any, ...])

_ENHANCED: Final = struct.Struct("<7I")
_FLAGS_TRAILER: Final = struct.Struct("<HHIII")
_RECORD: Final = struct.Struct("<4I")


def pointer(data: Octets) -> Octets:
    """Return where the memory begins; compiled, it must not be used longer than the memory is held."""
    return data


def word16(data: Octets, at: int, big: bool) -> int:
    """Return 2 bytes at an offset as an unsigned integer."""
    return int.from_bytes(data[at : at + 2], "big" if big else "little")


def word32(data: Octets, at: int, big: bool) -> int:
    """Return 4 bytes at an offset as an unsigned integer."""
    return int.from_bytes(data[at : at + 4], "big" if big else "little")


def put_enhanced(room: bytearray, at: int, total: int, time: int, length: int) -> None:
    """Write the 28 bytes in front of the packet of an enhanced packet block, little-endian, interface 0."""
    _ENHANCED.pack_into(room, at, 6, total, 0, time >> 32, time & 0xFFFFFFFF, length, length)


def put_trailer(room: bytearray, at: int, padding: int, direction: int, total: int) -> None:
    """Write what follows a packet: padding, the option `epb_flags`, the end of options, the length once more."""
    room[at : at + padding] = bytes(padding)
    _FLAGS_TRAILER.pack_into(room, at + padding, 2, 4, direction, 0, total)


def put_record(room: bytearray, at: int, time: int, length: int) -> None:
    """Write the 16 bytes in front of the packet of a pcap record with nanoseconds, little-endian."""
    seconds, fraction = divmod(time, 1_000_000_000)
    _RECORD.pack_into(room, at, seconds, fraction, length, length)


def put_bytes(room: bytearray, at: int, data: bytes, length: int) -> None:
    """Copy `length` bytes of data."""
    room[at : at + length] = data


def frame_of(make: type[T], time: int, link: int, data: Octets, start: int, length: int) -> T:
    """Make a `make`, a NamedTuple of three, of time, link type and a copy of `length` bytes."""
    return tuple.__new__(make, (time, link, bytes(data[start : start + length])))
