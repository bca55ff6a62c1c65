"""The report: one page that needs nothing else, JSON that says the same, a table for the terminal."""

import io
import json
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright
from rich.console import Console

from hftapp.knobs import result as knobs
from lab import report
from lab.errors import StorageError
from lab.model import Result, Run, Variant, Workload
from lab.report import cautions, numbers, summary
from lab.report.loading import load
from lab.verdicts import EFFECTS
from tests.html_tree import HtmlTree
from tests.lab.report import example

HOSTILE = '"><script>alert(1)</script>'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = example.write(tmp_path_factory.mktemp("isolation"))
    report.write(path)
    return path


@pytest.fixture(scope="module")
def found(folder: Path) -> dict[str, Any]:
    return report.as_json(folder)


def _page(folder: Path) -> HtmlTree:
    return HtmlTree((folder / report.PAGE).read_text(encoding="utf-8"))


def _terminal(folder: Path, width: int) -> str:
    out = io.StringIO()
    report.terminal(folder, Console(file=out, width=width))
    return out.getvalue()


def test_the_page_is_well_formed_and_has_nothing_that_fetches_or_runs(folder: Path) -> None:
    text = (folder / report.PAGE).read_text(encoding="utf-8")
    tree = HtmlTree(text)
    assert not {"script", "link", "img", "iframe", "object", "form", "base"} & set(tree.tags)
    assert not {"src", "href", "srcset"} & {name for name, _ in tree.attributes}
    assert not [name for name, _ in tree.attributes if name.startswith("on")]
    assert not re.search(r"url\(|@import|https?:", text)
    assert "default-src 'none'" in text


def test_the_page_has_all_pictures(folder: Path) -> None:
    labels = [value for name, value in _page(folder).attributes if name == "aria-label"]
    assert {"Interrupts of the trading CPU in each second", "gaps", "instructions", *example.METRICS} == set(labels)
    assert labels.count("gaps") == 2  # how often, and by percentile
    assert labels.count("loc_per_s") == 2  # the runs, and the factors


def test_every_run_is_a_dot(folder: Path) -> None:
    tree = _page(folder)
    runs = 7 * 5 - 2  # one failed, one is missing
    assert tree.tags.count("circle") == runs * len(example.METRICS)


def test_all_three_say_the_same(folder: Path, found: dict[str, Any]) -> None:
    assert json.loads((folder / report.SUMMARY).read_text(encoding="utf-8")) == json.loads(json.dumps(found))
    page, terminal = _page(folder).texts, _terminal(folder, 160)
    assert len(found["comparisons"]) == 6 * len(example.METRICS)
    for row in found["comparisons"]:
        difference = numbers.change(row["difference"], found["metrics"][row["metric"]]["unit"])
        for text in (page, terminal):
            assert row["variant"] in text
            assert difference in text
            assert row["verdict"] in text
    for line in found["warnings"]:
        assert line in page
        assert line in terminal


def test_raw_figures_are_kept(folder: Path, found: dict[str, Any]) -> None:
    assert found["values"]["instructions_p50"]["nothing"] == [14_654] * 5
    assert [len(values) for values in found["values"]["loc_per_s"].values()] == [5, 5, 5, 4, 5, 4, 5]
    kept = {json.loads(path.read_text())["metrics"].get("gap_max_us") for path in (folder / "runs").glob("*.json")}
    assert kept - {None} == {value for values in found["values"]["gap_max_us"].values() for value in values}


def test_timer_interrupts_fall_step_by_step(found: dict[str, Any]) -> None:
    rows = {row["variant"]: row for row in found["comparisons"] if row["metric"] == "loc_per_s"}
    assert [row["verdict"] in EFFECTS for row in rows.values()] == [False, True, True, True, True, True]
    assert rows["+timers"]["medians"][1] <= 1
    assert found["effects"][0]["factor"] == "nohz_full"


def test_what_is_missing_or_wrong_is_warned_of(found: dict[str, Any]) -> None:
    runs = found["runs"]
    assert (runs["planned"], runs["succeeded"], runs["missing"]) == (35, 33, ["+fair_server.3"])
    assert [row["run"] for row in runs["failed"]] == ["+rcu.2"]
    warnings = "\n".join(found["warnings"])
    assert "run +rcu.2 failed: the guest stopped: Kernel panic – not syncing" in warnings
    assert "1 of 35 runs are missing: +fair_server.3" in warnings
    assert "+timers: knobs that did not take effect: kernel.timer_migration (requested 0, is 1)" in warnings
    assert "switches: an effect of 5 % or more may be hidden" in warnings
    assert found["variants"]["+timers"]["knobs_not_effective"][0]["runs"] == 5


