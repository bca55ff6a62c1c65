"""`hftos report`: a finished run's report as a table, as JSON, as a picture; anything else is named."""

import json
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from click.testing import CliRunner

from qemu.show import report as command

REPORT: dict[str, Any] = {
    "ok": True,
    "accel": "tcg",
    "accel_reason": "no /dev/kvm",
    "image": {"uki_bytes": 9_761_280, "kernel_bytes": 4_645_888, "rootfs_bytes": None},
    "boot": {"kernel_s": 0.95, "pid1_s": 1.29, "first_order_s": None},
    "feed": {"packets": 16_086, "messages": 11_901, "gaps": 0, "duplicates": 8_043, "symbols": 201},
    "orders": {"sent": 555, "accepted": 530, "rejected": 0, "executed_shares": 4_301, "cancelled": 2_400},
    "exchange": {"received": 555, "accepted": 530, "rejected": 0, "executed_shares": 4_301, "cancelled": 2_400},
    "position": {"AAPL": -214, "MSFT": 100},
    "pnl": -902_000,
    "knob_counts": {"all": 3, "effective": 2, "absent": 1, "failed": 0, "unset": 5},
    "tick_to_trade": {"count": 2, "min": 1_000, "p50": 2_000, "p99": 3_000, "max": 4_000, "quotable": False},
    "books": {"compared": 201, "levels": 739, "equal": True},
    "executions": {"bought": 1_780, "sold": 2_521},
    "replay": {"received": 1_000, "messages": 1_000},
    "cpu": {"trader": 1, "isolated": [1], "nohz_full": [1], "per_s": 0.05},
    "differences": [],
    "reasons": [],
}


def show(tmp_path: Path, report: object, *options: str) -> tuple[int, str]:
    path = tmp_path / "report.json"
    path.write_text(json.dumps(report))
    done = CliRunner().invoke(command, [str(path), *options])
    return done.exit_code, done.output


def test_both_sides_stand_side_by_side(tmp_path: Path) -> None:
    status, text = show(tmp_path, REPORT)
    assert status == 0
    rows = {line[:18].strip(): line[18:].split() for line in text.splitlines()}
    assert rows["order messages"] == ["555", "555"]
    assert rows["executed shares"] == ["4,301", "4,301"]
    assert "-90.2000 dollars" in text
    assert "(not quotable: emulated)" in " ".join(text.split())
    assert "AAPL -214, MSFT +100" in text
    assert "ok: guest" in text


def test_times_of_a_virtual_machine_are_marked(tmp_path: Path) -> None:
    worth = {"quotable": False, "not_quotable": "a virtual machine"}
    _, text = show(tmp_path, REPORT | {"accel": "kvm", "tick_to_trade": REPORT["tick_to_trade"] | worth})
    assert "(not quotable: a virtual machine)" in " ".join(text.split())


def test_the_configuration_is_named_and_marked_when_it_is_not_the_wanted_one(tmp_path: Path) -> None:
    found = {"source": "image", "path": "/etc/hftos.toml", "fallback": False, "refused": []}
    _, text = show(tmp_path, REPORT | {"configuration": found})
    assert "/etc/hftos.toml" in text
    assert "not the wanted one" not in text
    _, text = show(tmp_path, REPORT | {"configuration": found | {"fallback": True}})
    assert "/etc/hftos.toml (not the wanted one: see below)" in text


def test_a_bad_run_names_its_reasons(tmp_path: Path) -> None:
    bad = REPORT | {"ok": False, "reasons": ["one [execution] is missing"], "differences": ["order 7: 100 shares"]}
    status, text = show(tmp_path, bad)
    assert status == 1
    assert "not ok: one [execution] is missing" in text
    assert "order 7: 100 shares" in text


def test_json_is_the_stored_report(tmp_path: Path) -> None:
    status, text = show(tmp_path, REPORT, "--json")
    assert (status, json.loads(text)) == (0, REPORT)


def test_the_picture_holds_the_figures(tmp_path: Path) -> None:
    picture = tmp_path / "run.svg"
    status, _ = show(tmp_path, REPORT, "--svg", str(picture))
    assert status == 0
    text = picture.read_text()
    assert "4,301" in text
    assert "font-face" not in text
    assert "monospace" in text
    assert set(re.findall(r"https?://[^\"\s]*", text)) == {"http://www.w3.org/2000/svg"}
    assert ElementTree.fromstring(text).tag.endswith("svg")


def test_a_picture_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    status, text = show(tmp_path, REPORT, "--svg", str(tmp_path / "nowhere" / "x.svg"))
    assert status == 1
    assert "No such file or directory" in text


def test_a_runs_directory_will_do(tmp_path: Path) -> None:
    (tmp_path / "report.json").write_text(json.dumps(REPORT))
    done = CliRunner().invoke(command, [str(tmp_path)])
    assert (done.exit_code, "ok: guest" in done.output) == (0, True)


def test_without_a_run_the_remedy_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(command, [])
    assert done.exit_code == 1
    assert "run `hftos run` first" in done.output


@pytest.mark.parametrize("options", [[], ["--json"]])
@pytest.mark.parametrize("wrong", [[], {}, {"ok": True}, REPORT | {"books": 3}])
def test_something_else_is_named(tmp_path: Path, wrong: object, options: list[str]) -> None:
    status, text = show(tmp_path, wrong, *options)
    assert status == 1
    assert "not a report of hftos run" in text


def test_a_missing_file_is_named() -> None:
    done = CliRunner().invoke(command, ["nowhere.json"])
    assert done.exit_code == 1
    assert "nowhere.json does not exist" in done.output
