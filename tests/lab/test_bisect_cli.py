"""`hftos lab bisect`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from lab import guest, knob_levels
from lab.cli import lab
from lab.knob_levels import Knobs
from lab.model import Result, Run
from tests.lab.doubles import STEPS
from tests.lab.test_searching import guest as guest_with_a_culprit


@pytest.fixture
def file(tmp_path: Path, knobs: Knobs, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(knob_levels, "load", lambda: knobs)
    monkeypatch.setattr(guest, "measure", guest_with_a_culprit)
    monkeypatch.setattr(guest, "prepare", lambda variants, say: None)
    monkeypatch.chdir(tmp_path)
    levels = ", ".join(f'k{number:02} = "0"' for number in range(1, 17))
    path = tmp_path / "steps.toml"
    path.write_text(f'{STEPS}\n[[variant]]\nname = "slow"\nlevels = {{ {levels} }}\n', encoding="utf-8")
    return str(path)


def test_the_culprit_is_named_with_both_levels_and_the_number_of_boots(file: str) -> None:
    done = CliRunner().invoke(lab, ["bisect", file, "+stat.interval=120", "slow"], env={"COLUMNS": "120"})
    assert done.exit_code == 0, done.output
    assert "6 boots, threshold 500: k11: 1 → 0" in done.stdout
    assert "It makes 100% of the difference between +stat.interval=120 and slow." in done.stdout
    assert "16 knobs differ: 6 boots when all are clear" in done.stderr
    assert json.loads(Path("build/lab/steps.+stat.interval=120.slow/finding.json").read_bytes())["boots"] == 6


def test_the_finding_as_json(file: str) -> None:
    done = CliRunner().invoke(lab, ["bisect", file, "+stat.interval=120", "slow", "--json", "--repeats", "2"])
    found = json.loads(done.stdout)
    assert found["culprit"] == {"k11": ["1", "0"]}
    assert found["boots"] == 12
    assert found["metric"] == "loc_per_s"


def test_a_length_is_whole_seconds_and_the_boots_have_it(file: str) -> None:
    arguments = ["bisect", file, "+stat.interval=120", "slow", "--seconds"]
    assert CliRunner().invoke(lab, [*arguments, "2.5"]).exit_code == 2
    assert not Path("build").exists()
    assert CliRunner().invoke(lab, [*arguments, "3"]).exit_code == 0
    runs = Path("build/lab/steps.+stat.interval=120.slow/runs").glob("*.json")
    assert {json.loads(path.read_bytes())["run"]["workload"]["seconds"] for path in runs} == {3}


def test_ticks_in_lockstep_have_no_length(file: str) -> None:
    ticks = Path("ticks.toml")
    text = Path(file).read_text(encoding="utf-8").replace('"idle"', '"tick-to-trade"')
    ticks.write_text(text.replace("loc_per_s", "instructions_p50"), encoding="utf-8")
    done = CliRunner().invoke(lab, ["bisect", str(ticks), "base", "slow", "--seconds", "30"])
    assert done.exit_code == 1
    assert "Error: --seconds 30: the workload tick-to-trade has no length but 1,000 ticks: leave" in done.output
    assert not Path("build").exists()


def test_a_variant_that_is_not_there_is_named(file: str) -> None:
    done = CliRunner().invoke(lab, ["bisect", file, "bass", "slow"])
    assert done.exit_code == 1
    assert "Error: no variant 'bass'; did you mean 'base'" in done.output


def test_variants_with_the_same_knobs_are_refused_and_leave_what_was_there(file: str) -> None:
    place = Path("kept")
    place.mkdir()
    (place / "older").touch()
    done = CliRunner().invoke(lab, ["bisect", file, "base", "base", "--fresh", "--dir", str(place)])
    assert done.exit_code == 1
    assert "base and base have the same knobs: there is nothing to look for" in done.output
    done = CliRunner().invoke(
        lab, ["bisect", file, "base", "slow", "--metric", "instructions_p50", "--fresh", "--dir", str(place)]
    )
    assert done.exit_code == 1
    assert "instructions_p50 is not measured under the workload idle" in done.output
    assert [path.name for path in place.iterdir()] == ["older"]
    assert not Path("build").exists()


def test_variants_that_do_not_differ_in_the_metric_are_an_error(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def same(run: Run, folder: Path, say: Callable[[str], None]) -> Result:
        return Result(run, metrics={"loc_per_s": 1.0})

    monkeypatch.setattr(guest, "measure", same)
    done = CliRunner().invoke(lab, ["bisect", file, "base", "slow"])
    assert done.exit_code == 1
    assert "the two ends do not differ: 1 and 1" in done.output


def test_a_search_with_more_culprits_says_so(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def two(run: Run, folder: Path, say: Callable[[str], None]) -> Result:
        value = 600.0 * (run.variant.levels.get("k05") == "0") + 400.0 * (run.variant.levels.get("k12") == "0")
        return Result(run, metrics={"loc_per_s": value})

    monkeypatch.setattr(guest, "measure", two)
    done = CliRunner().invoke(lab, ["bisect", file, "+stat.interval=120", "slow"])
    assert "k05: 1 → 0" in done.stdout
    assert "It makes 60%" in done.stdout
    assert "Other knobs have a part in it" in done.stdout
