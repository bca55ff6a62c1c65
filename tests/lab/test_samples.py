"""What a metric's repeats are, and what noise is ascribed to them."""

import math
from dataclasses import replace

import pytest

from benchmarks.verdicts import results
from lab import samples
from lab.metrics import METRICS
from lab.samples import Sample, Scale

RATE, COUNT, TIME = METRICS["loc_per_s"], METRICS["switches"], METRICS["gap_max_us"]


def test_samples_are_the_repeats_of_runs_that_succeeded() -> None:
    runs = results({"a": {"loc_per_s": [1.5, 2.0, 3.0], "switches": [4.0, 5.0]}, "b": {"loc_per_s": [math.nan]}})
    runs[1] = replace(runs[1], error="the guest stopped")
    assert samples.of(runs[::-1], RATE) == {"a": Sample((1.5, 3.0), 0.1), "b": Sample(())}
    assert samples.of(runs, COUNT)["a"] == Sample((4.0,), 1.0)
    assert samples.measured(runs) == ["loc_per_s", "switches"]


@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("loc_per_s", 0.1),
        ("switches", 1.0),
        ("memory_kib", 4.0),
        ("instructions_p50", 1.0),
        ("boot_s", 1e-6),
        ("gap_max_us", 0),
    ],
)
def test_a_rates_step_is_one_event_in_the_window(name: str, step: float) -> None:
    assert samples.step_of(METRICS[name], 10.0) == step


def test_a_percentiles_step_is_its_bucket() -> None:
    assert samples.step_of(METRICS["tick_to_trade_p99_ns"], 10.0, 12_800.0) == 100.0


def test_no_noise_is_less_than_that_of_neighbouring_counts() -> None:
    constant = Sample((5.0, 5.0, 5.0), step=1.0)
    assert Scale().noise(constant).of_one == pytest.approx(0.25)
    assert Scale(1.0).noise(constant).of_one == pytest.approx((1 / 6) ** 2 / 4)
    assert Scale().noise(replace(constant, step=0.0)).of_one == 0


def test_noise_that_is_the_same_everywhere_is_judged_on_the_figures() -> None:
    found = {"a": Sample((10.0, 11.0, 12.0)), "b": Sample((1000.0, 1001.0, 1002.0))}
    assert samples.scale(found) == Scale()


def test_noise_that_grows_with_the_figures_is_judged_on_logarithms() -> None:
    found = {"a": Sample((10.0, 11.0, 12.0), 0.1), "b": Sample((1000.0, 1100.0, 1200.0), 0.1)}
    assert samples.scale(found) == Scale(0.1)


@pytest.mark.parametrize("values", [(-1.0, 5.0, 60.0), (0.0, 5.0, 60.0), (5.0,)])
def test_where_there_are_no_logarithms_figures_are_judged(values: tuple[float, ...]) -> None:
    assert samples.scale({"a": Sample(values), "b": Sample((0.1,))}) == Scale()


@pytest.mark.parametrize("scale", [Scale(), Scale(0.5)])
def test_a_shift_and_its_difference_are_each_others_inverse(scale: Scale) -> None:
    assert scale.back(20.0, scale.shift(20.0, -7.0)) == pytest.approx(-7.0)
    assert scale(13.0) - scale(20.0) == pytest.approx(scale.shift(20.0, -7.0))


def test_a_shift_without_end_is_told_as_a_millionfold() -> None:
    assert Scale(0.0).back(2.0, 1e9) == pytest.approx(2e6, rel=1e-3)


def test_with_three_variants_none_is_calmer_than_the_mean_of_all() -> None:
    found = {"calm": Sample((1.0, 1.0, 1.0)), "wild": Sample((0.0, 9.0, 90.0)), "one": Sample((5.0, 5.5, 6.0))}
    own = {name: Scale().noise(sample).of_one for name, sample in found.items()}
    noises = samples.noises(found, Scale())
    floor = sum(own.values()) / 3 * 3 / 2
    assert [noises[name].of_one for name in found] == pytest.approx([floor, own["wild"], floor])
    assert noises["calm"].pooled == noises["one"].pooled == pytest.approx(2.0, abs=0.01)
    assert noises["wild"].pooled is None


def test_two_variants_say_nothing_of_each_others_noise_and_one_run_has_none() -> None:
    found = {"calm": Sample((1.0, 1.0, 1.0)), "wild": Sample((0.0, 9.0, 90.0)), "single": Sample((5.0,))}
    noises = samples.noises(found, Scale())
    assert set(noises) == {"calm", "wild"}
    assert noises["calm"].variance == 0
