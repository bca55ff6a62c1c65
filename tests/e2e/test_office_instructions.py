"""Whatever befalls the office, a tick costs the trader the same instructions: counted in the image as it trades.

Counts are exact under QEMU's icount, on every machine. `hftos bench office_icount` does the same with more ticks and
more that can befall it.
"""

from typing import Any

import pytest

from benchmarks.icount import office
from benchmarks.icount.office_cases import BASE, CASES
from image import build as builder
from lab.lockstep import job

pytestmark = pytest.mark.e2e

TICKS = 200
OFFICES = ("collector", "killed", "stalled")
"""One that acknowledges everything, one that dies and comes back, one that accepts and never reads."""


@pytest.fixture(scope="module")
def cases(built: builder.Built, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, Any]]:
    """Every case's row, by name."""
    wanted = [case for case in CASES if case.name in (BASE.name, *OFFICES)]
    rows = office.compare(wanted, TICKS, tmp_path_factory.mktemp("offices"))["cases"]
    return {row["name"]: row for row in rows}


def said(row: dict[str, Any]) -> list[str]:
    """What the supervisor said of the office, without where that is."""
    return [line.partition(" at ")[0] for line in row["said"]]


def test_every_tick_led_to_the_right_order(cases: dict[str, dict[str, Any]]) -> None:
    assert {name: row.get("error") for name, row in cases.items()} == dict.fromkeys((BASE.name, *OFFICES))
    assert {row["right"] for row in cases.values()} == {TICKS + job.WARM_UP}


def test_the_counter_counts_instructions(cases: dict[str, dict[str, Any]]) -> None:
    assert all(row["calibration"] == pytest.approx(1.0, abs=1e-4) for row in cases.values())


@pytest.mark.parametrize("name", OFFICES)
def test_the_medians_of_the_path_and_of_every_stage_are_the_same(cases: dict[str, dict[str, Any]], name: str) -> None:
    assert cases[name]["p50"] == cases[BASE.name]["p50"]
    assert cases[name]["changed"] == []


@pytest.mark.parametrize("name", OFFICES)
def test_most_ticks_have_counts_that_occur_without_an_office(cases: dict[str, dict[str, Any]], name: str) -> None:
    """In the others the supervisor's turn fell between two readings of the counter, which both CPUs share."""
    assert cases[name]["known"] >= 0.6 * TICKS


def test_what_befell_the_office_took_place(cases: dict[str, dict[str, Any]]) -> None:
    there, lost = "connected to the office", "connection to the office lost: closed by the office"
    assert said(cases[BASE.name]) == []
    assert said(cases["collector"]) == [there]
    assert said(cases["killed"]) == [there, lost, there]
    assert said(cases["stalled"])[0] == there
    assert said(cases["stalled"])[-1] == "the office did not acknowledge the last records"


@pytest.mark.parametrize("name", ["collector", "killed"])
def test_the_office_has_every_order_answer_and_decision_exactly_once(
    cases: dict[str, dict[str, Any]], name: str
) -> None:
    assert cases[name]["office"] == []
    assert cases[name]["reached"] > 0
