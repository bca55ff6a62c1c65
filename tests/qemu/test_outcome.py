"""Judging how a guest ended, from its console."""

from pathlib import Path

import pytest

from qemu.accel import Accelerator
from qemu.outcome import Outcome, judge_guest
from qemu.scenario import Scenario

GOOD = "hftos: trader: trading\nhftos: exit status 0: end of session\n[    9.3] reboot: Power down\n"


def judged(folder: Path, console: str | None, *reasons: str, symptom: str = "") -> Outcome:
    scenario = Scenario(folder)
    if console is not None:
        scenario.console.write_text(console)
    outcome = Outcome(Accelerator("tcg", "test"), reasons=list(reasons), machine_ending="guest-reset")
    outcome.symptoms += [symptom] if symptom else []
    judge_guest(scenario, outcome)
    return outcome


def test_a_good_end(tmp_path: Path) -> None:
    outcome = judged(tmp_path, GOOD)
    assert (outcome.guest_status, outcome.guest_reason, outcome.reasons) == (0, "end of session", [])
    assert outcome.console.endswith("reboot: Power down")


@pytest.mark.parametrize(
    ("console", "earlier", "reasons"),
    [
        ("hftos: exit status 1: bad config\n", [], ["the guest ended with status 1: bad config"]),
        (
            "hftos: exit status 1: bad config\n",
            ["boot: the guest ended"],
            ["the guest ended with status 1: bad config", "boot: the guest ended"],
        ),
        (
            "x\n[ 1.1] Kernel panic - not syncing: no init\n",
            ["boot: gone"],
            ["the guest's kernel panicked: [ 1.1] Kernel panic - not syncing: no init", "boot: gone"],
        ),
        ("Linux version\n", [], ["the guest ended without an exit status (guest-reset)"]),
        (None, [], ["the guest ended without an exit status (guest-reset)"]),
        ("Linux version\n", ["boot: it hung"], ["boot: it hung"]),
    ],
)
def test_a_bad_end_has_its_cause_first(
    tmp_path: Path, console: str | None, earlier: list[str], reasons: list[str]
) -> None:
    assert judged(tmp_path, console, *earlier).reasons == reasons


@pytest.mark.parametrize(
    ("console", "reasons"),
    [
        ("hftos: exit status 1: bad config\n", ["the guest ended with status 1: bad config"]),
        ("Kernel panic: no init\n", ["the guest's kernel panicked: Kernel panic: no init"]),
        ("Linux version\n", ["boot: the guest ended with status 0 (guest-reset)"]),
    ],
)
def test_that_the_guest_is_gone_is_said_only_when_it_gave_no_cause(
    tmp_path: Path, console: str, reasons: list[str]
) -> None:
    assert judged(tmp_path, console, symptom="boot: the guest ended with status 0 (guest-reset)").reasons == reasons
