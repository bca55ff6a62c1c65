"""What comes out of the menus are rows to paste; the menus themselves are played in tests/e2e."""

import json
import tomllib
from pathlib import Path

import pytest
from click.testing import CliRunner

from image import cli, menuconfig_cli
from image.errors import ConfigRefusedError
from image.profile import Profile, Symbol

CHOSEN = Profile("p", "s", (Symbol("HZ_100", "y", "few ticks", "time"),), (), ())


def test_new_symbols_are_rows_with_an_empty_reason() -> None:
    text = menuconfig_cli.rows({"NVME": "y", "NAME": '"a \\"b\\""'}, CHOSEN)
    parsed = tomllib.loads(f"symbols = [\n{text}\n]".replace('\\\\"', '\\\\\\"'))
    assert parsed["symbols"][0] == {"symbol": "NVME", "value": "y", "why": ""}
    assert parsed["symbols"][1]["symbol"] == "NAME"


def test_a_symbol_that_has_a_row_is_named_with_its_file_and_reason() -> None:
    assert menuconfig_cli.rows({"HZ_100": "n"}, CHOSEN).splitlines() == [
        "# HZ_100 is in time.toml with y (few ticks); change that row:",
        '  { symbol = "HZ_100", value = "n", why = "" },',
    ]


@pytest.mark.parametrize("nothing", [None, {}])
def test_nothing_changed_is_said(nothing: dict[str, str] | None) -> None:
    assert menuconfig_cli.rows(nothing, CHOSEN) == "nothing was changed"


def test_without_a_terminal_the_remedy_is_named() -> None:
    result = CliRunner().invoke(cli.image, ["menuconfig"])
    assert result.exit_code == 1
    assert "the menus need a terminal" in result.stderr


def test_rows_that_do_not_give_what_was_saved_are_an_error(tmp_path: Path) -> None:
    answer = tmp_path / "changes.json"
    answer.write_text(json.dumps({"wanted": {"A": "y"}, "refused": {"A": "unmet dependency: B"}, "missed": {}}))
    with pytest.raises(ConfigRefusedError, match="A: unmet dependency: B"):
        menuconfig_cli._changes(answer)
    answer.write_text(json.dumps({"wanted": {"A": "y"}, "refused": {}, "missed": {}}))
    assert menuconfig_cli._changes(answer) == {"A": "y"}


def test_a_terminal_that_the_build_root_does_not_know_is_played_as_a_common_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "usr/share/terminfo/l").mkdir(parents=True)
    (tmp_path / "usr/share/terminfo/l/linux").touch()
    found = {}
    for name in ("linux", "newest-terminal", ""):
        monkeypatch.setenv("TERM", name)
        found[name] = menuconfig_cli.terminal(tmp_path)
    assert found == {"linux": "linux", "newest-terminal": "xterm", "": "xterm"}
