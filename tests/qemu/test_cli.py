"""`hftos run`: wrong options are explained before anything is started."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from image import build as builder
from qemu import cli
from qemu.cli import run
from qemu.lock import locked
from qemu.scenario import Scenario


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--seconds", "0"], "--seconds"),
        (["--loss-a", "1.5"], "0<=x<=1"),
        (["--loss-a", "0.7", "--loss-b", "0.7"], "more than 1 together"),
        (["--drop-both", "0"], "packet numbers from 1"),
        (["--drop-both", "5,x"], "packet numbers from 1"),
        (["--link", "moon:in:loss=1"], "'moon' is no port"),
        (["--seed", "-1"], "--seed"),
        (["--config", "/nonexistent.toml"], "does not exist"),
        (["--dir", __file__], "is a file"),
        (["--disk", "--append", "debug"], "leave out --config, --port and --append"),
        (["--disk", "--port", "dpdk"], "leave out --config, --port and --append"),
        (["--disk-bus", "nvme", "--append", "debug"], "leave out --config, --port and --append"),
        (["--disk-image", __file__, "--port", "dpdk"], "leave out --config, --port and --append"),
        (["--disk-image", "/nonexistent.img"], "does not exist"),
        (["--disk-bus", "floppy"], "'floppy' is not one of 'virtio', 'nvme', 'sata', 'usb'"),
        (["--profile", "moon"], "'moon' is not one of"),
        (["--nic", "rtl8139"], "'rtl8139' is not one of 'virtio', 'e1000e'"),
        (["--memory", "1"], "--memory"),
        (["--memory", "99999999"], "all the memory of this host"),
        (["--seconds", "nan"], "--seconds"),
        (["--seconds", "inf"], "--seconds"),
        (["--loss-a", "nan"], "--loss-a"),
        (["--rate", "nan"], "--rate"),
        (["--patience", "inf"], "--patience"),
        (["--link", "trader:in:down,from=2s,until=1s"], "until is not after from"),
        (["--append", "foo"], "'foo' is no kernel argument"),
        (["--append", "a=1 --"], "'--' is no kernel argument"),
    ],
)
def test_a_wrong_option_ends_with_2_and_a_reason(arguments: list[str], message: str) -> None:
    result = CliRunner().invoke(run, arguments)
    assert result.exit_code == 2
    assert message in result.output


def test_a_missing_image_is_explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "OUTPUT", tmp_path)
    result = CliRunner().invoke(run, ["--no-build", "--dir", str(tmp_path / "run")])
    assert result.exit_code == 1
    assert "has no vmlinuz" in result.output
    assert "(hftos image build)" in result.output


def test_the_image_of_another_profile_is_in_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(builder, "OUTPUT", tmp_path)
    result = CliRunner().invoke(run, ["--no-build", "--profile", "colo", "--dir", str(tmp_path / "run")])
    assert result.exit_code == 1
    assert f"{tmp_path / 'colo'} has no vmlinuz" in result.output
    assert "hftos image build --profile colo" in result.output


def test_a_wrong_configuration_is_explained_before_the_last_run_is_touched(tmp_path: Path) -> None:
    config, last = tmp_path / "my.toml", tmp_path / "run" / "report.json"
    config.write_text("[feed]\ngap_timeout_ms = -5\n")
    last.parent.mkdir()
    last.write_text("{}")
    result = CliRunner().invoke(run, ["--config", str(config), "--dir", str(last.parent)])
    assert result.exit_code == 2
    assert "feed.gap_timeout_ms = -5" in result.output
    assert last.read_text() == "{}"


def test_a_directory_in_use_is_left_alone(tmp_path: Path) -> None:
    last = tmp_path / "report.json"
    last.write_text("{}")
    with locked(tmp_path):
        result = CliRunner().invoke(run, ["--no-build", "--dir", str(tmp_path)])
    assert result.exit_code == 1
    assert f"in use by the run with pid {os.getpid()}" in result.output
    assert last.read_text() == "{}"


def test_a_folder_that_is_no_runs_is_refused_before_anything_is_built_or_removed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(builder, "build", lambda *_, **__: pytest.fail("built"))
    kept = [tmp_path / name for name in ("exchange/engine.py", "office/cli.py", "console.log")]
    for path in kept:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mine")
    result = CliRunner().invoke(run, ["--dir", str(tmp_path)])
    assert result.exit_code == 1
    assert f"{tmp_path} is no folder of a run, and not empty (console.log, exchange, office)" in result.output
    assert "give a new or an empty one as --dir" in result.output
    assert sorted(path for path in tmp_path.rglob("*") if path.is_file()) == sorted(kept)


def test_help_names_every_option() -> None:
    result = CliRunner().invoke(run, ["--help"])
    assert result.exit_code == 0
    for option in ("--seconds", "--json", "--disk", "--loss-a", "--drop-both", "--link", "--config", "--dir"):
        assert option in result.output


def test_a_report_that_cannot_be_written_is_shown_and_leaves_no_part_of_one(tmp_path: Path) -> None:
    (tmp_path / "report.json").symlink_to("/dev/full")
    report = {"ok": True, "reasons": ["something else went wrong"]}
    assert cli._written(report, Scenario(tmp_path)) is None
    assert report["ok"] is False
    assert report["reasons"] == [
        "something else went wrong",
        f"the report cannot be written into {tmp_path}: No space left on device; make room there, "
        "or give another --dir",
    ]
    assert list(tmp_path.iterdir()) == []
