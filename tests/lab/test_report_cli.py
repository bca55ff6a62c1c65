"""`hftos lab report` and `hftos lab compare`."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from lab import storage
from lab.cli import lab as group
from lab.metrics import METRICS
from tests.lab.report import example


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return example.write(tmp_path_factory.mktemp("lab") / "isolation")


@pytest.fixture
def lab(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The place of experiments that are called by their names."""
    monkeypatch.setattr(storage, "LAB_FOLDER", folder.parent)
    return folder.parent


def run(*arguments: object) -> Result:
    return CliRunner().invoke(group, [*map(str, arguments)])


def told(*arguments: object) -> dict[str, Any]:
    done = run(*arguments, "--json")
    assert done.exit_code == 0, done.output
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def pairs(found: dict[str, Any]) -> set[tuple[str, str]]:
    return {(row["reference"], row["variant"]) for row in found["comparisons"]}


@pytest.mark.usefixtures("lab")
def test_a_report_is_printed_and_written(folder: Path) -> None:
    done = run("report", "isolation")
    assert done.exit_code == 0, done.output
    assert "Isolation, step by step" in done.stdout
    assert f"report: {folder / 'report.html'}" in done.stdout
    assert told("report", folder) == json.loads((folder / "report.json").read_text(encoding="utf-8"))


def test_a_reports_metrics_can_be_chosen(folder: Path) -> None:
    told("report", folder)
    before = [(folder / name).read_bytes() for name in ("report.html", "report.json")]
    found = told("report", folder, "--metric", "switches", "--metric", "boot_s")
    assert {row["metric"] for row in found["comparisons"]} == {"switches", "boot_s"}
    assert found["warnings"][0].startswith("metrics chosen after the fact: switches, boot_s; the experiment is about")
    assert json.loads((folder / "report-switches+boot_s.json").read_text(encoding="utf-8")) == found
    assert "metrics chosen after the fact" in (folder / "report-switches+boot_s.html").read_text(encoding="utf-8")
    assert [(folder / name).read_bytes() for name in ("report.html", "report.json")] == before


def test_a_page_of_all_metrics_has_a_name_that_a_file_can_have(folder: Path) -> None:
    found = told("report", folder, *(word for name in METRICS for word in ("--metric", name)))
    assert len(found["metrics"]) > 5


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize(
    "arguments",
    [("isolation/nothing", "isolation/+nohz_full"), ("-e", "isolation", "nothing", "+nohz_full")],
)
def test_two_variants_of_an_experiment_are_compared(arguments: tuple[str, ...]) -> None:
    found = told("compare", *arguments)
    assert pairs(found) == {("nothing", "+nohz_full")}
    assert [row["metric"] for row in found["comparisons"]] == list(example.METRICS)
    assert found["comparisons"][0]["verdict"] == "better"
    assert list(found["values"]["loc_per_s"]) == ["nothing", "+nohz_full"]


