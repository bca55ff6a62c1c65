"""Verdicts: a real difference is found, none is not invented, and what cannot be known is said."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks import verdicts as simulated
from benchmarks.verdicts import NOISES, PLANTED_IN, REPEATS, false_effects, found, results
from lab.compare import Comparison, compare
from lab.verdicts import BETTER, FEW, MISSING, NONE, SAME, WORSE

EXPERIMENTS = 200


def only(
    first: Sequence[float], second: Sequence[float], metric: str = "loc_per_s", **others: Sequence[float]
) -> Comparison:
    """B compared with A, with the noise of others beside them."""
    values = {"A": {metric: first}, "B": {metric: second}, **{name: {metric: each} for name, each in others.items()}}
    (row,) = compare(results(values), [("A", "B")], [metric])
    return row


@pytest.mark.parametrize("repeats", REPEATS)
@pytest.mark.parametrize("noise", NOISES)
def test_where_nothing_differs_at_most_one_report_in_twenty_shows_an_effect(noise: str, repeats: int) -> None:
    assert false_effects(noise, repeats, 4, 3, EXPERIMENTS) <= 0.05


@pytest.mark.parametrize("repeats", REPEATS)
@pytest.mark.parametrize("noise", NOISES)
def test_nor_where_there_is_only_one_variant_to_compare(noise: str, repeats: int) -> None:
    assert false_effects(noise, repeats, 1, 3, EXPERIMENTS) <= 0.05


@pytest.mark.parametrize("noise", [name for name in PLANTED_IN if "3 %" not in name])
def test_five_percent_are_found_with_an_interval_that_covers_them(noise: str) -> None:
    of_five = found(noise, 5, EXPERIMENTS)
    assert of_five.shown >= 0.8
    assert of_five.covered >= 0.95
    assert of_five.others <= 0.05
    assert found(noise, 10, EXPERIMENTS).shown >= 0.99


def test_five_percent_in_more_noise_are_not_shown_but_said_to_be_hidden() -> None:
    row = only([1000, 960, 1050, 990, 1010], [1050, 1000, 1100, 1040, 1070], C=[1000, 950, 1060, 980, 1020])
    assert row.verdict == NONE
    assert row.hidden
    assert row.percent(row.smallest) == pytest.approx(12, abs=4)
    assert row.repeats is not None
    assert 10 < row.repeats < 60


def test_little_noise_hides_nothing() -> None:
    row = only([1000.0, 1001, 1002, 1003], [1001.0, 1000, 1003, 1002], C=[1000.0, 1001, 1002, 1003])
    assert (row.verdict, row.hidden) == (NONE, False)


@pytest.mark.parametrize(("metric", "verdict"), [("loc_per_s", WORSE), ("available", BETTER)])
def test_more_is_better_or_worse_as_the_metric_says(metric: str, verdict: str) -> None:
    row = only([50.0, 50.1, 50.2, 50.1, 50.0], [60.0, 60.1, 60.2, 60.1, 60.0], metric)
    assert row.verdict == verdict
    assert row.difference == pytest.approx(10)
    assert row.percent(row.difference) == pytest.approx(20, abs=0.1)


def test_timer_interrupts_that_stop_are_shown_by_three_repeats_of_four_variants() -> None:
    row = only([251.0, 249.3, 250.4], [0.0, 0.0, 0.1], C=[248.9, 250.2, 250.9], D=[0.0, 0.0, 0.0])
    assert row.verdict == BETTER
    assert row.interval is not None
    low, high = row.interval
    assert low < -250.3 < high < -240


def test_three_repeats_of_two_variants_alone_are_too_few_however_far_apart() -> None:
    row = only([251.0, 249.3, 250.4], [0.0, 0.0, 0.1])
    assert (row.verdict, row.smallest, row.repeats) == (FEW, None, 4)
    assert row.hidden
    assert only([251.0, 249.3, 250.4, 251.0], [0.0, 0.0, 0.1, 0.0]).verdict == BETTER


def test_values_that_lie_together_by_chance_are_not_taken_for_calm_ones() -> None:
    """Of two states, 0 and 1000: three repeats in one and three in the other come in 3 % of such pairs."""
    row = only([0.0, 0.0, 0.0], [1000.0] * 3, "gap_max_us", C=[0.0, 1000.0, 0.0], D=[1000.0, 0.0, 1000.0])
    assert row.verdict == FEW


@pytest.mark.parametrize("values", [[7.0], [7.0, 8.0]])
def test_one_or_two_repeats_give_a_difference_and_no_verdict(values: list[float]) -> None:
    row = only(values, [value + 1 for value in values])
    assert (row.verdict, row.difference, row.interval, row.chance) == (FEW, 1, None, None)
    assert row.hidden


def test_instructions_that_are_the_same_in_every_repeat_are_exact() -> None:
    row = only([14_654.0] * 3, [14_653.0] * 3, "instructions_p50")
    assert (row.verdict, row.exact, row.difference, row.interval, row.chance) == (BETTER, True, -1, None, None)
    assert only([14_654.0] * 3, [14_654.0] * 3, "instructions_p50").verdict == SAME


def test_other_counts_that_are_the_same_in_every_repeat_are_not() -> None:
    row = only([2.0] * 3, [3.0] * 3, "switches", C=[2.0] * 3)
    assert row.verdict == FEW
    assert not row.exact
    assert row.chance is not None


def test_zeros_are_the_same_in_every_run() -> None:
    row = only([0.0] * 5, [0.0] * 5)
    assert (row.verdict, row.difference, row.percent(row.difference), row.hidden) == (SAME, 0, None, False)


def test_what_was_not_measured_is_said() -> None:
    rows = compare(results({"A": {"loc_per_s": [1.0] * 3}}), [("A", "B"), ("B", "A")], ["loc_per_s"])
    assert [row.verdict for row in rows] == [MISSING, MISSING]
    assert [row.medians for row in rows] == [(1.0, None), (None, 1.0)]


def test_the_more_is_compared_the_more_is_needed() -> None:
    """One p of 0.03 alone is an effect; beside nine others it is none."""
    names = simulated.TIMES[:3]
    values = {"A": {names[0]: [1.0, 2, 3, 4]}, "B": {names[0]: [5.0, 6, 7, 8]}}
    (alone,) = compare(results(values), [("A", "B")], names[:1])
    for name in names[1:]:
        values["A"][name], values["B"][name] = [1.0, 2, 3, 4], [1.5, 2, 3, 4]
    beside = compare(results(values), [("A", "B")], names)[0]
    assert alone.chance is not None
    assert alone.chance == alone.corrected == beside.chance
    assert alone.verdict == WORSE
    assert beside.corrected == pytest.approx(3 * alone.chance)
    assert beside.verdict == FEW


@given(
    st.lists(st.floats(0, 1e12), min_size=1, max_size=6),
    st.lists(st.floats(0, 1e12), min_size=1, max_size=6),
    st.lists(st.floats(0, 1e12), min_size=1, max_size=4),
    st.sampled_from(["loc_per_s", "switches", "gap_max_us", "instructions_p50"]),
)
def test_whatever_is_measured_a_verdict_is_given(
    first: list[float], second: list[float], third: list[float], metric: str
) -> None:
    row = only(first, second, metric, C=third)
    assert row.counts == (len(first), len(second))
    assert row.corrected is None or 0 <= row.corrected <= 1
    assert row.interval is None or row.interval[0] <= row.interval[1]
    if row.effect and row.interval is not None:
        assert row.interval[0] > 0 or row.interval[1] < 0
    assert not (row.effect and row.hidden)
