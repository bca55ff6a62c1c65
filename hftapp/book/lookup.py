"""The two searches behind every change of a book, written once and inlined wherever they are needed.

Where the search for an order begins (`OrderTable`), and the search for a level among the best four (`Levels`).
"""

from __future__ import annotations

from typing import Any

_FACTOR = 0x9E37_79B9_7F4A_7C15  # 2**64 / golden ratio: Fibonacci hashing (Knuth, TAOCP 3, §6.4)
_ALL = (1 << 64) - 1


def home_of(reference: int, shift: int) -> int:
    """Return the slot in which the search for a reference starts, in a table of 2 ** (67 - `shift`) slots."""
    return ((reference >> 2) * _FACTOR & _ALL) >> shift << 3 | (reference & 3) << 1


def higher_of_four(words: Any, at: int, limit: int) -> int:
    """Return how many of the four levels from word `at` downwards are above `limit`, without a branch for each."""
    higher: int = (words[at] > limit) + (words[at - 2] > limit) + (words[at - 4] > limit) + (words[at - 6] > limit)
    return higher
