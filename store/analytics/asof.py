"""Finds rows of a sorted table by (group, time, place), for many points at once: binary searches, no sorting.

Rows are sorted by group, then time, then place, a number from 0 that tells rows of one time apart.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]


class Index:
    """The sorted columns of a table. `groups`: name to first row and row behind the last."""

    def __init__(self, groups: Sequence[str], times: Ints, places: Ints) -> None:
        self._times = times
        self._places = places
        self.groups = _ranges(groups)

    def last(self, groups: Sequence[str], times: Ints, places: Ints) -> Ints:
        """For each point the last row of its group whose (time, place) is not greater; -1 for none."""
        ranges = np.array([self.groups.get(name, (0, 0)) for name in groups], np.int64).reshape(-1, 2)
        low, high = ranges[:, 0], ranges[:, 1]
        same = _first(self._times, low, high, times, equal=True)
        later = _first(self._times, same, high, times, equal=False)
        behind = _first(self._places, same, later, places, equal=False)
        return np.where(behind > low, behind - 1, -1)


def _first(values: Ints, low: Ints, high: Ints, wanted: Ints, *, equal: bool) -> Ints:
    """For each point the first row from `low` to `high` whose value is greater than wanted, or `equal` to it; else
    `high`. Values grow within each range."""
    low, high = low.copy(), high.copy()
    open_ = np.nonzero(low < high)[0]
    while len(open_):
        middle = (low[open_] + high[open_]) // 2
        found = values[middle] >= wanted[open_] if equal else values[middle] > wanted[open_]
        high[open_] = np.where(found, middle, high[open_])
        low[open_] = np.where(found, low[open_], middle + 1)
        open_ = open_[low[open_] < high[open_]]
    return low


def _ranges(groups: Sequence[str]) -> Mapping[str, tuple[int, int]]:
    """First row and row behind the last of each name in a sorted column."""
    names = np.asarray(groups, dtype=object)
    if not len(names):
        return {}
    starts = np.concatenate([[0], np.nonzero(names[1:] != names[:-1])[0] + 1])
    ends = np.append(starts[1:], len(names))
    return {str(names[start]): (int(start), int(end)) for start, end in zip(starts, ends, strict=True)}
