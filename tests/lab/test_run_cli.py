"""`hftos lab run`: what it prints, its exit status, and what stays in the folder."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from click.testing import Result as Ended

from lab import guest, knob_levels
from lab.cli import lab
from lab.knob_levels import Knobs
from lab.model import Result, Run
from qemu.lock import locked
from tests.lab.doubles import STEPS, measure


class Command:
    """`hftos lab run steps.toml` with a guest that is a function."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.folder = file.parent / "build" / "lab" / "steps"

    def __call__(self, *options: str) -> Ended:
        return CliRunner().invoke(lab, ["run", str(self.file), *options], env={"COLUMNS": "120"})


@pytest.fixture
def command(tmp_path: Path, knobs: Knobs, monkeypatch: pytest.MonkeyPatch) -> Command:
    monkeypatch.setattr(knob_levels, "load", lambda: knobs)
    monkeypatch.setattr(guest, "measure", measure)
    monkeypatch.setattr(guest, "prepare", lambda variants, say: None)
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "steps.toml"
    file.write_text(STEPS, encoding="utf-8")
    return Command(file)


def test_a_line_for_each_run_then_the_report(command: Command) -> None:
    done = command()
    assert done.exit_code == 0, done.output
    assert "[1/12]" in done.stderr
    assert "[12/12]" in done.stderr
    assert "left" in done.stderr
    assert f"report: {command.folder / 'report.html'}" in done.stdout
    assert "loc_per_s" in done.stdout or "timer" in done.stdout
    assert (command.folder / "report.html").is_file()
    assert (command.folder / "report.json").is_file()


def test_the_outcome_as_json(command: Command) -> None:
    done = command("--json", "--repeats", "2", "--only", "base")
    outcome = json.loads(done.stdout)
    assert outcome["runs"] == 2
    assert outcome["failed"] == []
    assert Path(outcome["report"]).is_file()


def test_a_failed_run_is_kept_and_the_status_is_1(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(run: Run, folder: Path, say: Callable[[str], None]) -> Result:
        return Result(run, error="panic: no init\nmore") if run.key == "base.2" else measure(run, folder, say)

    monkeypatch.setattr(guest, "measure", failing)
    done = command()
    assert done.exit_code == 1
    assert "failed: base.2: panic: no init\n" in done.stderr
    assert json.loads(command("--json").stdout)["failed"] == [{"run": "base.2", "error": "panic: no init\nmore"}]
    monkeypatch.setattr(guest, "measure", measure)
    assert command("--again-failed").exit_code == 0


def test_ctrl_c_says_that_it_can_go_on(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(run: Run, folder: Path, say: Callable[[str], None]) -> Result:
        if run.number == 5:
            raise KeyboardInterrupt
        return measure(run, folder, say)

    monkeypatch.setattr(guest, "measure", interrupted)
    done = command()
    assert done.exit_code != 0
    assert f"kept in {command.folder}: the same command goes on" in done.stderr
    assert len(list((command.folder / "runs").glob("*.json"))) == 5


def test_a_folder_in_use_is_refused(command: Command) -> None:
    with locked(command.folder):
        done = command()
    assert done.exit_code == 1
    assert "is in use by the run with pid" in done.output


def test_a_changed_experiment_is_refused_with_the_remedy(command: Command) -> None:
    command()
    command.file.write_text(STEPS.replace("seconds = 10", "seconds = 5"), encoding="utf-8")
    done = command()
    assert done.exit_code == 1
    assert "it differs in: workload" in done.output
    assert "--fresh" in done.output
    assert command("--fresh").exit_code == 0
    assert (command.folder.parent / "steps.before-1" / "plan.json").is_file()
    assert command("--dir", "elsewhere").exit_code == 0


def test_a_cluster_that_is_not_there_is_named(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lab.dask_cluster.CONNECT_SECONDS", 0.5)
    done = command("--dask", "tcp://127.0.0.1:1")
    assert done.exit_code == 1
    assert "Error: no Dask scheduler answers at 'tcp://127.0.0.1:1'" in done.output
