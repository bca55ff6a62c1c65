"""A Python process with compiled modules: only compiled can the trader be silent, and both ways must do the same."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from hftos.compiling import build
from image import cache

ROOT = Path(__file__).resolve().parents[2]
MODULES = (
    "hftapp.book.books",
    "hftapp.book.depth",
    "hftapp.book.levels",
    "hftapp.book.order_table",
    "hftapp.book.stocks",
    "hftapp.clock",
    "hftapp.feed.handler",
    "hftapp.feed.itch_rules",
    "hftapp.histogram",
    "hftapp.probe.gaps",
    "hftapp.ring",
    "hftapp.silence.heap",
    "hftapp.silence.trap",
    "hftapp.trader.board",
    "hftapp.trader.instrument",
    "hftapp.trader.market",
    "hftapp.trader.order",
    "hftapp.trader.venue_market",
)
START = """
import importlib.machinery, importlib.util, json, sys

class Finder:
    found = json.loads(sys.argv[1])

    def find_spec(self, name, path=None, target=None):
        if name not in self.found:
            return None
        loader = importlib.machinery.ExtensionFileLoader(name, self.found[name])
        return importlib.util.spec_from_file_location(name, self.found[name], loader=loader)

sys.meta_path.insert(0, Finder())
"""
Run = Callable[[str], "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="session")
def compiled() -> dict[str, Path]:
    """The extension modules by name, from the cache where it has them."""
    return build.build(ROOT, MODULES, lambda _line: None, folder=cache.root())


@pytest.fixture
def run_compiled(compiled: dict[str, Path], tmp_path: Path) -> Run:
    """Runs a program whose imports of these modules are compiled."""

    def run(program: str) -> "subprocess.CompletedProcess[str]":
        file = tmp_path / "program.py"
        file.write_text(START + program, encoding="utf-8")
        objects = json.dumps({name: str(path) for name, path in compiled.items()})
        command = [sys.executable, str(file), objects]
        return subprocess.run(
            command, cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=60, check=False
        )

    return run
