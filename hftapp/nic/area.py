"""Memory that a port shares with a kernel, a card or another port: its parts, and words of this machine's byte order.

Interpreted an area is a `memoryview`, and a part of it ends where its frame ends: whoever reads past it is found out.
Compiled both are pointers, and the functions are inlined from `area.pxd`.

`acquire32` and `release32` are the two sides of a ring: what was written before a `release32` is seen after the
`acquire32` that sees its value. Interpreted both rely on x86-64, where stores of one core are seen in their order.
"""

import mmap
import struct
from typing import Final

from hftapp.octets import Octets

_WORD16: Final = struct.Struct("=H")
_WORD64: Final = struct.Struct("=Q")
_WORD32: Final = struct.Struct("@I")
"""Native, not "=": an aligned word is then stored in one piece, which the other side of a ring must see."""


def base(memory: bytearray | mmap.mmap) -> memoryview:
    """Return the area of a writable object that keeps its size; compiled its address, so keep the object alive."""
    return memoryview(memory)


def part(area: memoryview, at: int, length: int) -> memoryview:
    """Return `length` bytes of an area from an offset, in place."""
    return area[at : at + length]


def word16(area: Octets, at: int) -> int:
    """Return 2 bytes as an unsigned integer."""
    found: int = _WORD16.unpack_from(area, at)[0]
    return found


def word32(area: Octets, at: int) -> int:
    """Return 4 bytes as an unsigned integer."""
    found: int = _WORD32.unpack_from(area, at)[0]
    return found


def word64(area: Octets, at: int) -> int:
    """Return 8 bytes as an unsigned integer."""
    found: int = _WORD64.unpack_from(area, at)[0]
    return found


def put_word32(area: memoryview, at: int, value: int) -> None:
    """Write an unsigned integer of 4 bytes."""
    _WORD32.pack_into(area, at, value)


acquire32 = word32
release32 = put_word32


def move(area: memoryview, to: int, at: int, length: int) -> None:
    """Copy `length` bytes within an area; they may overlap."""
    area[to : to + length] = bytes(area[at : at + length])
