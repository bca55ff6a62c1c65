"""The repeats of each variant, metric by metric, and how much noise is in them."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final

import numpy as np

from lab.metrics import METRICS, Metric
from lab.model import Result
from lab.statistics import Noise, freedom, noise

FEWEST_VARIANTS: Final = 3
"""Variants from which on the noise of all says what the noise of one may be."""
STEPS: Final = {"1/s": 1.0, "": 1.0, "instructions": 1.0, "KiB": 4.0, "s": 1e-6}
"""What one event more adds to a figure of this unit, a rate's times the seconds; a page for memory; a clock's tick."""
BUCKETS: Final = {"ns": 1 / 128}
"""Of a figure that is a bucket's bound: the bucket's width as a share of it (`hftapp.histogram`)."""
EXACT: Final = "instructions"
"""The unit of what is counted in lockstep, where repeats that are the same leave nothing to chance."""
_FARTHEST: Final = math.log(1e6)
"""The largest factor that is told."""


@dataclass(frozen=True, slots=True)
class Sample:
    """One metric of one variant. `values`: one a run, in the order of repeats; `step`: the smallest difference that two
    runs can have, 0 when there is no such."""

    values: tuple[float, ...]
    step: float = 0.0

    @property
    def constant(self) -> bool:
        """Every repeat has the same value, and there is more than one."""
        return len(self.values) > 1 and min(self.values) == max(self.values)

    @property
    def median(self) -> float | None:
        """The median; None without values."""
        return median(self.values) if self.values else None


Samples = Mapping[str, Sample]
"""A metric's samples by variant."""


@dataclass(frozen=True, slots=True)
class Scale:
    """Where differences are judged: on the figures themselves, or, `offset` given, on logarithms of figures plus that
    offset, where noise that grows with the figures is the same everywhere."""

    offset: float | None = None

    def __call__(self, value: float) -> float:
        """A figure on the scale."""
        return value if self.offset is None else math.log(value + self.offset)

    def back(self, reference: float, shift: float) -> float:
        """What a shift on the scale is as a difference from the reference, at most a millionfold."""
        if self.offset is None:
            return shift
        return (reference + self.offset) * math.expm1(min(shift, _FARTHEST))

    def shift(self, reference: float, difference: float) -> float:
        """The other way round."""
        return difference if self.offset is None else math.log1p(difference / (reference + self.offset))

    def noise(self, sample: Sample) -> Noise:
        """Of a sample's median; no less than that of values which jump between two neighbouring counts."""
        return noise([self(value) for value in sample.values]).at_least(self._step(sample) ** 2 / 4)

    def noise_of_mean(self, sample: Sample) -> Noise:
        """The same of a sample's mean."""
        count = len(sample.values)
        values = [self(value) for value in sample.values]
        return Noise(count, float(np.var(values, ddof=1)) / count).at_least(self._step(sample) ** 2 / 4)

    def _step(self, sample: Sample) -> float:
        """A count more than the median."""
        if self.offset is None or not sample.step:
            return sample.step
        return sample.step / (median(sample.values) + self.offset)


def of(results: Sequence[Result], metric: Metric) -> dict[str, Sample]:
    """A metric's samples by variant, in the order of the first run of each; failed runs and figures that are no finite
    numbers have no value."""
    found: dict[str, Sample] = {}
    for result in sorted(results, key=lambda result: result.run.repeat):
        name = result.run.variant.name
        value = result.metrics.get(metric.name, math.nan)
        before = found.setdefault(name, Sample(()))
        if not result.error and math.isfinite(value):
            step = max(before.step, step_of(metric, result.seconds, value))
            found[name] = replace(before, values=(*before.values, float(value)), step=step)
    return found


def step_of(metric: Metric, seconds: float, value: float = 0.0) -> float:
    """A run's smallest difference: of a rate one event in the time that was measured, of a percentile a bucket."""
    step = STEPS.get(metric.unit, BUCKETS.get(metric.unit, 0.0) * abs(value))
    return step / seconds if metric.unit == "1/s" and seconds > 0 else step


def measured(results: Sequence[Result]) -> list[str]:
    """The metrics that any run has, in the table's order."""
    known = {name for result in results if not result.error for name in result.metrics}
    return [name for name in METRICS if name in known]


def scale(samples: Samples) -> Scale:
    """The scale on which the variants' noise is more alike; the straight one when that cannot be told."""
    repeated = [sample for sample in samples.values() if len(sample.values) > 1]
    straight = Scale()
    if not repeated:
        return straight
    offset = max(sample.step for sample in repeated)
    least = min(value for sample in samples.values() for value in sample.values)
    if least < 0 or least + offset <= 0:
        return straight
    logarithmic = Scale(offset)
    return logarithmic if _alike(repeated, logarithmic) > _alike(repeated, straight) else straight


def _alike(samples: Sequence[Sample], scale: Scale) -> float:
    """The larger the more alike is the noise of samples."""
    return _together([scale.noise(sample) for sample in samples])


def _together(noises: Sequence[Noise]) -> float:
    """The degrees of freedom of the noise of all together: few when that of one outweighs the others."""
    return freedom([(each.of_one, each.count - 1.0) for each in noises])


def noises(samples: Samples, scale: Scale) -> dict[str, Noise]:
    """The noise of every variant that has repeats, from three variants on no less than the mean of all: repeats that
    lie together by chance would otherwise be taken for calm ones."""
    own = {name: scale.noise(sample) for name, sample in samples.items() if len(sample.values) > 1}
    # The bootstrap's variance of n values is short of the true one as a mean's is that is divided by n, not by n - 1.
    return _calmed(own, lambda count: count / (count - 1))


def noises_of_means(samples: Samples, scale: Scale) -> dict[str, Noise]:
    """The same for means."""
    own = {name: scale.noise_of_mean(sample) for name, sample in samples.items() if len(sample.values) > 1}
    return _calmed(own, lambda _count: 1.0)


def _calmed(own: Mapping[str, Noise], factor: Callable[[int], float]) -> dict[str, Noise]:
    """No less than the mean of all times a factor by the number of repeats."""
    if len(own) < FEWEST_VARIANTS:
        return dict(own)
    mean = sum(each.of_one for each in own.values()) / len(own)
    together = _together(list(own.values()))
    return {name: each.at_least(mean * factor(each.count), together) for name, each in own.items()}
