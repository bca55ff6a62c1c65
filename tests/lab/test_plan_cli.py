"""`hftos lab plan` and `hftos lab list`."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from lab import durations, knob_levels, plan_cli
from lab import experiment as experiments
from lab.cli import lab
from lab.durations import Estimates
from lab.knob_levels import Knobs
from lab.plan import make, runs_of
from lab.run_experiment import Choices, carry_out
from lab.runner import Here
from tests.lab.doubles import STEPS, Told, measure
from tests.lab.test_run_experiment import nothing_to_build


@pytest.fixture
def file(tmp_path: Path, knobs: Knobs, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An experiment over the test catalogue, whose kernels are all there but those of another hz."""
    monkeypatch.setattr(knob_levels, "load", lambda: knobs)
    monkeypatch.setattr(plan_cli, "present", lambda variant, _knobs: variant.levels["hz"] == "100")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "steps.toml"
    path.write_text(STEPS + '[[factor]]\nknob = "hz"\nlevels = ["100", "1000"]\n', encoding="utf-8")
    return path


def test_the_plan_shows_variants_kernels_and_time(file: Path) -> None:
    done = CliRunner().invoke(lab, ["plan", str(file)], env={"COLUMNS": "120"})
    assert done.exit_code == 0, done.output
    for words in ("Which of them?", "+stat.interval=10", "tick = {isolated}", "hz=1000", "to be built", "a guess"):
        assert words in done.output
    assert "5 variants × 3 repeats = 15 runs, 15 of them without a result: 5 min 00 s" in done.output
    assert "8 min 00 s to build kernels" in done.output
    assert not (file.parent / "build").exists()


def test_a_title_in_brackets_is_printed_as_it_is(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    file.write_text(text.replace('"Steps"', '"[/x] [bold]"').replace('"Which of them?"', '"[/] this?"'))
    done = CliRunner().invoke(lab, ["plan", str(file)])
    assert done.exit_code == 0, done.output
    assert "[/x] [bold]" in done.output
    assert "[/] this?" in done.output


def test_the_plan_as_json(file: Path) -> None:
    found = json.loads(CliRunner().invoke(lab, ["plan", str(file), "--json", "--repeats", "2"]).output)
    assert (found["runs"], found["runs_left"], found["repeats"]) == (10, 10, 2)
    assert found["variants"][2]["changes"] == {"stat.interval": "10"}
    assert found["variants"][2]["compared"] == "+tick"
    assert [kernel["present"] for kernel in found["kernels"]] == [True, False]


def test_what_is_done_is_not_left(file: Path, knobs: Knobs) -> None:
    experiment = experiments.load(file)
    carry_out(experiment.changed(repeats=2), knobs, Path("build/lab/steps"), Here(measure), nothing_to_build, Told())
    found = json.loads(CliRunner().invoke(lab, ["plan", str(file), "--json"]).output)
    assert (found["runs"], found["runs_left"]) == (15, 5)
    assert found["seconds"] < 15  # as measured, not as guessed


def begin(file: Path, knobs: Knobs, choices: Choices) -> Told:
    told = Told()
    carry_out(experiments.load(file), knobs, Path("build/lab/steps"), Here(measure), nothing_to_build, told, choices)
    return told


def test_of_one_that_was_begun_it_is_what_is_gone_on_with(file: Path, knobs: Knobs) -> None:
    begin(file, knobs, Choices(repeats=5, seed=7, only=("base",)))
    found = json.loads(CliRunner().invoke(lab, ["plan", str(file), "--json"]).output)
    assert (found["repeats"], found["runs"], found["runs_left"]) == (5, 25, 20)
    left = [key for key in found["order"] if not key.startswith("base.")]
    assert [line.split()[1] for line in begin(file, knobs, Choices()).began] == left
    done = CliRunner().invoke(lab, ["plan", str(file), "--repeats", "2"], env={"COLUMNS": "120"})
    assert "note: 5 repeats, not 2: it has results of a plan with 5; --fresh begins anew with fewer\n" in done.output


def test_a_folder_that_a_run_would_refuse_is_refused(file: Path, knobs: Knobs) -> None:
    begin(file, knobs, Choices(repeats=1))
    file.write_text(file.read_text().replace("seconds = 10", "seconds = 5"))
    done = CliRunner().invoke(lab, ["plan", str(file)])
    assert done.exit_code == 1
    assert "holds results of another steps (it differs in: workload)" in done.output
    done = CliRunner().invoke(lab, ["plan", str(file), "--dir", "."])
    assert done.exit_code == 1
    assert "is no folder of the lab, and not empty" in done.output


def test_what_is_wrong_with_a_file_is_one_line(file: Path) -> None:
    file.write_text(STEPS.replace('"tick"', '"tikc"'), encoding="utf-8")
    done = CliRunner().invoke(lab, ["plan", str(file)])
    assert done.exit_code == 1
    assert done.output == "Error: steps: factor tikc: no knob 'tikc'; did you mean 'tick'?\n"


def test_the_list_says_which_times_are_guesses(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = {"kind": "idle", "kernel": "hftos", "took": 20.0, "window": 10.0, "machine": durations.machine()}
    monkeypatch.setattr("lab.storage.durations", lambda: [seen])
    rows = json.loads(CliRunner().invoke(lab, ["list", "--json"]).output)
    assert {row["measured"] for row in rows if row["workload"] == "idle"} == {True}
    assert not any(row["measured"] for row in rows if row["workload"] != "idle")
    lines = CliRunner().invoke(lab, ["list"], env={"COLUMNS": "160"}).output.splitlines()
    assert {row["name"] for row in rows if not row["measured"]} == {
        row["name"] for row in rows for line in lines if f" {row['name']} " in line and " about " in line
    }
    assert '"about": a guess, nothing of that workload was measured here yet.' in lines


def test_the_shipped_experiments_are_listed() -> None:
    rows = json.loads(CliRunner().invoke(lab, ["list", "--json"]).output)
    assert [row["name"] for row in rows] == experiments.shipped()
    assert all(row["seconds"] > 0 and row["variants"] > 1 for row in rows)
    text = CliRunner().invoke(lab, ["list"]).output
    assert "isolation" in text


def test_isolation_takes_less_than_fifteen_minutes_by_the_guess() -> None:
    plan = make(experiments.find("isolation"), knob_levels.load())
    assert Estimates().total(runs_of(plan.as_dict())) < 15 * 60
