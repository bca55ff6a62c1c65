"""A random choice by weight in constant time, however many there are to choose from.

Walker's alias method with Vose's construction (A linear algorithm for generating random numbers with a given
distribution, 1991).
"""

from __future__ import annotations

from collections.abc import Sequence

from exchange.flow.random64 import Random64


class AliasTable:
    """Chooses 0 … n-1 in proportion to n weights. ValueError: no weight, or one that is not above zero."""

    def __init__(self, weights: Sequence[float]) -> None:
        if not weights or min(weights) <= 0:
            raise ValueError(f"weights {list(weights)[:5]!r}…: give at least one, each above 0")
        mean = sum(weights) / len(weights)
        self._size = len(weights)
        self._keep = [weight / mean for weight in weights]
        self._other = list(range(len(weights)))
        poor = [i for i, share in enumerate(self._keep) if share < 1.0]
        rich = [i for i, share in enumerate(self._keep) if share >= 1.0]
        while poor and rich:
            low, high = poor.pop(), rich[len(rich) - 1]
            self._other[low] = high
            self._keep[high] -= 1.0 - self._keep[low]
            if self._keep[high] < 1.0:
                poor.append(rich.pop())
        # What is left over differs from 1 by rounding only.
        for i in poor + rich:
            self._keep[i] = 1.0

    def pick(self, rng: Random64) -> int:
        """A random index."""
        draw = rng.random() * self._size
        at = int(draw)
        keep: float = self._keep[at]
        other: int = self._other[at]
        return at if draw - at < keep else other
