"""`hftos run`: wrong options are explained before anything is started."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from image import build as builder
from qemu.cli import run


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
        (["--disk", "--append", "debug"], "leave out --config and --append"),
        (["--memory", "1"], "--memory"),
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
    assert "hftos image build" in result.output


def test_help_names_every_option() -> None:
    result = CliRunner().invoke(run, ["--help"])
    assert result.exit_code == 0
    for option in ("--seconds", "--json", "--disk", "--loss-a", "--drop-both", "--link", "--config", "--dir"):
        assert option in result.output
