"""Finds the knob that makes two variants differ, by halving: sixteen knobs take four boots and one for each end.

The knobs in which the variants differ are put into a row. A boot has the first so many of them as in the bad variant
and the others as in the good one. The search holds two such boots, one good and one bad, and boots the middle, until
there is one knob between them. So what it says is what was booted: with these knobs it is good, with one more it is
bad. This holds with several culprits too; then the one found explains only a part of the difference.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import ceil, log2
from statistics import median
from typing import Final

from lab.errors import BisectError
from lab.knob_levels import Knobs
from lab.model import Variant

Unit = tuple[str, ...]
"""Knobs that move together; several where the catalogue refuses one without the other."""
Boot = Callable[[int, int], float]
"""Boots with the first so many units as in the bad variant, for the so-manieth time (from 1); gives the metric."""

CLOSE: Final = 0.25
"""A value this near to the threshold, as a share of the way to the end on its side, is not clear: once more."""
LEAST_GAP: Final = 0.05
"""Ends whose difference is a smaller share of the larger one do not differ."""


@dataclass(frozen=True, slots=True)
class Rule:
    """How a boot is judged. `threshold`: between good and bad, None: half way between the ends. `repeats`: boots of
    each point; `most`: boots of a point that is not clear."""

    threshold: float | None = None
    repeats: int = 1
    most: int = 3


@dataclass(frozen=True, slots=True)
class Point:
    """A point that was booted: its units, the metric's values, and on which side it is."""

    count: int
    values: tuple[float, ...]
    bad: bool

    @property
    def value(self) -> float:
        """The median."""
        return median(self.values)


@dataclass(frozen=True, slots=True)
class Finding:
    """The unit between the last good and the first bad point; `points` in the order in which they were booted."""

    culprit: Unit
    good: Point
    bad: Point
    points: tuple[Point, ...]
    threshold: float

    @property
    def boots(self) -> int:
        """How many boots it took."""
        return sum(len(point.values) for point in self.points)

    @property
    def share(self) -> float:
        """Which share of the difference between the ends the culprit makes."""
        first, last = self.points[0].value, self.points[1].value
        return (self.bad.value - self.good.value) / (last - first)


def differing(good: Variant, bad: Variant, knobs: Knobs) -> list[Unit]:
    """The units in which two variants differ, in an order in which every number of them can be booted.

    Knobs that are compiled into the kernel come first: so few kernels are built. Raises BisectError when the variants
    differ in more than knobs, or in none.
    """
    for what, own, other in (("kernel", good.kernel, bad.kernel), ("profile", good.profile, bad.profile)):
        if own != other:
            raise BisectError(
                f"the variants {good.name} and {bad.name} boot different {what}s ({own}, {other}), and only knobs are "
                f"looked through: take two of one {what}"
            )
    names = sorted(knobs.changes(good, bad) | knobs.changes(bad, good), key=lambda name: knobs.layer(name) != "kconfig")
    if not names:
        raise BisectError(f"{good.name} and {bad.name} have the same knobs: there is nothing to look for")
    units: list[Unit] = []
    group: list[str] = []
    open_names = names
    while open_names:
        mixed = [name for unit in units for name in unit] + group
        fitting = (n for n in open_names if not knobs.refusal(mixture(good, bad, [*mixed, n], knobs)))
        chosen = next(fitting, None)
        group.append(open_names[0] if chosen is None else chosen)
        open_names = [name for name in open_names if name not in group]
        if chosen is not None:
            units.append(tuple(group))
            group = []
    if group:  # the bad variant itself is refused
        raise BisectError(f"{bad.name} cannot be booted: {knobs.refusal(bad)}")
    return units


def mixture(good: Variant, bad: Variant, as_in_bad: Sequence[str], knobs: Knobs) -> Variant:
    """The good variant with some knobs as in the bad one."""
    levels = dict(good.levels) | {name: knobs.level(name, bad) for name in as_in_bad}
    return replace(good, levels=levels, factors={})


def most_boots(units: int, rule: Rule) -> int:
    """Boots that a search takes when all of them are clear."""
    return rule.repeats * (2 + ceil(log2(units)))


def find(units: Sequence[Unit], boot: Boot, rule: Rule) -> Finding:
    """Search the culprit. Raises BisectError when the ends do not differ, or not as the threshold says."""
    ends = [[boot(count, repeat) for repeat in range(1, rule.repeats + 1)] for count in (0, len(units))]
    judge = _Judge(ends[0], ends[1], rule)
    good, bad = Point(0, tuple(ends[0]), False), Point(len(units), tuple(ends[1]), True)
    points = [good, bad]
    while bad.count - good.count > 1:
        point = _booted((good.count + bad.count) // 2, boot, judge, rule)
        points.append(point)
        good, bad = (good, point) if point.bad else (point, bad)
    return Finding(units[good.count], good, bad, tuple(points), judge.threshold)


def _booted(count: int, boot: Boot, judge: "_Judge", rule: Rule) -> Point:
    values = [boot(count, repeat) for repeat in range(1, rule.repeats + 1)]
    while not judge.clear(values) and len(values) < rule.most:
        values.append(boot(count, len(values) + 1))
    return Point(count, tuple(values), judge.bad(median(values)))


class _Judge:
    """The threshold between two ends, and what is on which side of it."""

    def __init__(self, good: Sequence[float], bad: Sequence[float], rule: Rule) -> None:
        self._good, self._bad = median(good), median(bad)
        gap = abs(self._bad - self._good)
        apart = max(good) < min(bad) or max(bad) < min(good)
        if not apart or gap < LEAST_GAP * max(abs(self._good), abs(self._bad)):
            raise BisectError(
                f"the two ends do not differ: {_list(good)} and {_list(bad)}; choose another metric or other variants"
            )
        self.threshold = (self._good + self._bad) / 2 if rule.threshold is None else rule.threshold
        if not min(self._good, self._bad) < self.threshold < max(self._good, self._bad):
            raise BisectError(
                f"the threshold {self.threshold:g} is not between the two ends, {self._good:g} and {self._bad:g}: "
                "give one that is, or none"
            )

    def bad(self, value: float) -> bool:
        """Whether a value is on the bad end's side."""
        return (value > self.threshold) == (self._bad > self.threshold)

    def clear(self, values: Sequence[float]) -> bool:
        """Whether the values are all on one side, and their median is not close to the threshold."""
        value = median(values)
        end = self._bad if self.bad(value) else self._good
        together = len({self.bad(one) for one in values}) == 1
        return together and abs(value - self.threshold) >= CLOSE * abs(end - self.threshold)


def _list(values: Sequence[float]) -> str:
    return ", ".join(f"{value:g}" for value in values)