@pytest.mark.usefixtures("lab")
def test_an_experiment_is_the_same_however_its_folder_is_spelled(folder: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(folder)
    plain = told("compare", "isolation/nothing", "isolation/+nohz_full")
    for other in (folder, link, folder / "runs" / ".."):
        done = run("compare", "isolation", other)
        assert done.exit_code == 1
        assert f"Error: isolation and {other} are the same: there is nothing to compare" in done.output
        assert told("compare", "isolation/nothing", f"{other}/+nohz_full") == plain


def test_experiments_are_compared_variant_by_variant(folder: Path, tmp_path: Path) -> None:
    other = example.write(tmp_path / "other", seed=8)
    found = told("compare", folder, other, "--metric", "loc_per_s")
    assert len(found["comparisons"]) == 7
    assert {first.removeprefix("A: ") == second.removeprefix("B: ") for first, second in pairs(found)} == {True}
    assert {row["verdict"] for row in found["comparisons"]} <= {"no difference shown", "too few repeats to tell"}


def test_times_of_two_machines_are_not_compared_silently(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(example, "EMULATED", {"host": "other", "accelerator": "tcg"})
    other = example.write(tmp_path / "other")
    times = told("compare", folder, other, "--metric", "boot_s")
    assert times["warnings"][1].startswith("boot_s: times of different machines (lab, other)")
    counts = told("compare", folder, other, "--metric", "loc_per_s")
    assert not any("different machines" in line for line in counts["warnings"])


def test_a_comparison_by_other_metrics_says_that_they_were_chosen_afterwards(folder: Path) -> None:
    own = told("compare", f"{folder}/nothing", f"{folder}/+timers")
    assert not any("after the fact" in line for line in own["warnings"])
    chosen = told("compare", f"{folder}/nothing", f"{folder}/+timers", "--metric", "boot_s")
    assert chosen["warnings"][0].startswith("metrics chosen after the fact: boot_s; the experiment is about loc_per_s")


def test_a_side_of_several_images_is_warned_of_and_two_sides_of_one_each_are_not(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mine = tmp_path / "mine"
    monkeypatch.setattr(example, "EMULATED", example.EMULATED | {"initramfs_sha256": "mine"})
    example.write(mine)
    monkeypatch.setattr(example, "EMULATED", example.EMULATED | {"initramfs_sha256": "other"})
    other = example.write(tmp_path / "other")
    assert not any("different images" in line for line in told("compare", mine, other)["warnings"])
    shutil.copy(mine / "runs/nothing.1.json", other / "runs/nothing.1.json")
    assert any("2 different images" in line for line in told("compare", mine, other)["warnings"])
    within = told("compare", f"{other}/nothing", f"{other}/+timers")
    assert any("2 different images" in line for line in within["warnings"])


def test_files_of_two_runs_are_compared_without_a_verdict(folder: Path) -> None:
    found = told("compare", folder / "runs/nothing.1.json", folder / "runs/+timers.1.json")
    assert pairs(found) == {("A: nothing", "B: +timers")}
    assert {row["verdict"] for row in found["comparisons"]} == {"too few repeats to tell"}
    assert found["comparisons"][0]["difference"] < -900


def test_a_comparison_is_printed_as_a_table(folder: Path) -> None:
    done = run("compare", f"{folder}/nothing", f"{folder}/+timers", "--metric", "gap_max_us")
    assert done.exit_code == 0, done.output
    assert "gap_max_us, µs  (not quotable: emulated)" in done.stdout


@pytest.mark.parametrize("kind", [{}, {"kind": "bisect"}])
def test_a_search_for_a_culprit_is_no_experiment(
    lab: Path, kind: dict[str, str], request: pytest.FixtureRequest
) -> None:
    request.addfinalizer(lambda: shutil.rmtree(lab / "isolation.a.b"))
    definition = {"good": {"name": "a"}, "bad": {"name": "b"}, "workload": {}, "units": []}
    storage.Folder(lab / "isolation.a.b").write_plan(kind | {"definition": definition, "runs": []}, b"")
    for arguments in (("report", "isolation.a.b"), ("report", lab / "isolation.a.b"), ("table", "isolation.a.b")):
        done = run(*arguments)
        assert done.exit_code == 1
        assert "holds a search for a culprit, no experiment: `hftos lab bisect EXPERIMENT a b`" in done.output
    assert "there are: isolation\n" in run("report", "moon").output


def test_runs_that_a_smaller_plan_does_not_have_are_counted(tmp_path: Path) -> None:
    path = example.write(tmp_path / "isolation", repeats=5)
    plan = json.loads((path / "plan.json").read_bytes())
    plan |= {"repeats": 2, "runs": [run for run in plan["runs"] if run["repeat"] <= 2]}
    (path / "plan.json").write_text(json.dumps(plan))
    found = told("report", path)
    runs = found["runs"]
    assert runs["planned"] == runs["succeeded"] + len(runs["failed"]) + len(runs["missing"]) == 34
    assert found["experiment"]["repeats"] == 5


@pytest.mark.usefixtures("lab")
@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("report", "isolatio"), "isolatio: no experiment that was run; did you mean 'isolation'?"),
        (("report", "hz"), "hz: no experiment that was run; run it first: `hftos lab run hz`"),
        (("report", "moon"), "moon: no experiment that was run; there are: isolation"),
        (("compare", "hz/base", "hz/hz=250"), "no result's file; run it first: `hftos lab run hz`"),
        (("report", "isolation", "--metric", "speed"), "'speed' is not one of"),
        (("compare", "isolation/nothing", "isolation/+nohzfull"), "'+nohzfull'; did you mean '+nohz_full'?"),
        (("compare", "isolation", "isolation/nothing"), "one is an experiment, one is not"),
        (("compare", "isolation", "isolation"), "the same: there is nothing to compare"),
        (("compare", "isolation/nothing", "isolation/nothing"), "the same: there is nothing to compare"),
        (("compare", "nothing", "+timers"), "nothing: no experiment, no EXPERIMENT/VARIANT and no result's file"),
        (("compare", "-e", "none", "nothing", "+timers"), "none: no experiment that was run"),
        (
            ("compare", "isolation/nothing", "isolation/+rcu", "--metric", "softirqs_per_s"),
            "has any of softirqs_per_s",
        ),
    ],
)
def test_what_cannot_be_compared_is_said_in_one_line(arguments: tuple[str, ...], error: str) -> None:
    done = run(*arguments)
    assert done.exit_code != 0
    assert error in done.output
    assert "Traceback" not in done.output


