"""The `hftos` program: every subcommand is there, has help, and a wrong name is told."""

import os
import re
import signal
import subprocess
import sys
import sysconfig
from pathlib import Path

import click
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


@click.command()
@click.argument("what")
def failing(what: str) -> None:
    """Ends as it is told."""
    if what == "file":
        Path("/nowhere/at all").read_bytes()
    if what == "text":
        "\u00dc".encode("ascii")
    if what == "much":
        for number in range(100_000):
            click.echo(number)
    if what == "bug":
        raise ZeroDivisionError
    click.echo("ready")
    signal.sigtimedwait([signal.SIGUSR1], 30)


PROGRAM = """
import sys; sys.path.insert(0, {folder!r})
from hftos.cli import SUBCOMMANDS, Subcommand, main
SUBCOMMANDS["failing"] = Subcommand("test_cli:failing", "Fails.")
main()
"""


def start(*arguments: str, **more: object) -> "subprocess.Popen[str]":
    code = PROGRAM.format(folder=str(Path(__file__).parent))
    command = [sys.executable, "-c", code, *arguments]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, cwd=Path(__file__).parents[2], **more)  # type: ignore[call-overload, no-any-return]


@pytest.mark.parametrize(
    ("what", "said"), [("file", "/nowhere/at all: No such file or directory"), ("text", "'ascii' codec can't encode")]
)
def test_what_the_system_refuses_is_one_line(what: str, said: str) -> None:
    program = start("failing", what)
    _, error = program.communicate(timeout=30)
    assert program.returncode == 1
    assert error.startswith(f"Error: {said}")
    assert error.count("\n") == 1


def test_a_bug_keeps_its_traceback() -> None:
    _, error = start("failing", "bug").communicate(timeout=30)
    assert "ZeroDivisionError" in error


@pytest.mark.parametrize("arguments", [["failing", "much"], ["--help"], ["image", "--help"]])
def test_a_full_output_is_one_line(arguments: list[str]) -> None:
    with Path("/dev/full").open("w") as full:
        program = start(*arguments, stdout=full)
        _, error = program.communicate(timeout=30)
    assert (program.returncode, error) == (1, "Error: No space left on device\n")


def test_a_closed_output_is_one_line() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    program = start("failing", "much", stdout=writer)
    os.close(writer)
    _, error = program.communicate(timeout=30)
    assert program.returncode == 1
    assert error.count("\n") == 1
    assert "Broken pipe" in error


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_have_their_status(number: signal.Signals, status: int) -> None:
    program = start("failing", "wait", stdout=subprocess.PIPE)
    assert program.stdout is not None
    assert program.stdout.readline() == "ready\n"
    program.send_signal(number)
    _, error = program.communicate(timeout=30)
    assert program.returncode == status
    assert "Traceback" not in error


def test_flashing_needs_no_packages_but_those_that_its_page_names(tmp_path: Path) -> None:
    """docs/server.md: what is installed in a rescue system. A folder stands for it that holds these alone."""
    root = Path(__file__).parents[2]
    named = re.findall(r"python3-(\w+)", (root / "docs/server.md").read_text(encoding="utf-8"))
    modules = {"pyelftools": "elftools", "kconfiglib": "kconfiglib.py"}
    for name in named:
        module = modules.get(name, name)
        (tmp_path / module).symlink_to(Path(sysconfig.get_path("purelib")) / module)
    command = [sys.executable, "-S", "-m", "hftos.cli", "flash", "--list"]
    environment = os.environ | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(command, env=environment, cwd=root, capture_output=True, text=True)
    assert (done.returncode, done.stderr, len(named)) == (0, "", 5)


@pytest.mark.parametrize("arguments", [["config", "check", "hftos.toml"], ["flash", "--list"]])
def test_what_an_operator_runs_as_root_waits_for_no_compiler(tmp_path: Path, arguments: list[str]) -> None:
    environment = os.environ | {"XDG_CACHE_HOME": str(tmp_path), "HFTOS_INTERPRETED": "0"}
    command = [sys.executable, "-m", "hftos.cli", *arguments]
    done = subprocess.run(command, env=environment, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert list(tmp_path.iterdir()) == []
