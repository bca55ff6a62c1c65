"""`hftos test`: the project's tests in two passes.

Unit tests share both cores; tests that boot the image run one after the other, because a guest whose trader
polls its CPU must not compete with other tests for it.
"""

import shlex
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from image import build as builder
from image import profile

ROOT = Path(__file__).resolve().parent.parent
EXIT_NO_TESTS = 5  # pytest's exit status when a selection is empty


@click.command(context_settings={"ignore_unknown_options": True})
@click.option("--unit", "which", flag_value="unit", help="Only the tests that need no image.")
@click.option("--e2e", "which", flag_value="e2e", help="Only the tests that boot the image.")
@click.argument("pytest_args", nargs=-1, type=click.UNPROCESSED)
def test(which: str | None, pytest_args: tuple[str, ...]) -> None:
    """Run linters, types, unit tests and the tests that boot the image; further arguments go to pytest."""
    passes = {"unit": ["-m", "not e2e", "-n", "2", "--dist", "worksteal"], "e2e": ["-m", "e2e", "-v"]}
    statuses = []
    for name, selection in passes.items():
        if which not in (None, name):
            continue
        if name == "e2e":  # here and not inside a test, where nobody would see its progress
            # A selection by path or name may need one image alone; a test that needs another one builds it.
            _build_images(profile.names() if not pytest_args else [builder.DEFAULT_PROFILE])
        click.echo(f"==> {name} tests", err=True)
        status = subprocess.call([sys.executable, "-m", "pytest", *selection, *pytest_args], cwd=ROOT)
        statuses.append(status)
    if pytest_args and set(statuses) != {EXIT_NO_TESTS}:
        # A selection by path or name may concern one of the two passes alone.
        statuses = [status for status in statuses if status != EXIT_NO_TESTS]
    elif pytest_args:
        click.echo(f"Error: {shlex.join(pytest_args)} selects no test: look whether a name has changed", err=True)
    sys.exit(next(filter(None, statuses), 0))


def _build_images(profiles: Sequence[str]) -> None:
    """Bring the images up to date; without them the tests of this pass have nothing to boot."""
    for name in profiles:
        click.echo(f"==> image of profile {name}", err=True)
        command = [sys.executable, "-m", "hftos.cli", "image", "build", "--profile", name]
        if status := subprocess.call(command, cwd=ROOT, stdout=sys.stderr):
            sys.exit(status)
