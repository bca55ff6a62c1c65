"""Which factor matters most: the effect of each one, with the others as they come in the design.

Effects are the coefficients of a linear model of the variants' medians in the factors' levels, by least squares. A
coefficient is a sum of medians with weights, so its noise is that of the medians, variant by variant: variants need not
have the same noise. Where each step of a design adds a factor, its effect is exactly the step's difference.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final

import numpy as np

from lab import samples
from lab.metrics import METRICS, Metric
from lab.model import Result, Variant
from lab.samples import FEWEST_VARIANTS, Samples, Scale
from lab.statistics import ALPHA, Floats, holm, weighted
from lab.verdicts import CONFOUNDED, EFFECTS, FEW, FEWEST_REPEATS, NONE, SAME, direction

_NEAR_ZERO: Final = 1e-9

Factors = Mapping[str, Sequence[str]]
"""Levels of each factor, the reference first."""


@dataclass(frozen=True, slots=True)
class Effect:
    """What moving one factor from level `low` to level `high` does to a metric, in the metric's unit.

    Of a factor with several levels these are the two that differ most. `percent`: of what the model has with every
    factor at its first level. `share`: of the effects of all factors together, in
    percent. `interval`, `chance`, `corrected`, `exact` as in `lab.compare.Comparison`.
    """

    metric: str
    factor: str
    low: str
    high: str
    difference: float | None = None
    percent: float | None = None
    share: float | None = None
    interval: tuple[float, float] | None = None
    chance: float | None = None
    corrected: float | None = None
    verdict: str = CONFOUNDED
    exact: bool = False

    @property
    def effect(self) -> bool:
        """There is one."""
        return self.verdict in EFFECTS


@dataclass(frozen=True, slots=True)
class _Design:
    """The variants that have all factors, and the model's columns: one, then each factor's levels but the first."""

    variants: Sequence[Variant]
    matrix: Floats
    columns: Mapping[str, Mapping[str, int]]

    def without(self, factor: str) -> Floats:
        """The model without a factor."""
        return np.delete(self.matrix, list(self.columns[factor].values()), axis=1)


@dataclass(frozen=True, slots=True)
class _Fit:
    """A metric of a design's variants. `weights`: those of the medians in each of the model's coefficients."""

    metric: Metric
    design: _Design
    medians: Floats
    scale: Scale
    samples: Samples
    weights: Floats
    exact: bool


def rank(results: Sequence[Result], factors: Factors, metrics: Sequence[str]) -> list[Effect]:
    """Every factor's effect on every metric, metric by metric, the largest first; all of them are one family.

    A factor that always moves together with others has no effect of its own: `CONFOUNDED`. A variant without factors
    counts nowhere, one that lacks a metric not for that one. A metric of fewer than `FEWEST_VARIANTS` is left out: of
    two variants their comparison says all there is.
    """
    found: list[Effect] = []
    for name in metrics:
        fit = _fitted(results, factors, METRICS[name])
        if fit is not None:
            found += _shared([_effect(fit, factor, levels) for factor, levels in factors.items()])
    tested = [place for place, effect in enumerate(found) if effect.chance is not None]
    corrected = holm([found[place].chance or 0.0 for place in tested])
    for place, chance in zip(tested, corrected, strict=True):
        found[place] = _judged(found[place], chance)
    order = {name: place for place, name in enumerate(metrics)}
    return sorted(found, key=lambda effect: (order[effect.metric], -abs(effect.difference or 0.0)))


def explained(results: Sequence[Result], factors: Factors, metric: str) -> float | None:
    """The share of the differences between variants that the factors explain one by one, in percent; what is left is
    what they do together. None where nothing differs, is measured, or is ranked."""
    fit = _fitted(results, factors, METRICS[metric])
    total = float(((fit.medians - fit.medians.mean()) ** 2).sum()) if fit else 0.0
    return 100 * (1 - _left(fit.design.matrix, fit.medians) / total) if fit and total else None


def _fitted(results: Sequence[Result], factors: Factors, metric: Metric) -> _Fit | None:
    found = samples.of(results, metric)
    variants = {result.run.variant.name: result.run.variant for result in results}
    with_factors = [each for each in variants.values() if factors and set(factors) <= set(each.factors)]
    # A variant that failed takes away what it alone would have shown: `_effect` finds out which factors those are.
    design = _design([each for each in with_factors if found[each.name].values], factors)
    own = {each.name: found[each.name] for each in design.variants}
    if len(own) < FEWEST_VARIANTS:
        return None
    return _Fit(
        metric,
        design,
        np.array([np.median(own[each.name].values) for each in design.variants]),
        samples.scale(own),
        own,
        _solution(design.matrix),
        metric.unit == samples.EXACT and all(sample.constant for sample in own.values()),
    )


def _design(variants: Sequence[Variant], factors: Factors) -> _Design:
    columns: dict[str, dict[str, int]] = {}
    width = 1
    for factor, levels in factors.items():
        columns[factor] = {level: width + place for place, level in enumerate(levels[1:])}
        width += len(levels) - 1
    matrix = np.zeros((len(variants), width))
    matrix[:, 0] = 1
    for row, variant in enumerate(variants):
        for factor, places in columns.items():
            if variant.factors[factor] in places:
                matrix[row, places[variant.factors[factor]]] = 1
    return _Design(variants, matrix, columns)


def _solution(matrix: Floats) -> Floats:
    """The weights of the medians in each coefficient of a model, by least squares."""
    return np.linalg.pinv(matrix).astype(np.float64)


def _left(matrix: Floats, medians: Floats) -> float:
    """The sum of squares that a model leaves."""
    return float(((medians - matrix @ (_solution(matrix) @ medians)) ** 2).sum())


def _effect(fit: _Fit, factor: str, levels: Sequence[str]) -> Effect:
    """One factor's effect, not yet corrected; its chance is None where there is nothing to test."""
    design = fit.design
    first = Effect(fit.metric.name, factor, levels[0], levels[-1])
    lost = np.linalg.matrix_rank(design.matrix) - np.linalg.matrix_rank(design.without(factor))
    if lost < len(levels) - 1:
        return first
    low, high, weights = max(_contrasts(fit, factor, levels), key=lambda found: abs(float(found[2] @ fit.medians)))
    value = _clean(float(weights @ fit.medians), fit.medians)
    total = float(((fit.medians - fit.medians.mean()) ** 2).sum())
    reference = abs(_clean(float(fit.weights[0] @ fit.medians), fit.medians))
    effect = replace(
        first,
        low=low,
        high=high,
        difference=value,
        percent=100 * value / reference if reference else None,
    )
    if fit.exact and value:
        return replace(effect, verdict=direction(fit.metric, value), exact=True)
    if fit.exact or not total:
        constant = all(sample.constant for sample in fit.samples.values())
        alone = _left(design.matrix, fit.medians) <= _NEAR_ZERO * total
        return replace(effect, verdict=SAME if constant and alone else NONE)
    used = [name for name, weight in _parts(fit, weights) if len(fit.samples[name].values) < FEWEST_REPEATS]
    if used:
        return replace(effect, verdict=FEW)
    pairs = math.comb(len(levels), 2)
    interval, chance = _tested(fit, weights, value, 1 - ALPHA / pairs)
    return replace(effect, interval=interval, chance=min(1.0, pairs * chance))


