"""Boots the real image through `hftos run`, as a user would."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from image import build as builder
from qemu import accel

ROOT = Path(__file__).resolve().parents[2]
RUN_SECONDS = 300


@dataclass(frozen=True)
class Run:
    """A finished `hftos run`: exit status, report, what it said on standard error, its directory."""

    status: int
    report: dict[str, Any]
    progress: str
    directory: Path

    def explain(self) -> str:
        """Why it is not as it should be, for an assertion's message."""
        return json.dumps({name: self.report.get(name) for name in ("reasons", "differences", "console")}, indent=1)


Boot = Callable[..., Run]


@pytest.fixture(scope="session")
def built() -> builder.Built:
    """The image, built if something is missing."""
    return builder.build()


@pytest.fixture(scope="session")
def colo() -> builder.Built:
    """The image of a trading server."""
    return builder.build("colo")


@pytest.fixture(scope="session")
def accelerator(built: builder.Built) -> accel.Accelerator:
    """The accelerator, probed once for all runs."""
    return accel.find(built.kernel)


@pytest.fixture(scope="session")
def boot(accelerator: accel.Accelerator, tmp_path_factory: pytest.TempPathFactory) -> Boot:
    """Runs `hftos run` on the built image with more options."""

    def run(*options: str) -> Run:
        directory = tmp_path_factory.mktemp("run")
        command = [sys.executable, "-m", "hftos.cli", "run", "--no-build", "--json", "--dir", str(directory)]
        done = subprocess.run(
            [*command, *options],
            cwd=ROOT,
            env=os.environ | {accel.OVERRIDE: accelerator.name},
            capture_output=True,
            text=True,
            timeout=RUN_SECONDS,
        )
        assert done.stdout, done.stderr
        return Run(done.returncode, json.loads(done.stdout), done.stderr, directory)

    return run
