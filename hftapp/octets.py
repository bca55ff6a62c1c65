"""Big-endian integers and copies in raw memory: what every codec on the trading path is made of.

Interpreted, memory is `bytes`, a `bytearray` or a `memoryview`; compiled, it is a pointer, and these functions are
inlined from `octets.pxd`. Both take the memory and an offset, so nothing is sliced and nothing is allocated. A compiled
module that uses them imports this one only when it is interpreted (`if not cython.compiled`).

The caller vouches for the bounds: a length is checked once where a message enters, not at every field.
"""

from typing import TypeAlias

Octets: TypeAlias = bytes | bytearray | memoryview
"""Memory that is read."""
Room: TypeAlias = bytearray | memoryview
"""Memory that is written."""


def be16(data: Octets, at: int) -> int:
    """Return 2 bytes at an offset as an unsigned integer."""
    return data[at] << 8 | data[at + 1]


def be32(data: Octets, at: int) -> int:
    """Return 4 bytes at an offset as an unsigned integer."""
    return data[at] << 24 | data[at + 1] << 16 | data[at + 2] << 8 | data[at + 3]


def be48(data: Octets, at: int) -> int:
    """Return 6 bytes at an offset as an unsigned integer."""
    return be16(data, at) << 32 | be32(data, at + 2)


def be64(data: Octets, at: int) -> int:
    """Return 8 bytes at an offset as an unsigned integer."""
    return be32(data, at) << 32 | be32(data, at + 4)


def put16(room: Room, at: int, value: int) -> None:
    """Write the low 2 bytes of a number."""
    room[at] = value >> 8 & 0xFF
    room[at + 1] = value & 0xFF


def put32(room: Room, at: int, value: int) -> None:
    """Write the low 4 bytes of a number."""
    put16(room, at, value >> 16)
    put16(room, at + 2, value)


def put48(room: Room, at: int, value: int) -> None:
    """Write the low 6 bytes of a number."""
    put16(room, at, value >> 32)
    put32(room, at + 2, value)


def put64(room: Room, at: int, value: int) -> None:
    """Write the low 8 bytes of a number."""
    put32(room, at, value >> 32)
    put32(room, at + 4, value)


def copy(room: Room, to: int, data: Octets, at: int, length: int) -> None:
    """Copy `length` bytes; the two must not overlap."""
    room[to : to + length] = data[at : at + length]


def equal(one: Octets, at: int, other: Octets, start: int, length: int) -> bool:
    """Return whether `length` bytes are the same."""
    return bytes(one[at : at + length]) == bytes(other[start : start + length])