@pytest.mark.parametrize(("name", "run_it"), [("isolation", "isolation"), ("moon", "EXPERIMENT")])
def test_where_nothing_was_run_the_error_says_what_runs_it(
    name: str, run_it: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(storage, "LAB_FOLDER", tmp_path)
    for arguments in (("report", name), ("compare", f"{name}/nothing", f"{name}/+rcu")):
        done = run(*arguments)
        assert done.exit_code == 1
        assert f"`hftos lab run {run_it}`" in done.output
        assert "none" not in done.output.replace("none was run here", "")


@pytest.mark.parametrize("content", [b"", b"[1]", b'{"run": 5}', b"\xff"])
def test_a_file_that_holds_no_result_is_refused(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "run.json").write_bytes(content)
    done = run("compare", tmp_path / "run.json", tmp_path / "run.json")
    assert done.exit_code == 1
    assert "holds no result" in done.output


def test_experiments_without_a_common_variant_are_refused(folder: Path, tmp_path: Path) -> None:
    other = shutil.copytree(folder, tmp_path / "other")
    for path in (other / "runs").glob("*.json"):
        path.unlink()
    plan = json.loads((other / "plan.json").read_text())
    (other / "plan.json").write_text(json.dumps(plan | {"variants": ["else"], "runs": []}))
    done = run("compare", folder, other)
    assert done.exit_code == 1
    assert "have no variant in common" in done.output


@pytest.mark.usefixtures("lab")
def test_experiments_as_one_markdown_table() -> None:
    done = run("table", "isolation", "--metric", "switches", "--metric", "boot_s")
    assert done.exit_code == 0, done.output
    assert done.stdout.startswith("|  | context switches of the measured thread, voluntary or not |")


def test_results_that_come_with_the_project_are_shown() -> None:
    assert "Isolation, step by step" in run("report", "isolation", "--shipped").stdout
    assert told("report", "isolation", "--shipped")["experiment"]["name"] == "isolation"
    assert run("table", "isolation", "--shipped").stdout.startswith("|  | local timer interrupts")


@pytest.mark.parametrize("option", [("--metric", "boot_s"), ("--save", "isolation.json")])
def test_shipped_results_are_neither_compared_anew_nor_saved(
    option: tuple[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run("report", "isolation", "--shipped", *option)
    assert done.exit_code == 2
    assert option[0] in done.output
    assert not list(tmp_path.iterdir())