def test_a_level_for_a_knob_that_is_not_there_is_warned_of(folder: Path) -> None:
    """PID 1 lets an absent knob pass; a variant that asks for it would else look like one without an effect."""
    row = {"layer": "boot", "requested": "full", "effective": knobs.ABSENT, "ok": True, "reason": ""}
    rows = [row | {"name": "preempt"}, row | {"name": "ksm.run"}, row | {"name": "thp.enabled"}]
    rows.append(row | {"name": "nic.pause", "effective": knobs.NOT_APPLICABLE})
    variant = Variant("+timers", {"preempt": "full", "thp.enabled": "unset", "nic.pause": "1"})
    loaded = load(folder)
    results = [Result(Run(0, variant, 1, Workload()), knobs=rows), *loaded.results]
    warnings = cautions.of(replace(loaded, results=results), [])
    assert "+timers: names knobs that its kernel or machine lacks, to no effect: preempt, nic.pause" in warnings
    assert sum("lacks" in warning for warning in warnings) == 1


def test_raised_repeats_are_warned_of_first(tmp_path: Path) -> None:
    raised = [{"before": 3, "after": 4, "results": 21}, {"before": 4, "after": 5, "results": 28}]
    found = report.as_json(example.write(tmp_path, raised=raised))
    assert found["experiment"]["raised"] == raised
    assert found["warnings"][0].startswith("repeats were raised 2 times after results were there (3 to 4, with 21")
    assert found["warnings"][0] in HtmlTree(report.write(tmp_path, found).read_text(encoding="utf-8")).texts


def test_results_of_different_images_are_warned_of(folder: Path) -> None:
    loaded = load(folder)
    machine = dict(loaded.results[0].machine)
    results = [
        replace(result, machine=machine | {"initramfs_sha256": f"image {result.run.repeat // 3}"})
        for result in loaded.results
    ]
    warnings = summary.summary(replace(loaded, results=results))["warnings"]
    assert any("with profile qemu are of 2 different images" in warning for warning in warnings)
    assert not any("different images" in warning for warning in summary.summary(loaded)["warnings"])


def test_times_of_several_machines_are_warned_of_and_counts_are_not(folder: Path) -> None:
    loaded = load(folder)
    first, *rest = loaded.done
    mixed = replace(loaded, results=[replace(first, machine={"host": "other"}), *rest])
    (warning,) = [line for line in summary.summary(mixed)["warnings"] if "different machines" in line]
    assert warning.startswith("gap_max_us: times of different machines (lab, other) are compared")
    assert not any("different machines" in line for line in summary.summary(loaded)["warnings"])


def test_p_is_corrected_for_what_was_tested_in_two_families(folder: Path, found: dict[str, Any]) -> None:
    page = _page(folder).texts
    for name in ("comparisons", "effects"):
        rows = found[name]
        tested = [row for row in rows if row["corrected"] is not None]
        assert 0 < len(tested) < len(rows)
        assert f"tested, {len(tested)} of {len(rows)}" in page
    assert "a family apart from the comparisons above" in page
    assert "95 % intervals hold each by itself, not corrected for many" in page
    assert "95 % intervals hold each by itself, not corrected for many" in _terminal(folder, 100)


def test_wall_clock_figures_of_emulation_are_marked_everywhere(folder: Path, found: dict[str, Any]) -> None:
    marks = {name: metric["mark"] for name, metric in found["metrics"].items()}
    assert marks["gap_max_us"] == marks["boot_s"] == "not quotable: emulated"
    assert marks["loc_per_s"] == marks["instructions_p50"] == ""
    assert "not quotable: emulated" in _page(folder).texts
    assert "gap_max_us, µs  (not quotable: emulated)" in _terminal(folder, 160)


