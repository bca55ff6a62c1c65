"""Verdicts: a real difference is found, none is not invented, and what cannot be known is said."""

import math

import numpy as np
import pytest

from office.latency.buckets import Int64s, buckets
from office.latency.compare import FASTER, FEW, SAME, SLOWER, CompareError, Comparison, compare
from office.latency.histogram import Histogram
from office.latency.measured import Measured, Series


def measured(**hops: Int64s) -> Measured:
    """A source with single values."""
    found = Measured("values")
    for name, values in hops.items():
        found.series[name] = Series(np.arange(len(values), dtype=np.int64), values)
        found.histograms[name] = Histogram.of(values)
    return found


def counted(digits: int = 3, **hops: Int64s) -> Measured:
    """A source with histograms alone."""
    layout = buckets(1, 1 << 40, digits)
    return Measured("counts", histograms={name: Histogram.of(values, layout) for name, values in hops.items()})


def sample(seed: int, count: int = 2_000, median: float = 10_000) -> Int64s:
    return np.random.default_rng(seed).lognormal(math.log(median), 0.3, count).astype(np.int64)


def only(first: Measured, second: Measured, **options: float) -> Comparison:
    (row,) = compare([first], [second], **options).rows  # type: ignore[arg-type]
    return row


@pytest.mark.parametrize("make", [measured, counted])
@pytest.mark.parametrize(("factor", "verdict"), [(0.9, FASTER), (1.1, SLOWER)])
def test_a_tenth_is_found(make: object, factor: float, verdict: str) -> None:
    row = only(make(hop=sample(1)), make(hop=sample(2, median=10_000 * factor)))  # type: ignore[operator]
    assert row.verdict == verdict
    low, high = row.change_interval
    assert low < 100 * (factor - 1) < high
    assert low < row.change < high


def test_of_the_same_distribution_hardly_ever_a_difference_is_shown() -> None:
    verdicts = [
        only(measured(hop=sample(2 * n)), measured(hop=sample(2 * n + 1)), draws=600).verdict for n in range(20)
    ]
    assert verdicts.count(SAME) >= 17


def test_all_verdicts_together_have_the_confidence() -> None:
    """With many hops each interval is wider: alone a hop may differ, among twenty it must differ more."""
    names = [f"hop{number}" for number in range(20)]
    first = {name: sample(number) for number, name in enumerate(names)}
    second = {name: sample(100 + number) for number, name in enumerate(names)}
    many = compare([measured(**first)], [measured(**second)], draws=800).rows[0]
    alone = only(measured(hop0=first["hop0"]), measured(hop0=second["hop0"]), draws=800)
    assert many.change == alone.change
    assert many.change_interval[0] < alone.change_interval[0] < alone.change_interval[1] < many.change_interval[1]


def test_a_difference_within_a_count_of_a_histogram_is_none() -> None:
    values = np.full(1_000, 100_100, dtype=np.int64)
    row = only(counted(digits=2, hop=values), counted(digits=2, hop=values + 500))
    assert (row.resolution, row.verdict) == (511, SAME)
    assert only(measured(hop=values), measured(hop=values + 500)).verdict == SLOWER


@pytest.mark.parametrize("count", [0, 1, 19])
def test_too_few_values_give_no_verdict(count: int) -> None:
    row = only(measured(hop=sample(1)), measured(hop=sample(2, count, median=100)))
    assert (row.counts, row.verdict) == ((2_000, count), FEW)


def test_another_percentile_can_be_compared() -> None:
    calm, tailed = sample(1), sample(1)
    tailed[::50] *= 10
    assert only(measured(hop=calm), measured(hop=tailed)).verdict == SAME
    row = only(measured(hop=calm), measured(hop=tailed), percent=99.0)
    assert row.verdict == SLOWER
    assert row.values[0] == int(np.sort(calm)[1_979])


