"""Big-endian words in mapped memory: what the readers of captures and feeds in this package are made of.

Interpreted, memory is `bytes`-like; compiled, it is a pointer, and these functions are inlined from `words.pxd`. The
caller vouches for the bounds.
"""

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Octets: TypeAlias = bytes | bytearray | memoryview | npt.NDArray[np.uint8]
"""Memory that is read."""
Int64s: TypeAlias = npt.NDArray[np.int64]
"""A column of places, lengths or times."""


def pointer(data: Octets) -> memoryview:
    """Return where the memory begins; compiled, it must not be used longer than the memory is held."""
    return memoryview(data)  # type: ignore[arg-type]  # NumPy does not say that its arrays are buffers


def be16(data: Octets, at: int) -> int:
    """Return 2 bytes at an offset as an unsigned integer."""
    return int.from_bytes(data[at : at + 2], "big")


def be32(data: Octets, at: int) -> int:
    """Return 4 bytes at an offset as an unsigned integer."""
    return int.from_bytes(data[at : at + 4], "big")


def be48(data: Octets, at: int) -> int:
    """Return 6 bytes at an offset as an unsigned integer."""
    return int.from_bytes(data[at : at + 6], "big")


def be64(data: Octets, at: int) -> int:
    """Return 8 bytes at an offset as an unsigned integer."""
    return int.from_bytes(data[at : at + 8], "big")


def text(data: Octets, at: int, length: int) -> bytes:
    """Return a copy of some bytes."""
    return bytes(data[at : at + length])
