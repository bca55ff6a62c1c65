"""Experiments as one Markdown table, and the results that come with the project."""

import json
from pathlib import Path
from typing import Any

import pytest

from lab import experiment as experiments
from lab import knob_levels, report
from lab.errors import LabError, StorageError
from lab.plan import make
from lab.report import matrix, numbers
from tests.lab.report import example

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return report.as_json(example.write(tmp_path_factory.mktemp("isolation")))


def rows(text: str) -> list[list[str]]:
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in text.splitlines() if line[:1] == "|"]


def test_a_row_is_a_variant_and_a_column_a_metric(found: dict[str, Any]) -> None:
    table = rows(matrix.table([found], ["loc_per_s", "boot_s"]))
    assert table[0][1:] == [
        "local timer interrupts on the trading CPU, 1/s",
        "from the kernel's start to the program's first line, s †",
    ]
    assert [row[0] for row in table[2:]] == [f"`{name}`" for name in found["variants"]]
    assert {len(row) for row in table} == {3}


def test_medians_have_their_range_and_effects_are_bold(found: dict[str, Any]) -> None:
    table = {row[0]: row[1] for row in rows(matrix.table([found], ["loc_per_s"]))[2:]}
    values = [numbers.figure(value) for value in sorted(found["values"]["loc_per_s"]["nothing"])]
    assert table["`nothing`"] == f"{values[2]} ({values[0]} to {values[-1]})"
    assert table["`+timers`"].startswith("**")
    assert not table["`+isolcpus`"].startswith("**")


def test_reports_are_put_together_by_their_variants(found: dict[str, Any]) -> None:
    other = json.loads(json.dumps(found).replace('"loc_per_s"', '"memory_kib"'))
    table = rows(matrix.table([found, other], ["memory_kib", "loc_per_s"]))
    assert [row[1] for row in table[2:]] == [row[2] for row in table[2:]]
    assert len(table) == 2 + len(found["variants"])


def test_what_was_not_measured_is_a_dash(found: dict[str, Any]) -> None:
    other = json.loads(json.dumps(found))
    del other["values"]["loc_per_s"]["+rcu"]
    table = {row[0]: row[1] for row in rows(matrix.table([other], ["loc_per_s"]))}
    assert table["`+rcu`"] == "–"


def test_the_note_names_command_machine_and_marks(found: dict[str, Any]) -> None:
    note = matrix.table([found], ["boot_s"]).splitlines()[-1]
    assert "`hftos lab run isolation`; lab, tcg; median of 5 boots each" in note
    assert note.endswith("† not quotable: emulated")


def test_an_unknown_metric_is_named(found: dict[str, Any]) -> None:
    with pytest.raises(LabError, match="no report has the metric 'loc_per'; did you mean 'loc_per_s'"):
        matrix.table([found], ["loc_per"])


@pytest.mark.parametrize("content", [b"", b"[]", b"{}", b'{"metrics": 1}', b'{"metrics": {}, "variants": []}'])
def test_a_file_without_a_report_is_refused(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "other.json"
    path.write_bytes(content)
    with pytest.raises(StorageError, match=r"other\.json holds no report"):
        matrix.read(path)


def test_a_report_is_kept_without_its_histograms(tmp_path: Path, found: dict[str, Any]) -> None:
    path = tmp_path / "kept.json"
    matrix.save(found, path)
    again = matrix.read(path)
    assert matrix.table([again]) == matrix.table([found])
    assert again["values"] == found["values"]
    assert "histograms" in str(found)
    assert "histograms" not in str(again)


def test_results_that_do_not_come_with_the_project_are_named() -> None:
    with pytest.raises(LabError, match="no results of 'isolaton' come with the project; did you mean 'isolation'"):
        matrix.read_shipped("isolaton")


def test_every_shipped_experiment_has_its_results() -> None:
    assert set(matrix.shipped()) == set(experiments.shipped()) - {"culprit"}  # which is for a search


@pytest.mark.parametrize("name", matrix.shipped())
def test_shipped_results_are_of_the_shipped_experiment(name: str) -> None:
    found, plan = matrix.read_shipped(name), make(experiments.find(name), knob_levels.load())
    assert list(found["variants"]) == [variant.name for variant in plan.variants]
    assert found["experiment"]["repeats"] == plan.experiment.repeats
    assert found["runs"]["failed"] == found["runs"]["missing"] == []


@pytest.mark.parametrize("name", matrix.shipped())
def test_the_discussion_has_the_shipped_results(name: str) -> None:
    assert matrix.table([matrix.read_shipped(name)]) in (ROOT / "docs" / "tuning.md").read_text(encoding="utf-8")


def test_the_readme_has_the_shipped_baselines() -> None:
    both = [matrix.read_shipped(name) for name in ("baselines", "baselines-ticks")]
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert matrix.table(both, ["interrupts_per_s", "instructions_whole_p50", "boot_s", "memory_kib"]) in readme


@pytest.mark.parametrize(
    ("name", "metric"), [("baselines", "interrupts_per_s"), ("baselines-ticks", "instructions_whole_p50")]
)
def test_every_run_of_this_kernel_needs_less_than_any_of_another(name: str, metric: str) -> None:
    values = dict(matrix.read_shipped(name)["values"][metric])
    own = values.pop("hftos")
    assert len(values) == 4
    for other in values.values():
        assert max(own) < min(other)
