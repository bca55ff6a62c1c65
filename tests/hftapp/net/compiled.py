"""Compiled network modules for a process of its own, which imports this one first (a program, or `pytest -p`) and has
HFTOS_TEST_COMPILED in its environment.

The other tests of this process are interpreted, and a module cannot be both.
"""

import importlib.machinery
import importlib.util
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from hftos.compiling import build
from image import cache

ROOT = Path(__file__).resolve().parents[3]
NETWORK = (
    "hftapp.clock",
    "hftapp.nic.port",
    "hftapp.nic.counted",
    "hftapp.nic.frame_ring",
    "hftapp.nic.memory",
    "hftapp.channel",
    "hftapp.net.counters",
    "hftapp.net.outbox",
    "hftapp.net.path",
    "hftapp.net.tcp_rto",
    "hftapp.net.tcp_congestion",
    "hftapp.net.tcp_keepalive",
    "hftapp.net.tcp_segment",
    "hftapp.net.tcp_reassembly",
    "hftapp.net.tcp_receiver",
    "hftapp.net.tcp_sender",
    "hftapp.net.tcp_machine",
    "hftapp.net.tcp",
    "hftapp.net.flows",
    "hftapp.net.stack",
    "hftapp.wire",
    "hftapp.socket_wire",
)
"""What the tests of the stack import, in an order in which they compile."""

HELPERS = ("tests.hftapp.net.guarded", "tests.hftapp.net.order_source")


class Finder:
    """Serves the given objects, and nothing else compiled."""

    def __init__(self, objects: Mapping[str, Path]) -> None:
        self._objects = objects

    def find_spec(
        self, fullname: str, path: Sequence[str] | None = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        del path, target
        found = self._objects.get(fullname)
        if found is None:
            return None
        loader = importlib.machinery.ExtensionFileLoader(fullname, str(found))
        return importlib.util.spec_from_file_location(fullname, found, loader=loader)


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def objects(*more: str) -> dict[str, Path]:
    """Compile what has changed; more modules come behind those of the network."""
    return build.build(ROOT, [*NETWORK, *more], _to_stderr, folder=cache.root())


def install(*more: str) -> None:
    """Import these modules compiled from now on; none may be there already."""
    found = objects(*more)
    early = sorted(set(found) & set(sys.modules))
    if early:
        raise RuntimeError(f"imported before they were compiled: {early}")
    sys.meta_path.insert(0, Finder(found))


SWITCH = "HFTOS_TEST_COMPILED"
if os.environ.get(SWITCH):
    install(*HELPERS)


def pytest_sessionfinish() -> None:
    """None of them may have been interpreted after all."""
    for name in (*NETWORK, *HELPERS):
        module = sys.modules.get(name)
        if module is not None and not str(module.__file__).endswith(".so"):
            raise RuntimeError(f"{name} was interpreted: {module.__file__}")
