"""`hftos analyse`: from Parquet, from a store, and what it says about wrong input."""

import json
from pathlib import Path

import polars as pl
import pytest
from click.testing import CliRunner, Result

from store.analytics.cli import analyse
from store.analytics.inputs import inputs
from tests.store.analytics import generated


def _call(*arguments: object) -> Result:
    return CliRunner().invoke(analyse, [str(argument) for argument in arguments])


@pytest.fixture
def exported(tmp_path: Path) -> Path:
    folder = tmp_path / "exported"
    folder.mkdir()
    for name, frame in generated.run(60).items():
        frame.write_parquet(folder / f"{name}.parquet")
    return folder


def test_it_writes_the_report_and_shows_it_in_short(exported: Path, tmp_path: Path) -> None:
    done = _call(exported, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "spread captured" in done.output
    assert f"report: {tmp_path / 'out' / 'analysis.html'}" in done.output
    assert sorted(path.suffix for path in (tmp_path / "out").iterdir()) == [".html", ".json", *[".parquet"] * 3]


def test_json_is_the_summary_alone_with_the_horizons_asked_for(exported: Path, tmp_path: Path) -> None:
    done = _call(exported, "--out", tmp_path, "--json", "--horizon", "2s", "--horizon", "500us", "--realised", "250ms")
    found = json.loads(done.stdout)
    assert found["run"] == "exported"
    assert found["settings"]["horizons_ns"] == [500_000, 2_000_000_000]
    assert found["settings"]["realised_ns"] == 250_000_000
    assert list(found["total"]["markouts"]) == ["500us", "2s"]


def test_without_a_folder_the_report_is_under_build(
    exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert _call(exported).exit_code == 0
    assert (tmp_path / "build/analysis/exported/analysis.html").is_file()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "nowhere is no folder: give a run's folder, or --run with a name"),
        (["."], "holds no run"),
        (["--dsn", "chdb:none"], "there is no store in"),
        (["--dsn", "http://x"], "http://x is no address of a store"),
        (["x", "--horizon", "1 week"], "'1 week' is no duration: give a number and a unit, as 10ms or 1s"),
        (["x", "--horizon", "0s"], "'0s' is no duration"),
        (["x", "--realised", "25h"], "'25h' is no duration"),
        (["x", "--opportunity", "9999999999999999s"], "is no duration"),
    ],
)
def test_wrong_input_is_named_in_a_line_and_the_status_says_so(
    arguments: list[str], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = _call(*arguments)
    assert done.exit_code != 0
    assert said in done.output
    assert "Traceback" not in done.output


def test_the_store_of_the_environment_is_taken(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HFTOS_STORE", f"chdb:{tmp_path / 'there'}")
    assert f"there is no store in {tmp_path / 'there'}" in _call().output


def test_names_are_shown_and_not_obeyed(exported: Path, tmp_path: Path) -> None:
    folder = tmp_path / "[x]"
    folder.mkdir()
    for path in exported.iterdir():
        frame = pl.read_parquet(path)
        if "strategy" in frame.columns:
            frame = frame.with_columns(strategy=pl.lit("[/red]\x1b[2J"))
        with (folder / path.name).open("wb") as file:
            frame.write_parquet(file)
    done = _call(folder, "--out", folder / "out")
    assert done.exit_code == 0, done.output
    assert r"[/red]\x1b[2J" in done.output
    assert f"report: {folder}" in done.output
    assert "\x1b" not in done.output


def test_a_folder_that_cannot_be_written_is_named(exported: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = _call(exported, "--out", tmp_path / "file" / "out")
    assert done.exit_code == 1
    assert f"cannot write {tmp_path / 'file' / 'out'}: Not a directory; give another --out" in done.output


def test_a_run_in_which_nobody_wanted_to_trade_is_refused(tmp_path: Path) -> None:
    for name in ("orders", "executions"):
        inputs("x", generated.run(5)).orders.head(0).write_parquet(tmp_path / f"{name}.parquet")
    pl.DataFrame(schema=inputs("x", {}).executions.schema).write_parquet(tmp_path / "executions.parquet")
    done = _call(tmp_path, "--run", "empty")
    assert done.exit_code == 1
    assert "run empty has no orders, executions or decisions: there is nothing to analyse" in done.output


def test_a_run_without_executions_has_a_report_that_says_so(tmp_path: Path) -> None:
    frames = generated.run(30)
    frames["executions"] = frames["executions"].head(0)
    for name, frame in frames.items():
        frame.write_parquet(tmp_path / f"{name}.parquet")
    done = _call(tmp_path, "--out", tmp_path / "out")
    assert done.exit_code == 0, done.output
    assert "missing: executions: nothing was executed" in done.output
    assert (tmp_path / "out/analysis.html").stat().st_size > 5_000
