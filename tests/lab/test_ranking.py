"""The ranking of factors: each gets its own effect, and what cannot be told apart is said."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from benchmarks.verdicts import NOISES, results
from lab.model import Result
from lab.ranking import Effect, explained, rank
from lab.verdicts import BETTER, CONFOUNDED, EFFECTS, FEW, NONE, SAME, WORSE

METRIC = "loc_per_s"
ON_OFF = ("off", "on")


def experiment(rows: Mapping[str, tuple[Mapping[str, str], Sequence[float]]], metric: str = METRIC) -> list[Result]:
    """Runs of variants with factors: name to the factors' levels and the repeats."""
    runs = results({name: {metric: values} for name, (_, values) in rows.items()})
    return [_with(result, rows[result.run.variant.name][0]) for result in runs]


def _with(result: Result, factors: Mapping[str, str]) -> Result:
    return replace(result, run=replace(result.run, variant=replace(result.run.variant, factors=factors)))


def full(value: Mapping[str, float], spread: float = 1.0, repeats: int = 5, seed: int = 1) -> list[Result]:
    """All combinations of factors that each add their value to 1000."""
    random = np.random.default_rng(seed)
    rows = {}
    for levels in product(ON_OFF, repeat=len(value)):
        factors = dict(zip(value, levels, strict=True))
        middle = 1000 + sum(value[name] for name, level in factors.items() if level == "on")
        rows[",".join(levels)] = (factors, random.normal(middle, spread, repeats).tolist())
    return experiment(rows)


def ranked(runs: list[Result], *names: str, metric: str = METRIC) -> list[Effect]:
    return rank(runs, dict.fromkeys(names, ON_OFF), [metric])


def test_effects_are_found_and_the_largest_comes_first() -> None:
    found = ranked(full({"small": 20.0, "large": -300.0, "none": 0.0}), "small", "large", "none")
    assert [(row.factor, row.verdict) for row in found] == [("large", BETTER), ("small", WORSE), ("none", NONE)]
    large, small, _ = found
    assert large.difference == pytest.approx(-300, abs=2)
    assert large.percent == pytest.approx(-30, abs=0.5)
    assert large.interval is not None
    assert large.interval[0] < -300 < large.interval[1]
    assert sum(row.share or 0.0 for row in found) == pytest.approx(100)
    assert (large.share or 0) > 10 * (small.share or 0)


def test_in_steps_an_effect_is_the_difference_to_the_step_before() -> None:
    rows = {
        "nothing": ({"a": "off", "b": "off"}, [1000.0, 1001, 999, 1002, 1000]),
        "+a": ({"a": "on", "b": "off"}, [250.0, 251, 249, 250, 252]),
        "+b": ({"a": "on", "b": "on"}, [0.0, 0.1, 0.0, 0.0, 0.0]),
    }
    found = ranked(experiment(rows), "a", "b")
    assert [(row.factor, row.verdict) for row in found] == [("a", BETTER), ("b", BETTER)]
    assert [row.difference for row in found] == pytest.approx([-750, -250])


def test_of_several_levels_the_two_that_differ_most_are_told() -> None:
    rows = {
        level: ({"hz": level}, [base + n for n in range(5)])
        for level, base in (("100", 100), ("250", 250), ("1000", 1000))
    }
    (row,) = rank(experiment(rows), {"hz": ["100", "250", "1000"]}, [METRIC])
    assert (row.low, row.high, row.verdict) == ("100", "1000", WORSE)
    assert row.difference == pytest.approx(900)


def test_factors_that_always_move_together_cannot_be_told_apart() -> None:
    rows = {
        level: ({"a": level, "b": level, "c": other}, [base + n for n in range(5)])
        for level, other, base in (("off", "off", 1), ("on", "on", 9))
    }
    rows["more"] = ({"a": "off", "b": "off", "c": "on"}, [3, 4, 5, 6, 7])
    found = {row.factor: row for row in ranked(experiment(rows), "a", "b", "c")}
    assert [found[name].verdict == CONFOUNDED for name in "abc"] == [True, True, False]
    assert found["a"].difference is None


def test_what_factors_do_together_is_what_they_do_not_explain() -> None:
    only_both = {
        f"{a}{b}": ({"a": a, "b": b}, [value + n / 10 for n in range(5)])
        for a, b, value in (("off", "off", 1000), ("off", "on", 1000), ("on", "off", 1000), ("on", "on", 0))
    }
    share = explained(experiment(only_both), dict.fromkeys("ab", ON_OFF), METRIC)
    assert share == pytest.approx(66.7, abs=0.1)
    added = explained(full({"a": 50.0, "b": 70.0}, 0.01), dict.fromkeys("ab", ON_OFF), METRIC)
    assert added == pytest.approx(100, abs=0.1)


