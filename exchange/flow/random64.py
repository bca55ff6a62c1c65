"""A small random generator whose numbers are the same under every Python, interpreted and compiled.

Marsaglia's xorshift64 with Vigna's multiplier ("xorshift64*", An experimental exploration of Marsaglia's xorshift
generators, 2016); the seed is scattered by one step of splitmix64, so that neighbouring seeds give unrelated days.
"""

from __future__ import annotations

from math import log

_MASK = 0xFFFF_FFFF_FFFF_FFFF
_UNIT = 1.0 / (1 << 53)


def scattered(seed: int) -> int:
    """A state for any seed (its low 64 bits count): one step of splitmix64, never 0."""
    x = (seed + 0x9E37_79B9_7F4A_7C15) & _MASK
    x = ((x ^ (x >> 30)) * 0xBF58_476D_1CE4_E5B9) & _MASK
    x = ((x ^ (x >> 27)) * 0x94D0_49BB_1331_11EB) & _MASK
    return (x ^ (x >> 31)) or 1


class Random64:
    """64 random bits at a time from a 64-bit seed."""

    def __init__(self, seed: int) -> None:
        self.state = scattered(seed)
        self._multiplier = 0x2545_F491_4F6C_DD1D
        self._mask = _MASK
        self._unit = _UNIT

    def bits(self) -> int:
        """64 random bits."""
        x = self.state
        x ^= x >> 12
        x ^= (x << 25) & self._mask
        x ^= x >> 27
        self.state = x
        return (x * self._multiplier) & self._mask

    def random(self) -> float:
        """A number from [0, 1), of 53 bits."""
        return (self.bits() >> 11) * self._unit

    def below(self, n: int) -> int:
        """A whole number from 0 to n - 1; n is at least 1."""
        return int(self.random() * n)

    def exponential(self) -> float:
        """An exponential variate of mean 1."""
        return -log(1.0 - self.random())
