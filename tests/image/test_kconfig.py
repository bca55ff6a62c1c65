"""Requested equals effective, or the request is refused by name and with the reason: on a small Kconfig tree."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from image import kconfig

TREE = """\
mainmenu "small"

config MODULES
	bool "modules"
	modules

config NET
	bool "networking"
	default y

config INET
	bool "TCP/IP"
	depends on NET

config PACKET
	bool "packet sockets"
	depends on NET && !TINY

config TINY
	bool "tiny"

config DRIVER
	bool "driver"
	select LIBRARY

config LIBRARY
	bool "library"

config HELPER
	bool

config HIDDEN
	bool "hidden" if TINY

config ALWAYS
	def_bool y

config COUNT
	int "count"
	range 1 8
	default 4

config NAME
	string "name"

choice
	prompt "speed"
	default SLOW

config SLOW
	bool "slow"

config FAST
	bool "fast"

endchoice
"""


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "Kconfig").write_text(TREE)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("srctree", raising=False)
    return tmp_path


def effective(tree: Path, requests: dict[str, str]) -> dict[str, str]:
    config, refused = kconfig.merge(tree, requests)
    assert not refused
    return kconfig.parse(config)


def test_everything_that_can_be_off_is_off(tree: Path) -> None:
    assert effective(tree, {}) == {"ALWAYS": "y", "COUNT": "4", "NAME": '""', "SLOW": "y"}


def test_requests_take_effect(tree: Path) -> None:
    requests = {"NET": "y", "INET": "y", "FAST": "y", "COUNT": "8", "NAME": '"-x"', "TINY": "n"}
    config = effective(tree, requests)
    assert config == {"ALWAYS": "y", "NET": "y", "INET": "y", "COUNT": "8", "NAME": '"-x"', "FAST": "y"}
    assert not kconfig.check("\n".join(f"CONFIG_{n}={v}" for n, v in config.items()), requests)


def test_tinyconfigs_own_fragments_are_the_start(tree: Path) -> None:
    (tree / "kernel/configs").mkdir(parents=True)
    (tree / "kernel/configs/tiny.config").write_text("CONFIG_TINY=y\n")
    assert effective(tree, {})["TINY"] == "y"
    assert "TINY" not in effective(tree, {"TINY": "n"})


@pytest.mark.parametrize(
    ("requests", "name", "reason"),
    [
        ({"INET": "y"}, "INET", "requested y, effective n; unmet dependency: NET (NET=n)"),
        (
            {"NET": "y", "TINY": "y", "PACKET": "y"},
            "PACKET",
            "requested y, effective n; unmet dependency: !TINY (TINY=y)",
        ),
        ({"DRIVER": "y", "LIBRARY": "n"}, "LIBRARY", "requested n, effective y; selected by DRIVER"),
        ({"ALWAYS": "n"}, "ALWAYS", "requested n, effective y; selected by its own default"),
        ({"HELPER": "y"}, "HELPER", "requested y, effective n; it has no prompt: only another symbol can select it"),
        ({"HIDDEN": "y"}, "HIDDEN", "requested y, effective n; its prompt is hidden: TINY (TINY=n)"),
        ({"FAST": "y", "SLOW": "y"}, "FAST", "requested y, effective n; its choice took SLOW"),
        ({"COUNT": "9"}, "COUNT", "requested 9, effective 4"),
        ({"GONE": "y"}, "GONE", "no such symbol in this kernel"),
    ],
)
def test_what_does_not_take_effect_is_refused(tree: Path, requests: dict[str, str], name: str, reason: str) -> None:
    _, refused = kconfig.merge(tree, requests)
    assert refused == {name: reason}


def test_a_symbol_that_is_gone_may_be_off(tree: Path) -> None:
    assert kconfig.merge(tree, {"GONE": "n"})[1] == {}


def test_the_check_against_the_kernels_own_tool() -> None:
    config = "CONFIG_A=y\n# CONFIG_B is not set\nCONFIG_C=7\n"
    assert kconfig.check(config, {"A": "y", "B": "n", "C": "7"}) == {}
    assert kconfig.check(config, {"B": "y", "C": "8"}) == {
        "B": "requested y, the kernel's own tool made it n",
        "C": "requested 8, the kernel's own tool made it 7",
    }


def test_as_a_program(tree: Path) -> None:
    (tree / "requests.json").write_text(json.dumps({"INET": "y", "FAST": "y"}))
    command = [sys.executable, kconfig.__file__, "requests.json", "config", "refused.json"]
    assert subprocess.run(command, cwd=tree, check=False).returncode == 1
    assert list(json.loads((tree / "refused.json").read_text())) == ["INET"]
    assert "CONFIG_FAST=y" in (tree / "config").read_text()
