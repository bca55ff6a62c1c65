"""The tuning catalogue on the running image: every row is proved, and those that have no effect are caught by name."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from image import catalogue, profile
from image.build import Built
from office import files
from protocols.management import Exit, State
from qemu import accel

pytestmark = pytest.mark.e2e

ROOT = Path(__file__).resolve().parents[2]
WRONG = {
    "kthread_cpus": ("0", "0, unknown to this kernel"),
    "rcupdate.rcu_normal_after_boot": ("1", "0"),
    "skew_tick": ("1", "unset"),
    "vm.swappiness": ("300", "60"),
    "HZ": ("1000", "HZ_100"),
}
"""What is asked for, and what the kernel makes of it: a parameter that it does not know, one that a later one changes,
one that is not on the command line, a value that it refuses, another configuration than it was built with."""


def lab_knobs(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "hftos.cli", "lab", "knobs", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def by_name(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = {row["name"]: row for row in rows}
    assert len(found) == len(rows)
    return found


@dataclass(frozen=True)
class Guest:
    """A finished run: its report, its folder."""

    report: dict[str, Any]
    folder: Path


Booted = Callable[..., Guest]


@pytest.fixture(scope="module")
def booted(built: Built, accelerator: accel.Accelerator, tmp_path_factory: pytest.TempPathFactory) -> Booted:
    """Boots the image with what `WRONG` asks for; `extra`: a section for its configuration."""

    def run(extra: str = "") -> Guest:
        folder = tmp_path_factory.mktemp("knobs")
        rows = json.loads(profile.load("qemu").knobs)
        for row in rows["knobs"]:
            if row["name"] in WRONG:
                row["value"] = WRONG[row["name"]][0]
                row["shows"] = "HZ_1000" if row["name"] == "HZ" else row["value"]
        (folder / "rows.json").write_text(json.dumps(rows))
        config = folder / "hftos.toml"
        config.write_text((ROOT / "hftos.toml").read_text().replace("[host]\n", f"[host]\n{extra}"))
        before, dashes, after = built.cmdline.read_text().strip().partition(" -- ")
        words = [word for word in before.split() if word != "skew_tick=1"]
        assert len(words) == len(before.split()) - 1
        words += ["kthread_cpus=0", "rcupdate.rcu_normal_after_boot=0"]
        asked = {
            "directory": str(folder / "run"),
            "rows": str(folder / "rows.json"),
            "cmdline": " ".join(words) + dashes + after,
            "config": str(config),
        }
        command = [sys.executable, "-m", "tests.e2e.knob_guest", json.dumps(asked)]
        environment = os.environ | {accel.OVERRIDE: accelerator.name}
        done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
        assert done.stdout, done.stderr
        return Guest(json.loads(done.stdout), folder / "run")

    return run


@pytest.fixture(scope="module")
def stopped(booted: Booted) -> Guest:
    return booted()


@pytest.fixture(scope="module")
def running(built: Built, accelerator: accel.Accelerator, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A run, with what `hftos lab knobs` said while it was trading."""
    folder = tmp_path_factory.mktemp("run")
    command = [sys.executable, "-m", "hftos.cli", "run", "--no-build", "--json", "--seconds", "6"]
    with subprocess.Popen(
        [*command, "--dir", str(folder)],
        cwd=ROOT,
        env=os.environ | {accel.OVERRIDE: accelerator.name},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stderr is not None
        assert any("login" in line for line in process.stderr), "the trader never logged in"
        during = lab_knobs("--run", str(folder), "--json", "--all")
        out, _ = process.communicate(timeout=120)
    return json.loads(out), json.loads(during.stdout), folder


class TestTheImage:
    """As it is built."""

    def test_every_row_of_the_catalogue_is_read_back_or_says_why_not(self, running: Any) -> None:
        rows, known = by_name(running[0]["knobs"]), catalogue.load()
        assert set(rows) == set(known.knobs)
        for row in rows.values():
            assert row["ok"], row
            if row["effective"] in ("absent", "not applicable", "not read back") and row["requested"] != "unset":
                assert row["reason"], row

    def test_the_run_is_ok_and_counts_them(self, running: Any) -> None:
        assert running[0]["ok"], running[0]["reasons"]
        counts = running[0]["knob_counts"]
        assert counts["failed"] == 0
        assert counts["effective"] > 50
        assert sum(counts[name] for name in ("effective", "absent", "failed", "unset")) == counts["all"]

    def test_the_command_prints_them_while_it_runs_and_afterwards(self, running: Any) -> None:
        report, during, folder = running
        assert during["ended"] == ""
        assert by_name(during["knobs"]) == by_name(report["knobs"])
        after = lab_knobs("--run", str(folder), "--json", "--all")
        assert after.returncode == 0
        assert json.loads(after.stdout) == during | {"ended": "exit status 0: end of session"}
        assert "nohz_full" in lab_knobs("--run", str(folder)).stdout


class TestAFailedSelfCheck:
    """`host.self_check = "stop"`, the default: the machine does not trade."""

    def test_each_is_caught_by_name(self, stopped: Guest) -> None:
        wrong = {row["name"]: (row["requested"], row["effective"]) for row in stopped.report["knobs"] if not row["ok"]}
        assert wrong == WRONG

    def test_no_order_was_sent(self, stopped: Guest) -> None:
        assert stopped.report["exchange"]["received"] == 0
        assert stopped.report["orders"]["sent"] is None

    def test_the_machine_ends_with_the_names_on_its_console(self, stopped: Guest) -> None:
        assert stopped.report["guest"]["status"] == 1
        for name, (requested, effective) in WRONG.items():
            assert f"{name} (requested {requested}, effective {effective}" in stopped.report["guest"]["reason"]
        console = (stopped.folder / "console.log").read_text()
        assert "hftos: self-check failed: vm.swappiness (requested 300, effective 60: write refused: Inv" in console

    def test_the_report_names_each(self, stopped: Guest) -> None:
        assert stopped.report["ok"] is False
        assert stopped.report["reasons"][0].startswith("the guest ended with status 1: self-check failed: ")
        for name, (requested, effective) in WRONG.items():
            assert any(
                r.startswith(f"knob {name}: wanted {requested}, got {effective}") for r in stopped.report["reasons"]
            )

    def test_the_office_heard_of_it(self, stopped: Guest) -> None:
        said = [frame.message for _, frame in files.live(stopped.folder)]
        assert any(isinstance(m, State) and m.body.startswith(b"self-check failed: ") for m in said)
        assert any(isinstance(m, Exit) and m.status == 1 and b"kthread_cpus" in m.body for m in said)

    def test_the_command_fails_and_marks_them(self, stopped: Guest) -> None:
        done = lab_knobs("--run", str(stopped.folder), "--json")
        assert done.returncode == 1
        assert {row["name"] for row in json.loads(done.stdout)["knobs"] if not row["ok"]} == set(WRONG)


def test_a_machine_that_may_trades_all_the_same_and_is_marked(booted: Booted) -> None:
    guest = booted('self_check = "warn"\n')
    assert guest.report["reconciled"] is True
    assert guest.report["orders"]["accepted"] > 0
    assert guest.report["guest"]["status"] == 0
    assert guest.report["ok"] is False
    assert {reason.split(":")[0] for reason in guest.report["reasons"]} == {f"knob {name}" for name in WRONG}
    assert 'host.self_check = "warn": this machine trades' in (guest.folder / "console.log").read_text()
