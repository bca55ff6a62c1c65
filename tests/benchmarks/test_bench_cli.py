"""`hftos bench` runs what the table names, and leaves figures that say where they come from."""

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from click.testing import CliRunner

from benchmarks import cli, engine, machine, peer_environment


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    def run(quick: bool, progress: Callable[[str], None]) -> dict[str, Any]:
        progress("half way")
        return {"quick": quick}

    module = ModuleType("fake_benchmark")
    vars(module)["run"] = run
    monkeypatch.setitem(sys.modules, "fake_benchmark", module)
    monkeypatch.setattr(cli, "BENCHMARKS", {"fake": cli.Benchmark("fake_benchmark", "Nothing.")})
    monkeypatch.setattr(cli, "FOLDER", tmp_path / "bench")
    return tmp_path / "bench"


def test_figures_go_to_a_file_and_progress_to_stderr(folder: Path) -> None:
    result = CliRunner().invoke(cli.bench, ["fake", "--quick", "--json"])
    assert result.exit_code == 0, result.output
    assert result.stderr == "==> fake: half way\n"
    (printed,) = json.loads(result.stdout)
    assert printed == json.loads((folder / "fake.json").read_text())
    assert printed["results"] == {"quick": True}
    assert printed["machine"]["python"] == ".".join(map(str, sys.version_info[:3]))


def test_an_unknown_name_is_answered_with_those_there_are(folder: Path) -> None:
    result = CliRunner().invoke(cli.bench, ["fke"])
    assert result.exit_code == 2
    assert "no benchmark fke; there are: fake" in result.output
    assert not folder.exists()


def test_a_machine_is_described_by_its_first_processor(tmp_path: Path) -> None:
    cpuinfo = tmp_path / "cpuinfo"
    cpuinfo.write_text(
        "processor\t: 0\nmodel name\t: A 1\nflags\t\t: fpu hypervisor\n\nprocessor\t: 1\nmodel name\t: B\n"
    )
    found = machine.describe(lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), cpuinfo)
    assert (found["cpu"], found["virtual"], found["date"]) == ("A 1", True, "2026-01-02T03:04:05+00:00")


def test_an_environment_that_fits_the_lock_file_is_taken_as_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    commands: list[list[str]] = []

    def record(command: list[str]) -> str:
        (tmp_path / "venv").mkdir(exist_ok=True)
        commands.append(command)
        return ""

    monkeypatch.setattr(peer_environment, "_run", record)
    lines: list[str] = []
    for _ in range(2):
        assert peer_environment.python(tmp_path / "venv", lines.append) == tmp_path / "venv/bin/python"
    assert len(lines) == 1
    assert [command[-1] for command in commands] == [str(tmp_path / "venv"), str(peer_environment.LOCK)]
    assert "--require-hashes" in commands[1]


def test_every_package_that_is_compared_is_locked() -> None:
    locked = {line.partition("==")[0] for line in peer_environment.LOCK.read_text().splitlines() if "==" in line}
    assert {entry.package for entry in engine.ENGINES if entry.package} <= locked


def test_an_engine_that_does_not_end_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "PATIENCE", 0.01)
    idle = engine.Engine("idle", "benchmarks.peers.nothing", None, "Python", "nothing")
    found = engine._replay(Path(sys.executable), idle, tmp_path / "no-such-file", cpu=0, repeats=1)
    assert found == {"error": "gave up after 0.01 s"}


def test_an_engine_that_fails_is_a_row_with_its_error() -> None:
    load = {
        "name": "one symbol",
        "mix": {"add": 1.0},
        "engines": [{"name": "x", "version": "1", "kind": "C", "error": "no"}],
    }
    (table,) = engine.tables({"loads": [load]})
    assert [list(column.cells) for column in table.columns][:4] == [["x"], ["1"], ["C"], ["no"]]