@pytest.mark.parametrize(
    ("machine", "mark"),
    [
        ({"accelerator": "kvm", "quotable": True}, "not quotable: a virtual machine"),
        ({}, "not quotable: of an unknown machine"),
    ],
)
def test_wall_clock_figures_of_any_guest_are_marked(
    machine: dict[str, Any], mark: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(example, "EMULATED", machine)
    marks = {name: metric["mark"] for name, metric in report.as_json(example.write(tmp_path))["metrics"].items()}
    assert marks["gap_max_us"] == marks["boot_s"] == mark
    assert marks["loc_per_s"] == marks["switches"] == marks["instructions_p50"] == ""


def test_runs_of_both_kinds_of_guests_are_marked_with_both(folder: Path) -> None:
    first, *rest = load(folder).done
    mixed = [replace(first, machine={"accelerator": "kvm"}), *rest]
    assert summary.mark("gap_max_us", mixed) == "not quotable: a virtual machine and emulated"


def test_interrupts_are_told_by_cpu_name_and_second(found: dict[str, Any]) -> None:
    first = found["variants"]["nothing"]
    assert first["interrupts_per_s"]["CPU0"]["RES"] == pytest.approx(41.2)
    assert first["interrupts_per_s"]["CPU1"]["LOC"] == pytest.approx(1003, rel=0.05)
    assert len(first["per_second"]["LOC"]) == example.SECONDS
    assert all(900 < count < 1100 for count in first["per_second"]["LOC"])


@pytest.mark.parametrize("width", [80, 100, 160])
def test_the_terminals_lines_fit(folder: Path, width: int) -> None:
    text = _terminal(folder, width)
    assert all(len(line) <= width for line in text.splitlines() if not line.startswith("warning:"))
    assert "−74.3 %" in text
    assert "…" not in text.replace(" … ", "")


def test_other_metrics_can_be_compared(folder: Path) -> None:
    found = report.as_json(folder, ["boot_s", "softirqs_per_s"])
    assert {row["metric"] for row in found["comparisons"]} == {"boot_s"}
    assert found["not_measured"] == ["softirqs_per_s"]


def test_an_experiment_that_has_only_begun_has_a_report(tmp_path: Path) -> None:
    folder = example.write(tmp_path)
    for path in (folder / "runs").glob("*.json"):
        path.unlink()
    assert "0 of 35 runs" in _terminal(folder, 100)
    assert "35 of 35 runs are missing" in HtmlTree(report.write(folder).read_text(encoding="utf-8")).texts
    (only, *_) = example.write(tmp_path / "other").glob("runs/nothing.1.json")
    (folder / "runs" / only.name).write_bytes(only.read_bytes())
    found = report.as_json(folder)
    assert {row["verdict"] for row in found["comparisons"]} == {"not measured"}
    HtmlTree(report.write(folder).read_text(encoding="utf-8"))


def test_names_from_outside_are_only_text(tmp_path: Path) -> None:
    folder = example.write(tmp_path, title=HOSTILE, question=HOSTILE, notes=[HOSTILE])
    tree = HtmlTree(report.write(folder).read_text(encoding="utf-8"))
    assert "script" not in tree.tags
    assert tree.texts.count(HOSTILE) >= 3
    assert "\x1b" not in _terminal(folder, 160)
    assert r"\x1b[31m<b>console's end</b>" in tree.texts


@pytest.mark.parametrize("content", [b"{", b"[]", b"{}", b'{"definition": {}, "runs": [{}]}'])
def test_what_is_no_plan_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "plan.json").write_bytes(content)
    with pytest.raises(StorageError, match=r"plan\.json"):
        report.as_json(tmp_path)


def test_a_folder_without_an_experiment_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="hftos lab list"):
        report.as_json(tmp_path)


def test_in_a_browser_it_asks_for_nothing_and_fits_a_phone(folder: Path) -> None:
    path = folder / report.PAGE
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium-headless-shell"))
        colours = set()
        for width, scheme in ((390, "light"), (390, "dark"), (1280, "light"), (1280, "dark")):
            tab = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
            said = _overheard(tab)
            tab.goto(path.as_uri())
            assert said == [path.as_uri()]
            assert tab.evaluate("document.documentElement.scrollWidth") == width
            assert tab.evaluate(_CUT_LABELS) == []
            colours.add(tab.evaluate("getComputedStyle(document.body).backgroundColor"))
        assert len(colours) == 2
        browser.close()


_CUT_LABELS = """() => [...document.querySelectorAll("svg text")].filter(text => {
  const box = text.getBoundingClientRect(), frame = text.closest("svg").getBoundingClientRect();
  return box.width && (box.left < frame.left - 1 || box.right > frame.right + 1);
}).map(text => text.textContent)"""


def _overheard(tab: Page) -> list[str]:
    """What a page asks for, and what the browser says about it, as it comes."""
    said: list[str] = []

    def asked(request: Request) -> None:
        said.append(request.url)

    def complained(message: ConsoleMessage) -> None:
        said.append(message.text)

    tab.on("request", asked)
    tab.on("console", complained)
    return said
