"""Which combinations of the factors' levels an experiment boots.

A factor is the number of its levels; a row has one level's index for each factor. Level 0 is the reference. `allowed`
says whether levels may be booted together: it is asked for parts of rows too, as a mapping from factor to level.
"""

import itertools
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

Row = tuple[int, ...]
Pair = tuple[tuple[int, int], tuple[int, int]]
"""Two factors' levels, (factor, level) each, the lower factor first."""
Allowed = Callable[[Mapping[int, int]], bool]

DESIGNS: Final = {
    "one-factor": "the reference, and each level of each factor alone",
    "steps": "the reference, then one level after the other, the earlier ones kept",
    "full": "every combination",
    "pairwise": "few rows in which every two levels of two factors meet",
}


def size(design: str, levels: Sequence[int]) -> int:
    """Rows of a design; for `pairwise` what it has at least."""
    if design == "full":
        return math.prod(levels)
    if design == "pairwise":
        largest = sorted(levels, reverse=True)[:2]
        return math.prod(largest)
    return 1 + sum(count - 1 for count in levels)


def rows(design: str, levels: Sequence[int], allowed: Allowed) -> list[Row]:
    """The rows of a design, the reference first where it has one; `full` leaves out what is not allowed."""
    if design == "full":
        return [row for row in itertools.product(*map(range, levels)) if allowed(dict(enumerate(row)))]
    if design == "pairwise":
        return pairwise(levels, allowed)[0]
    return list(_steps(levels) if design == "steps" else _one_factor(levels))


def _one_factor(levels: Sequence[int]) -> Iterator[Row]:
    reference = (0,) * len(levels)
    yield reference
    for factor, count in enumerate(levels):
        for level in range(1, count):
            yield (*reference[:factor], level, *reference[factor + 1 :])


def _steps(levels: Sequence[int]) -> Iterator[Row]:
    row = [0] * len(levels)
    yield tuple(row)
    for factor, count in enumerate(levels):
        for level in range(1, count):
            row[factor] = level
            yield tuple(row)


def pairs(levels: Sequence[int]) -> Iterator[Pair]:
    """Every two levels of two factors."""
    for (a, of_a), (b, of_b) in itertools.combinations(enumerate(levels), 2):
        for left, right in itertools.product(range(of_a), range(of_b)):
            yield (a, left), (b, right)


def pairwise(levels: Sequence[int], allowed: Allowed) -> tuple[list[Row], list[Pair]]:
    """A covering array of strength 2, and the pairs that no allowed row has.

    Greedy: each row begins with the reference, if it is allowed and the first, or a pair that is not covered yet; then
    every factor takes the level that covers most. A single factor gets a row a level.
    """
    if len(levels) == 1:
        return [(level,) for level in range(levels[0]) if allowed({0: level})], []
    open_pairs = dict.fromkeys(pairs(levels))  # a dictionary keeps the order, so the same rows come every time
    found: list[Row] = []
    impossible: list[Pair] = []
    reference = dict.fromkeys(range(len(levels)), 0)
    if allowed(reference):
        _take(found, open_pairs, reference)
    while open_pairs:
        first = next(iter(open_pairs))
        chosen = _completed(dict(first), levels, open_pairs, allowed)
        if chosen is None:
            impossible.append(first)
            del open_pairs[first]
            continue
        _take(found, open_pairs, chosen)
    return found, impossible


def _take(found: list[Row], open_pairs: dict[Pair, None], chosen: Mapping[int, int]) -> None:
    row = tuple(level for _, level in sorted(chosen.items()))
    found.append(row)
    for pair in itertools.combinations(enumerate(row), 2):
        open_pairs.pop(pair, None)


def _completed(
    chosen: dict[int, int], levels: Sequence[int], open_pairs: Mapping[Pair, None], allowed: Allowed
) -> dict[int, int] | None:
    """`chosen` with a level for every factor, the best first; None when no level of some factor is allowed with it."""
    if not allowed(chosen):
        return None
    factor = next((number for number in range(len(levels)) if number not in chosen), None)
    if factor is None:
        return chosen

    def gain(level: int) -> int:
        return sum(_pair((factor, level), other) in open_pairs for other in chosen.items())

    for level in sorted(range(levels[factor]), key=gain, reverse=True):
        found = _completed({**chosen, factor: level}, levels, open_pairs, allowed)
        if found is not None:
            return found
    return None


def _pair(left: tuple[int, int], right: tuple[int, int]) -> Pair:
    return (left, right) if left[0] < right[0] else (right, left)
