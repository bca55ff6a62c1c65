"""Experiments as one Markdown table, and the results that come with the project."""

import json
from pathlib import Path
from statistics import median
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
def made(tmp_path_factory: pytest.TempPathFactory) -> str:
    return json.dumps(report.as_json(example.write(tmp_path_factory.mktemp("isolation"))))


@pytest.fixture
def found(made: str) -> dict[str, Any]:
    again: dict[str, Any] = json.loads(made)
    return again


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


def renamed(found: dict[str, Any], *names: str) -> dict[str, Any]:
    """The same report where the names, in pairs, are others."""
    text = json.dumps(found)
    for old, new in zip(names[::2], names[1::2], strict=True):
        text = text.replace(json.dumps(old), json.dumps(new))
    again: dict[str, Any] = json.loads(text)
    return again


def test_a_figure_is_of_the_first_report_that_has_it(found: dict[str, Any]) -> None:
    later = renamed(found, "+timers", "later")
    table = {row[0]: row[1:] for row in rows(matrix.table([found, later]))[2:]}
    assert table["`later`"] == table["`+timers`"]
    assert "–" not in table["`later`"]
    del found["values"]["loc_per_s"]["+timers"]
    table = {row[0]: row[1:] for row in rows(matrix.table([found, later], ["loc_per_s"]))[2:]}
    assert table["`+timers`"] == ["–"]


def test_what_was_not_measured_is_a_dash(found: dict[str, Any]) -> None:
    other = json.loads(json.dumps(found))
    del other["values"]["loc_per_s"]["+rcu"]
    table = {row[0]: row[1] for row in rows(matrix.table([other], ["loc_per_s"]))}
    assert table["`+rcu`"] == "–"


def test_the_note_names_command_machine_and_marks(found: dict[str, Any]) -> None:
    note = notes(found)[0]
    assert note.startswith("`hftos lab run isolation`; lab, tcg; median of ")
    assert note.endswith("† not quotable: emulated")


def notes(*found: dict[str, Any], metric: str = "boot_s") -> list[str]:
    """What is under a table."""
    return matrix.table(found, [metric]).split("\n\n")[1:]


def test_the_boots_are_those_whose_figures_are_shown(found: dict[str, Any]) -> None:
    assert "median of 4 to 5 boots each (least to most)" in notes(found)[0]  # one failed, one is missing
    found["values"]["boot_s"] = {name: values[:4] for name, values in found["values"]["boot_s"].items()}
    assert "median of 4 boots each" in notes(found)[0]
    found["values"]["boot_s"] = {}
    assert "median of no boots each" in notes(found)[0]


def test_an_effect_is_against_the_reference_of_its_experiment(found: dict[str, Any]) -> None:
    first = "**bold**: an effect against the first row, as the report shows it"
    assert first in notes(found)[0]
    beside = renamed(found, "boot_s", "memory_kib", "isolation", "beside")
    assert first in matrix.table([found, beside], ["boot_s", "memory_kib"])
    other = renamed(found, "nothing", "base", "isolation", "hz")
    own = "**bold**: an effect against the reference of its experiment (`nothing` of isolation, `base` of hz)"
    assert own in notes(found, other)[0]
    later = renamed(found, "+timers", "later", "isolation", "later")
    of_two = "the reference of its experiment (`nothing` of isolation, `nothing` of later)"
    assert of_two in notes(found, later)[0]  # the first row is of the first report, the last of the second


@pytest.mark.parametrize(
    ("field", "value"), [("kernel", "debian"), ("profile", "lab"), ("levels", {"nohz_full": "unset"})]
)
def test_variants_that_only_their_name_has_in_common_are_refused(
    found: dict[str, Any], field: str, value: object
) -> None:
    other = renamed(found, "isolation", "hz")
    other["variants"]["+rcu"][field] = value
    with pytest.raises(LabError, match=rf"\+rcu of isolation and \+rcu of hz differ in their {field}: make a table of"):
        matrix.table([found, other])
    other["variants"]["+rcu"] |= {"runs": 0, "failed": 0}  # nobody knows yet what it is
    assert matrix.table([found, other])


def test_what_the_reports_warn_of_is_below(found: dict[str, Any]) -> None:
    own = notes(found)[1:]
    assert own == [f"Warning: {text}" for text in found["warnings"]]
    assert own[:3] == [
        "Warning: run +rcu.2 failed: the guest stopped: Kernel panic – not syncing",
        "Warning: 1 of 35 runs are missing: +fair_server.3",
        "Warning: +timers: knobs that did not take effect: kernel.timer_migration (requested 0, is 1)",
    ]
    other = renamed(found, "isolation", "hz")
    other["warnings"] = [*found["warnings"][:1], "one of its own"]
    assert notes(found, other)[1].startswith("Warning of isolation, hz: run +rcu.2 failed")
    assert notes(found, other)[-1] == "Warning of hz: one of its own"
    found["warnings"] = []
    assert notes(found)[1:] == []


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


def test_the_discussion_of_boot_and_memory_has_the_shipped_figures() -> None:
    values = matrix.read_shipped("baselines")["values"]
    boot, memory = ({name: median(own) for name, own in values[metric].items()} for metric in ("boot_s", "memory_kib"))
    sooner = sorted(boot[name] / boot["hftos"] for name in boot if name != "hftos")
    less = sorted((memory[name] - memory["hftos"]) / 1024 for name in memory if name != "hftos")
    text = " ".join((ROOT / "docs" / "tuning.md").read_text(encoding="utf-8").split())
    assert f"starts {sooner[0]:.1f} to {sooner[-1]:.1f} times sooner" in text
    assert f"needs {less[0]:.0f} to {less[-1]:.0f} MiB less" in text


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
