"""How long runs will take."""

import pytest

from lab.durations import OVERHEAD, Estimates, window, words
from lab.model import Run, Variant, Workload
from tests.lab.doubles import IDLE

RUN = Run(0, Variant("base"), 1, IDLE)
STOCK = Run(1, Variant("stock", kernel="debian"), 1, IDLE)


def test_a_machine_that_has_done_nothing_is_guessed() -> None:
    assert Estimates().seconds(RUN) == 10 + OVERHEAD["idle"]
    assert not Estimates().known("idle")


def test_what_one_workload_took_is_no_measure_of_another() -> None:
    estimates = Estimates()
    estimates.add(RUN, 16)
    assert estimates.known("idle")
    assert not estimates.known("tick-to-trade")


def test_runs_take_what_runs_like_them_took() -> None:
    estimates = Estimates(on="here")
    for took in (16.0, 18.0, 40.0):
        estimates.add(RUN, took)
    assert estimates.seconds(RUN) == 18
    assert estimates.seconds(STOCK) == 18  # nothing better is known of that kernel
    estimates.add(STOCK, 30)
    assert estimates.seconds(STOCK) == 30


def test_a_longer_window_takes_longer() -> None:
    estimates = Estimates(on="here")
    estimates.add(RUN, 16)
    assert estimates.seconds(Run(0, Variant("base"), 1, Workload("idle", 30))) == 36


def test_rows_of_this_machine_are_learnt_from_and_others_are_not() -> None:
    here = Estimates(on="here")
    rows = [here.row(RUN, 15.0), here.row(RUN, 99.0, on="elsewhere"), {"machine": "here", "took": "long"}, {}]
    assert Estimates(rows, on="here").seconds(RUN) == 15


def test_so_many_workers_take_so_much_less() -> None:
    assert Estimates().total([RUN] * 6, workers=3) == pytest.approx(2 * Estimates().seconds(RUN))


def test_ticks_take_time_as_well() -> None:
    assert window(Workload("tick-to-trade", ticks=2000)) > window(Workload("tick-to-trade", ticks=1000)) > 0


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (59.4, "59 s"), (59.6, "1 min 00 s"), (200, "3 min 20 s"), (3900, "1 h 05 min")]
)
def test_durations_are_said_as_people_do(seconds: float, text: str) -> None:
    assert words(seconds) == text