def _parts(fit: _Fit, weights: Floats) -> list[tuple[str, float]]:
    """The variants that count in a sum of medians, with their weights."""
    found = zip(fit.design.variants, weights.tolist(), strict=True)
    return [(variant.name, weight) for variant, weight in found if abs(weight) > _NEAR_ZERO]


def _tested(fit: _Fit, weights: Floats, value: float, confidence: float) -> tuple[tuple[float, float], float]:
    """The interval of an effect of this value and its probability by chance, on the metric's scale; on the straight one
    where that would turn the effect round, because factors act together.

    The means must show the effect too: medians of figures that jump between two states are calmer than they are.
    """
    scale = fit.scale
    shift = float(weights @ np.array([scale(median) for median in fit.medians.tolist()]))
    if scale.offset is not None and shift * value <= 0:
        scale, shift = Scale(), value
    noises, parts = samples.noises(fit.samples, scale), _parts(fit, weights)
    found = weighted(shift, [(weight, noises[name]) for name, weight in parts])
    mean = sum(weight * float(np.mean([scale(x) for x in fit.samples[name].values])) for name, weight in parts)
    of_means = samples.noises_of_means(fit.samples, scale)
    means = weighted(mean, [(weight, of_means[name]) for name, weight in parts])
    low, high = found.interval(confidence)
    if scale.offset is not None:
        low, high = (value * scale.back(1.0, end) / scale.back(1.0, shift) for end in (low, high))
    return (min(low, high), max(low, high)), max(found.chance(), means.chance() if mean * shift > 0 else 1.0)


def _shared(effects: Sequence[Effect]) -> list[Effect]:
    """With each one's share."""
    total = sum(abs(effect.difference or 0.0) for effect in effects)
    return [
        replace(effect, share=100 * abs(effect.difference) / total if total and effect.difference is not None else None)
        for effect in effects
    ]


def _contrasts(fit: _Fit, factor: str, levels: Sequence[str]) -> Iterator[tuple[str, str, Floats]]:
    """Every two levels with the weights of the medians in their difference."""
    places = fit.design.columns[factor]
    for low, high in combinations(levels, 2):
        before = fit.weights[places[low]] if low in places else np.zeros(len(fit.medians))
        yield low, high, fit.weights[places[high]] - before


def _clean(value: float, medians: Floats) -> float:
    """Without what rounding leaves of a difference that is none."""
    return 0.0 if abs(value) <= _NEAR_ZERO * float(np.abs(medians).max()) else value


def _judged(effect: Effect, corrected: float) -> Effect:
    verdict = direction(METRICS[effect.metric], effect.difference or 0.0) if corrected <= ALPHA else NONE
    return replace(effect, corrected=corrected, verdict=verdict)
