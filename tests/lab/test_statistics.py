"""The arithmetic under the verdicts: exact where it can be, checked against SciPy's and against drawing."""

import math
from itertools import combinations, product
from statistics import median

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from lab import statistics
from lab.statistics import Noise

_FEW = st.lists(st.integers(-5, 5).map(float), min_size=2, max_size=5)


@given(st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=5))
def test_the_bootstraps_variance_is_that_of_all_resamples(values: list[float]) -> None:
    medians = [median(resample) for resample in product(values, repeat=len(values))]
    found = statistics.noise(values)
    assert found.count == len(values)
    assert found.variance == pytest.approx(np.var(medians), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize("count", [2, 6, 7, 30, 101])
def test_of_more_values_it_is_what_drawing_gives(count: int) -> None:
    random = np.random.default_rng(count)
    values = random.lognormal(0, 1, count)
    drawn = np.median(values[random.integers(0, count, size=(40_000, count))], axis=1)
    assert statistics.noise(values.tolist()).variance == pytest.approx(drawn.var(), rel=0.05)


def test_large_figures_with_little_noise_lose_no_digits() -> None:
    assert statistics.noise([1e15, 1e15 + 1, 1e15 + 2]).variance == pytest.approx(
        statistics.noise([0.0, 1.0, 2.0]).variance
    )


@given(_FEW, _FEW)
def test_ranks_are_as_probable_as_the_share_of_all_ways_to_deal_the_values_out(
    first: list[float], second: list[float]
) -> None:
    ranks = stats.rankdata([*first, *second])
    middle = ranks.mean() * len(first)
    reach = abs(ranks[: len(first)].sum() - middle)
    sums = [sum(ranks[list(places)]) for places in combinations(range(len(ranks)), len(first))]
    far = sum(abs(each - middle) >= reach - 1e-9 for each in sums)
    assert statistics.rank_chance(first, second) == pytest.approx(far / len(sums))
    assert statistics.rank_chance(first, second) == statistics.rank_chance(second, first)


@pytest.mark.parametrize("count", [3, 8, 20])
def test_without_ties_it_is_the_exact_test_of_mann_and_whitney(count: int) -> None:
    random = np.random.default_rng(count)
    first, second = random.normal(size=count).tolist(), random.normal(0.5, size=count).tolist()
    expected = stats.mannwhitneyu(first, second, method="exact").pvalue
    assert statistics.rank_chance(first, second) == pytest.approx(expected)


def test_of_many_values_it_is_near_the_exact_one_and_quick() -> None:
    random = np.random.default_rng(1)
    first, second = random.normal(size=31).tolist(), random.normal(0.6, size=31).tolist()
    expected = stats.mannwhitneyu(first, second, method="exact").pvalue
    assert statistics.rank_chance(first, second) == pytest.approx(expected, rel=0.05)
    assert statistics.rank_chance([1.0] * 2000, [1.0] * 2000) == 1


def test_the_smallest_probability_of_ranks_is_that_of_values_that_do_not_overlap() -> None:
    assert statistics.least_rank_chance(3, 3) == statistics.rank_chance([1, 2, 3], [4, 5, 6]) == 0.1
    assert [statistics.repeats_for_ranks(comparisons) for comparisons in (1, 2, 6, 7, 50)] == [4, 5, 5, 6, 7]
    for comparisons in (1, 6, 20):
        enough = statistics.repeats_for_ranks(comparisons)
        assert statistics.least_rank_chance(enough, enough) * comparisons <= statistics.ALPHA
        assert statistics.least_rank_chance(enough - 1, enough - 1) * comparisons > statistics.ALPHA


def test_holms_correction() -> None:
    assert statistics.holm([]) == []
    assert statistics.holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert statistics.holm([0.5, 0.9, 1e-9]) == pytest.approx([1.0, 1.0, 3e-9])


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_a_corrected_probability_is_no_smaller_and_keeps_the_order(chances: list[float]) -> None:
    found = statistics.holm(chances)
    assert all(corrected >= chance for corrected, chance in zip(found, chances, strict=True))
    assert max(found) <= 1
    ordered = [corrected for _, corrected in sorted(zip(chances, found, strict=True))]
    assert ordered == sorted(ordered)


def test_a_difference_without_noise_is_certain_and_none_is_none() -> None:
    parts = [(1.0, Noise(3, 0.0)), (1.0, Noise(3, 0.0))]
    assert statistics.weighted(1.0, parts).chance() == 0
    assert statistics.weighted(0.0, parts).chance() == 1
    assert statistics.weighted(1.0, parts).interval() == (1, 1)


def test_degrees_of_freedom_are_welchs_and_a_pooled_variance_has_its_own() -> None:
    equal = statistics.weighted(1.0, [(1.0, Noise(5, 2.0)), (1.0, Noise(5, 2.0))])
    assert [equal.error, equal.freedom] == pytest.approx([2, 8])
    lopsided = statistics.weighted(1.0, [(1.0, Noise(5, 1.0)), (1.0, Noise(5, 0.0))])
    assert lopsided.freedom == pytest.approx(4)
    pooled = statistics.weighted(1.0, [(1.0, Noise(3, 2.0, 11.0)), (1.0, Noise(3, 2.0, 11.0))])
    assert [pooled.error, pooled.freedom] == pytest.approx([2, 11])
    assert math.isfinite(statistics.weighted(1.0, [(1.0, Noise(3, 1e300)), (1.0, Noise(3, 1e-300))]).freedom)


def test_a_floor_is_only_for_less_noise() -> None:
    assert Noise(4, 1.0).at_least(8.0, 20.0) == Noise(4, 2.0, 20.0)
    assert Noise(4, 3.0).at_least(8.0, 20.0) == Noise(4, 3.0)


@pytest.mark.parametrize("freedom", [2.0, 4.0, 30.0])
@pytest.mark.parametrize("alpha", [0.05, 0.001])
def test_the_smallest_difference_that_is_seen_is_seen_four_times_in_five(freedom: float, alpha: float) -> None:
    smallest = statistics.smallest_seen(2.0, freedom, alpha)
    random = np.random.default_rng(int(freedom))
    error = 2.0 * np.sqrt(random.chisquare(freedom, 200_000) / freedom)
    seen = abs(random.normal(smallest, 2.0, 200_000)) / error > stats.t.isf(alpha / 2, freedom)
    assert seen.mean() == pytest.approx(0.8, abs=0.01)


def test_the_repeats_that_are_needed_are_the_fewest_that_show_it() -> None:
    noises = (Noise(3, 0.3), Noise(3, 0.3))
    needed = statistics.repeats_needed(noises, 1.0, 0.01)
    assert needed is not None

    def seen(count: int) -> float:
        found = statistics.weighted(1.0, [(1.0, Noise(count, noise.of_one / count)) for noise in noises])
        return statistics.smallest_seen(found.error, found.freedom, 0.01)

    assert seen(needed) <= 1.0 < seen(needed - 1)
    assert statistics.repeats_needed(noises, 1e-9, 0.01) is None
    assert statistics.repeats_needed((Noise(3, 0.0), Noise(3, 0.0)), 1.0, 0.01) == 2