def test_exact_counts_have_exact_effects() -> None:
    rows = {
        level: ({"a": level, "b": other}, [base] * 3)
        for level, other, base in (("off", "off", 14_654.0), ("on", "off", 14_600.0))
    }
    rows["b"] = ({"a": "off", "b": "on"}, [14_654.0] * 3)
    found = rank(experiment(rows, "instructions_p50"), dict.fromkeys("ab", ON_OFF), ["instructions_p50"])
    assert [(row.factor, row.difference, row.verdict, row.exact) for row in found] == [
        ("a", pytest.approx(-54), BETTER, True),
        ("b", 0, SAME, False),
    ]


def test_exact_counts_that_only_both_factors_change_are_not_called_the_same() -> None:
    crossed = {
        f"{a}{b}": ({"a": a, "b": b}, [value] * 3)
        for a, b, value in (("off", "off", 100.0), ("off", "on", 200.0), ("on", "off", 200.0), ("on", "on", 100.0))
    }
    found = rank(experiment(crossed, "instructions_p50"), dict.fromkeys("ab", ON_OFF), ["instructions_p50"])
    assert [(row.difference, row.verdict) for row in found] == [(0, NONE), (0, NONE)]


def test_equal_medians_of_runs_that_differ_are_not_called_the_same() -> None:
    rows = {level: ({"a": level}, [10.0, 20.0, 30.0]) for level in ("off", "on", "more")}
    (row,) = rank(experiment(rows), {"a": list(rows)}, [METRIC])
    assert (row.difference, row.verdict) == (0, NONE)


def test_a_variant_that_failed_takes_away_only_what_it_alone_shows() -> None:
    rows = full({"a": 500.0, "b": 0.0, "c": 250.0}, 0.1)
    gone = [replace(r, error="no boot") if r.run.variant.name == rows[0].run.variant.name else r for r in rows]
    found = rank(gone, dict.fromkeys("abc", ON_OFF), [METRIC])
    assert [(row.factor, row.verdict in EFFECTS) for row in found] == [("a", True), ("c", True), ("b", False)]
    steps = {"nothing": ({"a": "off"}, [1.0, 2.0, 3.0]), "+a": ({"a": "on"}, [5.0, 6.0, 7.0])}
    lost = [replace(r, error="no boot") if r.run.variant.name == "+a" else r for r in experiment(steps)]
    assert rank(lost, {"a": ON_OFF}, [METRIC]) == []


def test_two_repeats_are_too_few() -> None:
    assert {row.verdict for row in ranked(full({"a": 300.0, "b": 1.0}, repeats=2), "a", "b")} == {FEW}


def test_two_variants_are_not_ranked_however_many_repeats_there_are() -> None:
    runs = full({"a": 300.0}, repeats=20)
    assert ranked(runs, "a") == []
    assert explained(runs, {"a": ON_OFF}, METRIC) is None


def test_variants_without_factors_and_those_that_lack_the_metric_are_left_out() -> None:
    runs = full({"a": 300.0, "b": 1.0})
    other = results({"debian": {METRIC: [9e9] * 5}})
    assert ranked([*runs, *other], "a", "b") == ranked(runs, "a", "b")
    without = [replace(run, metrics={}) if run.run.variant.name == "off,off" else run for run in runs]
    assert [(row.factor, row.verdict) for row in ranked(without, "a", "b")] == [("a", WORSE), ("b", NONE)]
    assert ranked([replace(run, metrics={}) for run in runs], "a", "b") == []
    assert rank(runs, {}, [METRIC]) == []


@pytest.mark.parametrize("repeats", [3, 5, 10])
@pytest.mark.parametrize("noise", ["normal", "lognormal", "heavy tail", "spikes", "two states", "counts", "all zero"])
def test_factors_that_do_nothing_are_shown_in_at_most_one_report_in_twenty(noise: str, repeats: int) -> None:
    random = np.random.default_rng([repeats, *noise.encode()])
    wrong = 0
    metrics = NOISES[noise].metrics(2)
    for _ in range(200):
        runs = []
        for metric in metrics:
            rows = {
                f"{a}{b}{c}": ({"a": a, "b": b, "c": c}, NOISES[noise].draw(random, repeats).tolist())
                for a, b, c in product(ON_OFF, repeat=3)
            }
            runs += experiment(rows, metric)
        wrong += any(row.effect for row in rank(runs, dict.fromkeys("abc", ON_OFF), metrics))
    assert wrong <= 10
