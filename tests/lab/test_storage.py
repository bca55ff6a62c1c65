"""An experiment's folder: whole files or none, one writer at a time."""

import json
import os
from pathlib import Path

import pytest

from lab import storage
from lab.errors import StorageError
from lab.model import Result, Run, Variant
from lab.storage import Folder
from qemu.lock import DirectoryBusyError
from tests.lab.doubles import IDLE, figures

RUN = Run(0, Variant("base", {"tick": "unset"}, {"tick": "unset"}), 1, IDLE)
OTHER = Run(1, Variant("+tick"), 2, IDLE)


def test_results_come_back_in_the_order_of_their_runs(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    for run in (OTHER, RUN):
        folder.write_result(figures(run))
    assert folder.results() == [figures(RUN), figures(OTHER)]
    assert sorted(path.name for path in folder.runs.iterdir()) == ["+tick.2.json", "base.1.json"]


def test_the_same_result_is_the_same_bytes(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    folder.write_result(figures(RUN))
    before = (folder.runs / "base.1.json").read_bytes()
    folder.write_result(folder.results()[0])
    assert (folder.runs / "base.1.json").read_bytes() == before


def test_a_file_is_whole_or_absent_when_writing_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Folder(tmp_path)
    folder.write_result(figures(RUN))

    def full(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        folder.write_result(Result(RUN, error="something else"))
    monkeypatch.undo()
    assert folder.results() == [figures(RUN)]
    with storage.opened(tmp_path):
        assert [path.name for path in folder.runs.iterdir()] == ["base.1.json"]  # the half file is gone


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"[]", b"{}", b'{"run": 7}', b"[" * 100_000, b"\xff", json.dumps(figures(OTHER).as_dict()).encode()],
)
def test_a_damaged_result_is_set_aside_and_never_taken_for_one(tmp_path: Path, content: bytes) -> None:
    folder = Folder(tmp_path)
    folder.write_result(figures(OTHER))
    (folder.runs / "base.1.json").write_bytes(content)
    with pytest.raises(StorageError, match=r"base\.1\.json"):
        folder.results()
    (aside,) = folder.set_damaged_aside()
    assert aside.read_bytes() == content
    assert folder.results() == [figures(OTHER)]


def test_a_damaged_plan_is_named(tmp_path: Path) -> None:
    folder = Folder(tmp_path)
    assert folder.read_plan() is None
    (tmp_path / "plan.json").write_text("{}")
    with pytest.raises(StorageError, match=r"plan\.json holds no plan: begin anew with --fresh"):
        folder.read_plan()
    (tmp_path / "plan.json").write_text("{")
    with pytest.raises(StorageError, match=r"plan\.json is damaged, no plan: begin anew with --fresh"):
        folder.read_plan()


def test_what_was_there_is_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "isolation"
    with storage.opened(path) as folder:
        assert folder.keep_aside() is None
        for number in (1, 2):
            folder.write_result(figures(RUN))
            folder.write_plan({"definition": {}, "runs": []}, b"text")
            aside = folder.keep_aside()
            assert aside == tmp_path / f"isolation.before-{number}"
            assert Folder(aside).results() == [figures(RUN)]
            assert folder.results() == []


def test_only_what_is_the_lab_s_is_kept_aside(tmp_path: Path) -> None:
    path = tmp_path / "isolation"
    with storage.opened(path) as folder:
        folder.write_plan({"definition": {}, "runs": []}, b"text")
    lab = {"experiment.toml", "plan.json", "durations.jsonl", "finding.json", "runs"}
    lab |= {"report.html", "report.json", "report-boot_s.html", "report-boot_s.json"}
    for name in lab - {"experiment.toml", "plan.json", "runs"} | {"notes.md", "data.json", ".hidden"}:
        (path / name).write_text(name)
    with storage.opened(path) as folder:
        folder.write_result(figures(RUN))
        aside = folder.keep_aside()
        assert aside is not None
        assert {file.name for file in aside.iterdir()} == lab
        assert {file.name for file in path.iterdir()} == {".lock", "notes.md", "data.json", ".hidden"}


OTHERS = [{"notes.md": ""}, {".git": ""}, {"main.tf": "", "plan.json": '{"terraform_version": "1"}'}, {".a.tmp": ""}]


@pytest.mark.parametrize("files", OTHERS)
def test_a_folder_of_somebody_else_s_is_refused_and_left_as_it_is(tmp_path: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    with (
        pytest.raises(StorageError, match=r"is no folder of the lab, and not empty \(.*\): give a new or an empty one"),
        storage.opened(tmp_path),
    ):
        pass
    assert {path.name for path in tmp_path.iterdir()} == set(files)


def test_a_folder_in_which_a_killed_one_had_no_plan_yet_is_the_lab_s(tmp_path: Path) -> None:
    for name in ("experiment.toml", ".plan.json.tmp", ".lock"):
        (tmp_path / name).touch()
    with storage.opened(tmp_path):
        assert {path.name for path in tmp_path.iterdir()} == {"experiment.toml", ".lock"}


def test_half_written_files_of_others_stay(tmp_path: Path) -> None:
    Folder(tmp_path).write_plan({"definition": {}, "runs": []}, b"")
    for name in (".notes.md.tmp", ".report.html.tmp"):
        (tmp_path / name).touch()
    with storage.opened(tmp_path):
        assert {path.name for path in tmp_path.glob(".*.tmp")} == {".notes.md.tmp"}


def test_a_second_writer_is_told_of_the_first(tmp_path: Path) -> None:
    with (
        storage.opened(tmp_path),
        pytest.raises(DirectoryBusyError, match=f"pid {os.getpid()}"),
        storage.opened(tmp_path),
    ):
        pass


def test_durations_of_all_experiments_are_read_and_half_lines_passed_over(tmp_path: Path) -> None:
    for name in ("a", "b"):
        Folder(tmp_path / name).add_duration({"key": name, "took": 1.5})
    with (tmp_path / "a" / "durations.jsonl").open("a") as file:
        file.write('{"key": "half')
    assert [row["key"] for row in storage.durations(everything=tmp_path)] == ["a", "b"]
    Folder(tmp_path / "a").add_duration({"key": "later", "took": 1.5})
    assert [row["key"] for row in storage.durations(tmp_path / "a", tmp_path / "none")] == ["a", "later"]
    (tmp_path / "a" / "durations.jsonl").write_text('{"key": "a"}\n')
    assert [row["key"] for row in storage.durations(tmp_path / "a", everything=tmp_path)] == ["a", "b"]
    assert [row["key"] for row in storage.durations(tmp_path / "b", everything=tmp_path / "none")] == ["b"]
    assert list(storage.durations(tmp_path / "none", everything=tmp_path / "none")) == []