def test_hops_of_one_side_are_listed_and_those_of_both_come_in_the_orders_way() -> None:
    values = sample(1, 50)
    found = compare(
        [measured(doorbell=values, b=values, wire_to_wire=values)],
        [measured(a=values, doorbell=values, wire_to_wire=values)],
    )
    assert [row.hop for row in found.rows] == ["wire_to_wire", "doorbell"]
    assert found.only == (["b"], ["a"])


def test_the_same_sources_give_the_same_answer() -> None:
    first, second = measured(hop=sample(1)), measured(hop=sample(2))
    assert compare([first], [second]) == compare([first], [second])


def runs(seed: int, spread: float, median: float = 10_000, count: int = 5) -> list[Measured]:
    """Runs of one program, whose medians lie apart by `spread` though within a run all is calm."""
    random = np.random.default_rng(seed)
    return [
        measured(hop=(median * math.exp(random.normal(0, spread)) + random.normal(0, 20, 500)).astype(np.int64))
        for _ in range(count)
    ]


def test_runs_that_differ_by_themselves_show_no_difference_though_two_of_them_would() -> None:
    """Within a run the medians are known to a few ns; from run to run they move by a tenth."""
    verdicts = [compare(runs(2 * n, 0.1), runs(2 * n + 1, 0.1)).rows[0].verdict for n in range(30)]
    assert verdicts.count(SAME) >= 26
    alone = [compare(runs(2 * n, 0.1)[:1], runs(2 * n + 1, 0.1)[:1], draws=200).rows[0].verdict for n in range(10)]
    assert alone.count(SAME) <= 2


@pytest.mark.parametrize(("factor", "verdict"), [(0.7, FASTER), (1.4, SLOWER)])
def test_a_difference_larger_than_that_between_runs_is_found(factor: float, verdict: str) -> None:
    found = compare(runs(1, 0.05), runs(2, 0.05, 10_000 * factor))
    (row,) = found.rows
    assert found.between
    assert row.verdict == verdict
    assert row.change_interval[0] < 100 * (factor - 1) < row.change_interval[1]


def test_the_interval_between_runs_is_welchs() -> None:
    """Worked by hand: medians 100, 110 and 120, 130, 140 as logarithms."""
    first = [measured(hop=np.full(30, value)) for value in (100, 110)]
    second = [measured(hop=np.full(30, value)) for value in (120, 130, 140)]
    (row,) = compare(first, second).rows
    logs = [np.log([100, 110]), np.log([120, 130, 140])]
    errors = [logs[0].var(ddof=1) / 2, logs[1].var(ddof=1) / 3]
    freedom = sum(errors) ** 2 / (errors[0] ** 2 / 1 + errors[1] ** 2 / 2)
    assert freedom == pytest.approx(2.539, abs=0.001)
    # The 97.5 % quantile of Student's distribution with 2.539 degrees of freedom is 3.535.
    reach = 3.535 * math.sqrt(sum(errors))
    middle = logs[1].mean() - logs[0].mean()
    expected = [100 * math.expm1(middle - reach), 100 * math.expm1(middle + reach)]
    assert row.change_interval == pytest.approx(expected, rel=0.05)


def test_runs_that_are_all_alike_have_no_spread() -> None:
    values = np.full(30, 100)
    (row,) = compare([measured(hop=values)] * 2, [measured(hop=values + 7)] * 2).rows
    assert row.change_interval == pytest.approx((7, 7))
    assert row.verdict == SLOWER


def test_a_run_without_values_gives_no_verdict_between_runs() -> None:
    empty = measured(hop=np.array([], dtype=np.int64))
    (row,) = compare([measured(hop=sample(1)), empty], [measured(hop=sample(2))] * 2).rows
    assert row.verdict == FEW


def test_one_run_against_several_is_refused() -> None:
    one = measured(hop=sample(1))
    with pytest.raises(CompareError, match="two or more of each"):
        compare([one], [one, one])
