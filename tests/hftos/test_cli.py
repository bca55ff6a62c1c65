"""The `hftos` program: every subcommand is there, has help, and a wrong name is told."""

import pytest
from click.testing import CliRunner

from hftos.cli import SUBCOMMANDS, main


def test_help_lists_every_subcommand_with_its_summary() -> None:
    result = CliRunner().invoke(main, ["--help"])
    assert result.exit_code == 0
    for name, entry in SUBCOMMANDS.items():
        assert name in result.output
        assert entry.summary in result.output


@pytest.mark.parametrize("name", SUBCOMMANDS)
def test_every_subcommand_loads_and_has_help(name: str) -> None:
    result = CliRunner().invoke(main, [name, "--help"])
    assert result.exit_code == 0, result.output
    assert "Usage:" in result.output


def test_unknown_subcommand_is_named() -> None:
    result = CliRunner().invoke(main, ["exchnage"])
    assert result.exit_code == 2
    assert "exchnage" in result.output
