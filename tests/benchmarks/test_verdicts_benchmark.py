"""The simulation of the lab's verdicts: its experiments are what they say, its tables have every figure."""

import io

import numpy as np
import pytest
from rich.console import Console

from benchmarks import verdicts
from benchmarks.verdicts import NOISES


@pytest.mark.parametrize("name", NOISES)
def test_an_experiment_without_differences_has_all_its_comparisons(name: str) -> None:
    rows = verdicts.nothing(NOISES[name], 3, 4, 2, np.random.default_rng(1))
    assert {(row.reference, row.variant) for row in rows} == {("v0", f"v{number}") for number in range(1, 5)}
    assert {row.metric for row in rows} == set(NOISES[name].metrics(2))
    assert {row.counts for row in rows} == {(3, 3)}


def test_the_noisy_references_values_lie_twenty_times_as_far_apart() -> None:
    rows = verdicts.nothing(NOISES["noisy reference"], 400, 1, 1, np.random.default_rng(1))
    (row,) = rows
    assert row.interval is not None
    assert (row.interval[1] - row.interval[0]) == pytest.approx(2 * 1.96 * 20 * 1.2533 / 20, rel=0.3)


def test_a_planted_difference_is_five_percent_of_the_first_variant_alone() -> None:
    rows = verdicts.planted(lambda random, count: random.normal(1000, 0.1, count), 5, np.random.default_rng(1))
    assert [round(row.percent(row.difference) or 0.0, 1) for row in rows] == [5.0, 0.0, 0.0, 0.0]


def test_the_tables_have_a_row_for_each_noise_and_number_of_repeats(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verdicts, "QUICK", 2)
    monkeypatch.setattr(verdicts, "SIZES", ((1, 1), (2, 1)))
    monkeypatch.setattr(verdicts, "RANKED", (2, 1))
    said: list[str] = []
    found = verdicts.run(quick=True, progress=said.append)
    out = io.StringIO()
    for table in verdicts.tables(found):
        Console(file=out, width=120).print(table)
    assert len(said) == len(NOISES) + len(verdicts.PLANTED_IN) + 1
    assert len(found["null"]) == 3 * len(NOISES)
    assert all(name in out.getvalue() for name in (*NOISES, *verdicts.PLANTED_IN))
    assert all(0 <= row["ranked"] <= 1 for row in found["null"])
    assert "after each repeat from 4 to 20" in out.getvalue()


def test_each_variant_but_the_first_moves_a_factor_of_its_own() -> None:
    runs = verdicts.alike(NOISES["normal"], 2, 2, 1, np.random.default_rng(1))
    factors = {run.run.variant.name: dict(run.run.variant.factors) for run in runs}
    off, on = "off", "on"
    assert factors == {"v0": {"v1": off, "v2": off}, "v1": {"v1": on, "v2": off}, "v2": {"v1": off, "v2": on}}


def test_who_stops_at_the_first_effect_finds_no_fewer_than_who_looks_once() -> None:
    any_look, last_look = verdicts.stopping(20)
    assert any_look >= last_look
    assert verdicts.stopping(20) == (any_look, last_look)
